"""Who sends nonsense, or sends slowly, holds up nobody else."""

from __future__ import annotations

import io
import json
import logging
import socket

import pytest

from ops.logs import SafeFormatter
from ops.run import serve
from projections.http import front
from schemas.ids import text
from tests.integration.api.conftest import PINFL, World, serving
from tests.integration.assessment.country import person

OLD = text(person("1old"))
NEEDS = f"/v1/persons/{OLD}/needs"


def test_a_place_that_sends_many_bad_tokens_waits_and_good_ones_pass(world: World) -> None:
    bad = {"Authorization": "Bearer nonsense"}
    with serving(world.settings, sources="3/hour") as http:
        answers = [http.get(NEEDS, headers=bad) for _ in range(5)]
        unseen = world.asking("social").headers()  # a good token of the same place, never sent yet
        passed = http.get(NEEDS, headers=unseen)

    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert passed.status_code == 200
    last = answers[-1]
    assert last.json()["type"] == "/problems/rate-limited"
    assert int(last.headers["retry-after"]) >= 1
    on_record = [(kind, leaf["rule"], leaf["status"]) for kind, leaf in world.leaves(*answers)]
    assert (
        on_record
        == [("refusal", "token_malformed", 401)] * 3 + [("refusal", "token_malformed", 429)] * 2
    )


@pytest.mark.parametrize("sent", ["nothing", "half a head", "a second head", "half a body"])
def test_who_sends_slowly_is_cut_off_and_holds_up_nobody(
    shared: World, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    monkeypatch.setattr(serve, "_HEAD_SECONDS", 0.5)
    monkeypatch.setattr(front, "_BODY_SECONDS", 0.5)
    token = shared.asking("social").headers()["Authorization"]
    whole = b"GET /v1/health HTTP/1.1\r\nHost: hub\r\n\r\n"
    head = f"POST /v1/persons/lookup HTTP/1.1\r\nHost: hub\r\nAuthorization: {token}\r\n"
    parts = {
        "nothing": b"",
        "half a head": whole[:-4],
        "a second head": whole,
        "half a body": head.encode() + b"Content-Length: 20\r\n\r\n{",
    }
    with serving(shared.settings) as http:
        place = (http.base_url.host, http.base_url.port)
        slow = [socket.create_connection(place, timeout=20) for _ in range(30)]
        for one in slow:
            one.sendall(parts[sent])
            if sent == "a second head":
                assert one.recv(65_536).startswith(b"HTTP/1.1 200 ")
                one.sendall(whole[:-4])
        answer = http.get(NEEDS, headers=shared.asking("social").headers())
        ends = [_until_the_end(one) for one in slow]

    assert answer.status_code == 200
    if sent == "half a body":
        assert all(end.startswith(b"HTTP/1.1 408 ") for end in ends)
    elif sent != "a second head":
        assert set(ends) == {b""}


def _until_the_end(one: socket.socket) -> bytes:
    """Read until the other side closes; it must, or this raises ``TimeoutError``."""
    read = b""
    with one:
        while part := one.recv(65_536):
            read += part
    return read


def test_a_fault_is_in_the_log_by_its_place_and_without_a_value(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"of {PINFL}")

    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(SafeFormatter("api"))
    monkeypatch.setattr("ops.run.api.identify", broken)
    logging.getLogger().addHandler(handler)
    try:
        headers = shared.asking("social").headers()
        with serving(shared.settings) as http:  # its end: by then the line is written
            answer = http.post("/v1/persons/lookup", json={"pinfl": PINFL}, headers=headers)
    finally:
        logging.getLogger().removeHandler(handler)

    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/fault")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (fault,) = [line for line in lines if line["message"] == "request_failed"]
    assert fault["error"]["type"] == "builtins.RuntimeError"
    assert any("test_holding_up.py" in place for place in fault["error"]["place"])
    for value in (PINFL, OLD, "RuntimeError(", "Bearer"):
        assert value not in answer.text + written.getvalue()
