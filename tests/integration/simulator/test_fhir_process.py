"""The FHIR server as a process, spoken to over HTTP as a connector would."""

import os
import socket
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.simulator import fhir_process
from ops.simulator.fhir_store import FhirStore
from ops.simulator.health_records import Version

DAY = date(2026, 9, 1)


def version(id_: str, number: int, instant: str, deleted: bool = False) -> Version:
    body = None if deleted else {"resourceType": "Patient", "birthDate": "1997-11-02"}
    return Version(DAY, "Patient", id_, number, body, None, f"2026-09-01T{instant}.000Z")


class Client:
    """A patient client: waits when told to, but remembers that it was."""

    def __init__(self, server: fhir_process.FhirServer, home: Path) -> None:
        self.http = httpx.Client(base_url=server.url)
        self.secret = fhir_process.client_secret_file(home).read_text()
        self.token = ""
        self.statuses: list[int] = []

    def log_in(self, secret: str | None = None) -> httpx.Response:
        form = {"grant_type": "client_credentials"}
        answer = self.http.post("/token", data=form, auth=("hub", secret or self.secret))
        self.token = answer.json().get("access_token", "")
        return answer

    def get(self, address: str) -> httpx.Response:
        while True:
            headers = {"Authorization": f"Bearer {self.token}"}
            answer = self.http.get(address, headers=headers)
            self.statuses.append(answer.status_code)
            if answer.status_code not in {429, 503}:
                return answer
            assert int(answer.headers["Retry-After"]) >= 1  # counted, not waited for


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    fhir_process.stop(tmp_path)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def store(home: Path) -> Iterator[FhirStore]:
    store = FhirStore(home / "simulator" / "fhir.sqlite")
    store.load([version(f"p{n:03d}", 1, f"06:00:{n // 4:02d}") for n in range(40)])
    yield store
    store.close()


@pytest.fixture
def client(home: Path, port: int, store: FhirStore) -> Iterator[Client]:
    client = Client(fhir_process.start(home, port, seed=2), home)
    client.log_in()
    yield client
    client.http.close()


def ids(bundle: Any) -> list[str]:
    return [entry["fullUrl"].rsplit("/", 1)[1] for entry in bundle["entry"]]


def next_of(bundle: Any) -> str | None:
    return next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)


def test_history_is_newest_first_and_complete_page_by_page(client: Client) -> None:
    found: list[str] = []
    instants: list[str] = []
    address: str | None = "/fhir/_history?_count=7"
    while address:
        bundle = client.get(address).json()
        assert bundle["type"] == "history"
        assert len(bundle["entry"]) <= 7
        found += ids(bundle)
        instants += [entry["response"]["lastModified"] for entry in bundle["entry"]]
        address = next_of(bundle)

    assert found == [f"p{n:03d}" for n in reversed(range(40))]
    assert instants == sorted(instants, reverse=True)
    assert len(set(instants)) == 10


def test_since_is_inclusive(client: Client) -> None:
    bundle = client.get("/fhir/_history?_since=2026-09-01T06:00:09.000Z").json()

    assert ids(bundle) == ["p039", "p038", "p037", "p036"]


def test_a_write_between_two_pages_shifts_the_second(client: Client, store: FhirStore) -> None:
    first = client.get("/fhir/_history?_count=5").json()
    store.load([version("late", 1, "07:00:00"), version("later", 1, "07:00:00")])

    second = client.get(str(next_of(first))).json()

    assert ids(second)[:2] == ids(first)[-2:]
    assert "late" not in ids(second)


def test_a_deleted_resource_is_gone_and_its_history_is_not(
    client: Client, store: FhirStore
) -> None:
    store.load([version("p007", 2, "08:00:00", deleted=True)])

    assert client.get("/fhir/Patient/p007").status_code == 410
    assert client.get("/fhir/Patient/p008").json()["meta"]["versionId"] == "1"
    assert client.get("/fhir/Patient/nobody").status_code == 404
    newest = client.get("/fhir/_history?_count=1").json()["entry"][0]
    assert newest["request"] == {"method": "DELETE", "url": "Patient/p007"}
    assert newest["response"]["etag"] == 'W/"2"'
    assert "resource" not in newest


def test_without_a_good_token_nothing_is_shown(client: Client) -> None:
    client.token = "made up"
    assert client.get("/fhir/_history").status_code == 401
    assert client.log_in("wrong secret").status_code == 401
    assert client.log_in().json()["token_type"] == "Bearer"
    assert client.get("/fhir/_history").status_code == 200


def test_some_requests_are_refused_for_a_while(client: Client) -> None:
    for _ in range(150):
        client.get("/fhir/_history?_count=1")

    assert {200, 429, 503} == set(client.statuses)


def test_a_link_that_the_server_did_not_write_is_refused(client: Client) -> None:
    assert client.get("/fhir/_history?page=2").status_code == 400


def test_tokens_expire(home: Path, port: int, store: FhirStore) -> None:
    client = Client(fhir_process.start(home, port, token_seconds=0), home)
    client.log_in()

    assert client.get("/fhir/_history").status_code == 401
    client.http.close()


def test_the_server_is_restarted_with_all_it_knew(home: Path, port: int, client: Client) -> None:
    first = client.get("/fhir/_history?_count=40").json()

    again = fhir_process.start(home, port)
    assert fhir_process.stop(home)
    assert not fhir_process.stop(home)
    restarted = fhir_process.start(home, port)

    assert again.pid != restarted.pid
    assert client.get("/fhir/_history").status_code == 401  # tokens are forgotten
    client.log_in()
    assert client.get("/fhir/_history?_count=40").json() == first


def test_it_listens_on_the_loopback_address_only(client: Client, port: int) -> None:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]

    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_a_taken_port_is_told_of(home: Path, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(fhir_process.FhirServerError, match=r"fhir\.log"):
            fhir_process.start(home, port)


def test_a_stranger_with_the_recorded_pid_is_left_alone(home: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    record = home / "simulator" / "fhir.process.json"
    record.parent.mkdir()
    record.write_text(f'{{"pid": {stranger.pid}, "started": "1", "port": 1}}')

    stopped = fhir_process.stop(home)

    assert not stopped
    assert stranger.poll() is None
    os.kill(stranger.pid, 9)
    stranger.wait()
