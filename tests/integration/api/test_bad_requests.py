"""Whatever is sent: a clear problem, one leaf, and nothing of what was sent is repeated."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from schemas.ids import text
from tests.integration.api.conftest import PINFL, World, serving
from tests.integration.assessment.country import person

OLD = text(person("1old"))
CANARY = "canary4711"
NEEDS = f"/v1/persons/{OLD}/needs"
FULLWIDTH = "%EF%BC%93" * 14  # digits to a person, none to us

LOOKUP = "/v1/persons/lookup"
RESENDS = "/v1/feed/resends"
WRONG_BODY = "invalid-request"
OTHER = f"/v1/persons/{FULLWIDTH}/needs"
WRONG: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    # name: method, path, what of httpx, status, problem
    "a number in the path": ("GET", f"/v1/persons/{PINFL}/needs", {}, 400, "number-in-url"),
    "a number encoded": ("GET", "/v1/persons/3021197591%30033/needs", {}, 400, "number-in-url"),
    "encoded twice": ("GET", "/v1/persons/3021197591003%2533/needs", {}, 400, "number-in-url"),
    "a number with spaces": ("GET", NEEDS + "?x=3+0211975+910033", {}, 400, "number-in-url"),
    "a number as a name": ("GET", f"{NEEDS}?{PINFL}=1", {}, 400, "number-in-url"),
    "digits of another script": (
        "GET",
        f"/v1/persons/{FULLWIDTH}/needs",
        {},
        422,
        "invalid-request",
    ),
    "not a PINFL": (
        "POST",
        "/v1/persons/lookup",
        {"json": {"pinfl": "1" * 13}},
        422,
        "pinfl-invalid",
    ),
    "its check digit": (
        "POST",
        "/v1/persons/lookup",
        {"json": {"pinfl": "30211975910034"}},
        422,
        "pinfl-invalid",
    ),
    "a number as a number": (
        "POST",
        "/v1/persons/lookup",
        {"json": {"pinfl": int(PINFL)}},
        422,
        "invalid-request",
    ),
    "mass assignment": (
        "POST",
        "/v1/persons/lookup",
        {"json": {"pinfl": PINFL, "agency": CANARY}},
        422,
        "invalid-request",
    ),
    "a field by a number": (
        "POST",
        "/v1/persons/lookup",
        {"json": {"pinfl": PINFL, PINFL: True}},
        422,
        "invalid-request",
    ),
    "a member twice": (
        "POST",
        LOOKUP,
        {"content": f'{{"pinfl": "{CANARY}", "pinfl": "{PINFL}"}}'},
        422,
        "invalid-request",
    ),
    "UTF-16": (
        "POST",
        LOOKUP,
        {"content": json.dumps({"pinfl": PINFL}).encode("utf-16")},
        422,
        "invalid-request",
    ),
    "no UTF-8": ("POST", LOOKUP, {"content": b'{"pinfl": "\xff"}'}, 422, "invalid-request"),
    "half a character": (
        "POST",
        LOOKUP,
        {"content": b'{"pinfl": "' + rb"\ud800" * 14 + b'"}'},
        422,
        "invalid-request",
    ),
    "a NUL in it": ("POST", LOOKUP, {"content": b'{"pinfl": "\\u0000"}'}, 422, "pinfl-invalid"),
    "not a number": ("POST", RESENDS, {"content": b'{"first": NaN, "last": 2}'}, 422, WRONG_BODY),
    "infinity": ("POST", RESENDS, {"content": b'{"first": 1, "last": 1e400}'}, 422, WRONG_BODY),
    "true for one": ("POST", RESENDS, {"json": {"first": True, "last": 2}}, 422, WRONG_BODY),
    "below one": ("POST", RESENDS, {"json": {"first": 0, "last": 2}}, 422, WRONG_BODY),
    "65 bits": ("POST", RESENDS, {"json": {"first": 1, "last": 2**64}}, 422, WRONG_BODY),
    "another type of body": (
        "POST",
        LOOKUP,
        {
            "data": {"pinfl": PINFL},
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        422,
        "invalid-request",
    ),
    "half a JSON": ("POST", "/v1/persons/lookup", {"content": b'{"pinfl'}, 422, "invalid-request"),
    "depth": (
        "POST",
        "/v1/persons/lookup",
        {"content": b"[" * 2000 + b"]" * 2000},
        422,
        "invalid-request",
    ),
    "a large body": ("POST", "/v1/persons/lookup", {"content": b"x" * 5000}, 413, "too-large"),
    "SQL in an id": ("GET", "/v1/persons/1'%20OR%20'1'='1/needs", {}, 422, "invalid-request"),
    "a way up": ("GET", "/audit/tile/0/..%2f..%2fsecrets", {}, 422, "invalid-request"),
    "a NUL": ("GET", NEEDS + "?mode=%00", {}, 422, "mode-unknown"),
    "an unknown parameter": ("GET", f"{NEEDS}?{CANARY}=1", {}, 422, "parameter-unknown"),
    "a parameter twice": ("GET", NEEDS + "?mode=said&mode=judged", {}, 422, "parameter-repeated"),
    "a malformed day": ("GET", f"{NEEDS}?as_of={CANARY}", {}, 422, "as-of-malformed"),
    "a day out of range": ("GET", NEEDS + "?as_of=9999-12-31", {}, 422, "as-of-out-of-range"),
    "both": ("GET", NEEDS + "?mode=said&as_of=2026-01-01", {}, 409, "as-of-with-said"),
    "the future": ("GET", NEEDS + "?known_at=2999-01-01T00:00:00Z", {}, 409, "known-at-future"),
    "limit 0": ("GET", "/v1/needs?limit=0", {}, 422, "invalid-request"),
    "limit -1": ("GET", "/v1/needs?limit=-1", {}, 422, "invalid-request"),
    "limit 10^9": ("GET", "/v1/needs?limit=1000000000", {}, 422, "invalid-request"),
    "another kind": ("GET", f"/v1/needs?kind={CANARY}", {}, 422, "invalid-request"),
    "a cursor of nobody's": ("GET", "/v1/needs?cursor=" + "a" * 64, {}, 400, "cursor-invalid"),
    "no path": ("GET", "/v2", {}, 404, "not-found"),
    "upper case": ("GET", NEEDS.replace("needs", "NEEDS"), {}, 404, "not-found"),
    "a slash too many": ("GET", NEEDS + "/", {}, 404, "not-found"),
    "another method": ("DELETE", NEEDS, {}, 405, "method-not-allowed"),
    "a way around": ("GET", "/v1//registries", {}, 404, "not-found"),
    "by what is open": ("GET", "/audit/%2e%2e/v1/registries", {}, 404, "not-found"),
    "a path with parameters": ("GET", NEEDS + ";x=1", {}, 404, "not-found"),
    "an id too long to be": ("GET", "/v1/persons/%c0%ae/needs", {}, 422, "invalid-request"),
    "an id in another form": (
        "GET",
        f"/v1/persons/{OLD.upper()}/needs?mode=x",
        {},
        422,
        "mode-unknown",
    ),
    "what makes expressions slow": (
        "GET",
        f"{NEEDS}?x={'3021197591003--' * 130}",
        {},
        422,
        "parameter-unknown",
    ),
    "a long URL": ("GET", f"{NEEDS}?x={'y' * 3000}", {}, 414, "url-too-long"),
    "ten thousand ids": ("GET", f"{NEEDS}?ids={'a,' * 1200}", {}, 414, "url-too-long"),
    "large headers": ("GET", NEEDS, {"headers": {"X": "y" * 17_000}}, 431, "headers-too-large"),
    "many headers": (
        "GET",
        NEEDS,
        {"headers": {f"X-{n}": "y" for n in range(80)}},
        431,
        "headers-too-large",
    ),
    "no such person": ("GET", f"/v1/persons/{UUID(int=5)}/needs", {}, 404, "person-unknown"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_and_on_record(shared: World, name: str) -> None:
    method, path, more, status, problem = WRONG[name]
    social = shared.asking("social")
    said = {"Content-Type": "application/json", "Idempotency-Key": "of-this-test"}
    headers = social.headers(**said | more.get("headers", {}))

    answer = shared.http.request(method, path, **{**more, "headers": headers, "timeout": 20})

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")
    assert answer.headers["content-type"] == "application/problem+json"
    for sent in (CANARY, PINFL, PINFL[:13], "secrets"):
        assert sent not in answer.text
    if path.startswith("/audit"):
        return  # nobody asked for anybody: nothing to record
    ((kind, leaf),) = shared.leaves(answer)
    assert kind == ("read" if problem == "person-unknown" else "refusal")
    assert CANARY not in json.dumps(leaf)
    assert PINFL[:13] not in json.dumps(leaf)


def test_one_agency_cannot_use_the_cursor_of_another(shared: World) -> None:
    social = shared.asking("social")
    log = shared.asking("auditors").get(f"/v1/persons/{OLD}/access-log", {"limit": "1"})
    assert log.status_code == 200, log.text
    social.get(NEEDS)
    social.get(NEEDS)
    first = shared.asking("auditors").get(f"/v1/persons/{OLD}/access-log", {"limit": "1"}).json()
    cursor = first["next"]

    same = {"limit": "1", "cursor": cursor}
    went_on = shared.asking("auditors").get(f"/v1/persons/{OLD}/access-log", same)
    assert went_on.status_code == 200
    others = [
        shared.asking("auditors").get(f"/v1/persons/{OLD}/access-log", same | {"limit": "2"}),
        shared.asking("auditors").get("/v1/needs", same),
        shared.asking("portal", UUID(OLD)).get(f"/v1/persons/{OLD}/access-log", same),
    ]
    for at in range(len(cursor)):
        changed = "b" if cursor[at] == "a" else "a"
        text_ = cursor[:at] + changed + cursor[at + 1 :]
        if at % 8 == 0:
            others.append(
                shared.asking("auditors").get(
                    f"/v1/persons/{OLD}/access-log", {"limit": "1", "cursor": text_}
                )
            )
    assert {answer.status_code for answer in others} == {400}


@pytest.mark.parametrize(
    ("headers", "status", "problem"),
    [
        ({"Hub-Purpose": ""}, 422, "invalid-request"),
        ({"Hub-Purpose": CANARY}, 403, "not-allowed"),
        ({"Hub-Basis": CANARY}, 403, "not-allowed"),
        ({"Hub-Basis": "pension-law"}, 403, "not-allowed"),
    ],
)
def test_a_purpose_that_does_not_count(
    shared: World, headers: dict[str, str], status: int, problem: str
) -> None:
    answer = shared.asking("social").get(NEEDS, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}")
    ((kind, leaf),) = shared.leaves(answer)
    assert kind == "refusal"
    assert CANARY not in answer.text + json.dumps(leaf)


def test_a_request_without_a_purpose(shared: World) -> None:
    token = shared.asking("social").headers()["Authorization"]

    answer = shared.http.get(NEEDS, headers={"Authorization": token})

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/purpose-missing")
    assert [kind for kind, _ in shared.leaves(answer)] == ["refusal"]


def test_a_header_given_twice(shared: World) -> None:
    headers = [*shared.asking("social").headers().items(), ("Hub-Purpose", "pension")]

    answer = shared.http.get(NEEDS, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/parameter-repeated")


def test_who_asks_too_often_waits(world: World) -> None:
    with serving(world.settings, rate="5/day") as http:
        headers = world.asking("social").headers()
        answers = [http.get(NEEDS, headers=headers) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[0].headers["ratelimit-policy"] == '"client";q=5;w=86400'
    assert answers[-1].json()["type"] == "/problems/rate-limited"
