"""The API over real HTTP, on real tables."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from rich.console import Console

from ops.keystore import open_keystore
from ops.person_view import render
from ops.run.api import identify, queries, run
from ops.settings import Settings, create_secrets
from projections.keystore import initialise
from projections.migrations import migrate
from projections.needs_store import NeedsStore, connect
from schemas.errors import PermanentError
from schemas.ids import text
from streams.assessor import Assessor
from streams.rules.uz import PACK
from tests.integration.assessment.country import NOW, ON, PARTITIONS, Country, person

PINFL = "30211975910033"  # the published example


@pytest.fixture
def settings(database: str, free_settings: Settings) -> Settings:
    create_secrets(free_settings.home / "secrets")
    migrate(database)
    initialise(database)
    return replace(free_settings, hub_dsn_override=database, keys_dsn_override=database)


@pytest.fixture
def country(settings: Settings) -> Iterator[Country]:
    """One disabled person under the example PINFL's id, and one lonely pensioner."""
    keystore = open_keystore(settings)
    made = Country(settings.hub_dsn, keystore)
    with closing(keystore), closing(made.connection), closing(connect(settings.hub_dsn)) as hub:
        made.complete()
        made.born("1old", "1950-01-01", "M")
        made.lives("1old", "cottage")
        made.disabled("1old", 2, until="2027-01-01")
        made.state("alias", (identify_name(settings), "linked_to", {"person": "1old"}))
        made.connection.execute(
            "INSERT INTO live.progress VALUES"
            " ('registry.civil.events.v1', 0, 'c', 't', 9, 1, 9, 0, 7),"
            " ('registry.civil.events.v1', 1, 'c', 't', 9, 1, 9, 0, 7)"
        )
        keys = settings.keys
        Assessor(NeedsStore(hub), keystore, keys, PACK, PARTITIONS).assess_batch(ON, NOW)
        yield made


def identify_name(settings: Settings) -> str:
    """Not a name but the id itself: see ``Country``."""
    return "=" + text(identify(settings, PINFL))


@pytest.fixture
def api(settings: Settings, country: Country) -> Iterator[httpx.Client]:
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    with httpx.Client(base_url=settings.api_url, timeout=10) as client:
        for _ in range(200):
            try:
                client.get("/v1/health")
                break
            except httpx.ConnectError:
                threading.Event().wait(0.05)
        yield client
    stop.set()
    thread.join()


def leaves(country: Country) -> list[tuple[str, dict[str, str]]]:
    return country.connection.execute(
        "SELECT kind, body FROM kept.audit_leaves WHERE kind <> 'decision' ORDER BY id"
    ).fetchall()


def test_from_a_national_number_to_needs_with_reasons(api: httpx.Client, country: Country) -> None:
    found = api.post("/v1/persons/lookup", json={"pinfl": PINFL}).json()
    answer = api.get(f"/v1/persons/{found['person']}/needs").json()

    assert found["is_known"] is True
    assert answer["person"] == text(person("1old"))
    assert {need["kind"] for need in answer["needs"]} == {
        "disability_support",
        "lonely_care",
        "family_state_supported",
        "material_assistance",
    }
    lonely = next(need for need in answer["needs"] if need["kind"] == "lonely_care")
    assert lonely["reason"]["law"] == "Cabinet Resolution 119 (23 Mar 2023)"
    assert lonely["reason"]["parts"][0]["parts"][1]["value"] == 2
    assert {row["states"] for row in answer["evidence"]} == {"person", "residence", "disability"}
    assert answer["household"]["members"] == [answer["person"]]
    assert answer["freshness"]["civil"]["complete_through"] == "2026-02-28"
    assert answer["freshness"]["civil"]["events"] == 14
    assert answer["freshness"]["tax"] == {
        "complete_through": None,
        "last_stored_at": None,
        "events": 0,
    }


def test_all_ids_of_a_person(api: httpx.Client, country: Country) -> None:
    answer = api.get(f"/v1/persons/{text(person('1old'))}/identities").json()

    assert [row["id"] for row in answer["identities"]] == [text(person("1old"))]
    leaves = country.connection.execute("SELECT body FROM kept.audit_leaves WHERE kind = 'read'")
    assert [body["what"] for (body,) in leaves.fetchall()] == ["identities"]
    assert api.get(f"/v1/persons/{text(b'n' * 16)}/identities").status_code == 404


def test_every_read_and_refusal_is_on_record(api: httpx.Client, country: Country) -> None:
    found = api.post("/v1/persons/lookup", json={"pinfl": PINFL}).json()
    api.get(f"/v1/persons/{found['person']}/needs")
    api.get(f"/v1/persons/{text(b'n' * 16)}/needs")
    api.post("/v1/persons/lookup", json={"pinfl": "30211975910034"})

    about = {"reader": "api", "purpose": "unspecified"}
    said = about | {"what": "needs", "mode": "said"}
    written = leaves(country)
    moments = [body.pop("known_at") for _, body in written if body["what"] == "needs"]
    assert moments == sorted(moments)
    assert written == [
        ("read", about | {"what": "lookup", "person": found["person"]}),
        ("read", said | {"person": text(person("1old"))}),
        ("read", said | {"person": text(b"n" * 16)}),
        ("refusal", about | {"what": "lookup", "rule": "pinfl_check_digit"}),
    ]


@pytest.mark.parametrize(
    ("request_", "status", "name"),
    [
        (("POST", "/v1/persons/lookup", b'{"pinfl": "30211975910034"}'), 422, "pinfl-invalid"),
        (("POST", "/v1/persons/lookup", b'{"pinfl": 30211975910033}'), 422, "invalid-request"),
        (("POST", "/v1/persons/lookup", b'{"pinfl'), 422, "invalid-request"),
        (("POST", "/v1/persons/lookup", b'{"pinfl": "%s"}' % (b"1" * 5000)), 413, "too-large"),
        (("GET", "/v1/persons/30211975910033/needs", None), 422, "invalid-request"),
        (("GET", f"/v1/persons/{text(b'n' * 16)}/needs", None), 404, "person-unknown"),
        (("GET", "/v1/persons/lookup", None), 405, "method-not-allowed"),
        (("GET", "/v2", None), 404, "not-found"),
    ],
)
def test_errors_are_problems_and_repeat_nothing(
    api: httpx.Client, request_: tuple[str, str, bytes | None], status: int, name: str
) -> None:
    method, path, body = request_
    answer = api.request(method, path, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:registry-hub:problem:{name}"
    assert "3021197591003" not in answer.text


def test_a_large_body_without_length_is_refused(api: httpx.Client) -> None:
    answer = api.post("/v1/persons/lookup", content=(b"x" * 1000 for _ in range(10)))

    assert answer.status_code == 413


def test_the_leaf_is_committed_before_the_answer(api: httpx.Client, country: Country) -> None:
    """Without a place for the leaf there is no answer."""
    country.connection.execute("ALTER TABLE kept.audit_leaves RENAME TO away")

    answer = api.post("/v1/persons/lookup", json={"pinfl": PINFL})

    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:registry-hub:problem:fault"


def test_an_erased_person_has_needs_but_no_reasons(api: httpx.Client, country: Country) -> None:
    country.connection.execute("UPDATE sealing_keys SET state = 'erased', wrapped = NULL")

    answer = api.get(f"/v1/persons/{text(person('1old'))}/needs").json()

    assert len(answer["needs"]) == 4
    assert all(need["reason"] == {"redacted": True} for need in answer["needs"])


def test_a_taken_port_is_said(settings: Settings, api: httpx.Client) -> None:
    with pytest.raises(PermanentError, match="taken"):
        run(settings, threading.Event())


def test_the_answer_can_be_read_by_people(settings: Settings, country: Country) -> None:
    page = io.StringIO()
    with queries(settings) as answers:
        render(
            answers.needs(UUID(bytes=identify(settings, PINFL)), "hub person show"),
            Console(file=page, width=200),
        )

    shown = page.getvalue()
    assert "lonely_care since 2026-03-10 (immediate)" in shown
    assert "✓ grave disability: 2" in shown
    assert "420,000 soum a month" in shown
    assert "2026-02-28" in shown
    assert PINFL not in shown
