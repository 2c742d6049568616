"""Whatever is sent: a clear problem, one leaf, and nothing of what was sent is repeated."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from schemas.ids import text
from tests.integration.api.conftest import PINFL, World, serving, signer_of
from tests.integration.assessment.country import person

OLD = text(person("1old"))
CANARY = "canary4711"
NEEDS = f"/v1/persons/{OLD}/needs"
FULLWIDTH = "%EF%BC%93" * 14  # digits to a person, none to us

_ANY = ["Ed25519", "HS256"]
LOOKUP = "/v1/persons/lookup"
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
    headers = social.headers(**more.get("headers", {})) | {"Content-Type": "application/json"}

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


def tokens(world: World) -> Iterator[tuple[str, str]]:
    """Tokens that do not count, and the rule that says so."""
    signer, now = signer_of(world.settings), int(time.time())
    good = {"iss": signer.issuer, "aud": "registry-hub", "client_id": "social"}
    good |= {"iat": now, "nbf": now, "exp": now + 300}  # type: ignore[dict-item]
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": signer.key.kid}

    def made(claims: dict[str, Any], head: dict[str, Any], key: Any = signer.key) -> str:
        return jwt.encode(
            head, claims, key, algorithms=["Ed25519", "HS256", "none"], default_type=None
        )

    stranger = OKPKey.generate_key("Ed25519", {"kid": str(signer.key.kid)})
    public = signer.key.as_dict(private=False)["x"]
    yield (
        made(good | {"exp": now - 61, "iat": now - 400, "nbf": now - 400}, header),
        "token_expired",
    )
    yield made(good | {"nbf": now + 100}, header), "token_not_yet"
    yield made(good | {"aud": "elsewhere"}, header), "token_audience"
    yield made(good | {"iss": "https://elsewhere.example"}, header), "token_issuer"
    yield made(good | {"exp": now + 7200}, header), "token_times"
    yield made({k: v for k, v in good.items() if k != "exp"}, header), "token_times"
    yield made(good | {"client_id": "../social"}, header), "token_client"
    yield made(good | {"person": PINFL}, header), "token_person"
    yield made(good, header | {"typ": "JWT"}), "token_type"
    yield made(good, {k: v for k, v in header.items() if k != "typ"}), "token_type"
    yield made(good, header | {"kid": "../../etc/passwd"}), "token_key"
    yield made(good, header | {"jku": "https://elsewhere.example/jwks"}), "token_header"
    yield made(good, header | {"jwk": stranger.as_dict(private=False)}), "token_header"
    yield made(good, header, stranger), "token_signature"
    octets = OctKey.import_key(str(public))
    yield made(good, header | {"alg": "HS256"}, octets), "token_algorithm"
    nothing = urlsafe_b64encode(json.dumps(header | {"alg": "none"}).encode()).decode().rstrip("=")
    head, body, signature = made(good, header).split(".")
    yield f"{head}.{body}.{signature[:-4]}AAAA", "token_signature"
    yield f"{nothing}.{body}.{signature}", "token_algorithm"
    yield f"{nothing}.{body}.", "token_malformed"
    yield f"{head}.{body}", "token_malformed"
    yield "x" * 5000, "token_malformed"
    yield CANARY, "token_malformed"


def test_no_token_that_does_not_count_gets_through(world: World) -> None:
    """Each leaves a leaf; of a flood the first ten of a place do, and the rest are counted."""
    rules = []
    with serving(world.settings, places="1000/minute") as http:
        for token, rule in tokens(world):
            answer = http.get(NEEDS, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, rule
            assert answer.json()["type"] == "/problems/token-invalid"
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            assert CANARY not in answer.text
            ((kind, leaf),) = world.leaves(answer)
            assert (kind, leaf["rule"]) == ("refusal", rule)
            rules.append(rule)
    assert len(rules) == 21


def test_a_flood_of_bad_tokens_does_not_fill_the_log(world: World) -> None:
    answers = [
        world.http.get(NEEDS, headers={"Authorization": "Bearer nonsense"}) for _ in range(60)
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len(world.leaves(*answers)) == 10
    written = world.country.connection.execute(
        "SELECT count(*) FROM kept.audit_leaves WHERE kind = 'refusal'"
    ).fetchone()
    assert written == (10,)


def test_an_unknown_and_a_revoked_client(world: World) -> None:
    unknown = world.asking("stranger").get(NEEDS)
    world.country.connection.execute(
        "UPDATE kept.clients SET revoked_at = now() WHERE client_id = 'social'"
    )
    revoked = world.asking("social").get(NEEDS)
    wrong = world.asking("social").get(NEEDS, {"mode": "x"})

    for answer in (unknown, revoked, wrong):
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/client-unknown")
        assert [leaf["rule"] for _, leaf in world.leaves(answer)] == ["client-unknown"]


def test_who_asks_too_often_waits(world: World) -> None:
    with serving(world.settings, rate="5/day") as http:
        headers = world.asking("social").headers()
        answers = [http.get(NEEDS, headers=headers) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert answers[0].headers["ratelimit-policy"] == '"client";q=5;w=86400'
    assert answers[-1].json()["type"] == "/problems/rate-limited"
