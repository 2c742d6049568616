"""Tokens that do not count, by every trick there is: refused by rule, on record, not repeated."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from schemas.ids import text
from tests.integration.api.conftest import PINFL, World, serving, signer_of
from tests.integration.assessment.country import person

OLD = text(person("1old"))
CANARY = "canary4711"
NEEDS = f"/v1/persons/{OLD}/needs"


_TRIED = ("Ed25519", "ES256", "RS256", "HS256", "none")


def tokens(world: World) -> Iterator[tuple[str, str]]:
    """Tokens that do not count, and the rule that says so."""
    signer, now = signer_of(world.settings), int(time.time())
    good = {"iss": signer.issuer, "aud": "registry-hub", "client_id": "social"}
    good |= {"iat": now, "nbf": now, "exp": now + 300}  # type: ignore[dict-item]
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": signer.key.kid}

    def made(claims: dict[str, Any], head: dict[str, Any], key: Any = signer.key) -> str:
        return jwt.encode(head, claims, key, algorithms=[*_TRIED], default_type=None)

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
    yield made(good | {"iat": now + 100, "exp": now + 400}, header), "token_times"
    yield made(good | {"exp": str(now + 300)}, header), "token_times"
    yield made(good | {"exp": True}, header), "token_times"
    yield made(good | {"exp": 1e300}, header), "token_times"
    yield made(good | {"cnf": {"jkt": CANARY}}, header), "token_bound"
    yield made(good | {"aud": [CANARY, "elsewhere"]}, header), "token_audience"
    yield made(good | {"client_id": ["social"]}, header), "token_client"
    yield made(good, header | {"x5u": "https://elsewhere.example/chain"}), "token_header"
    yield made(good, header | {"kid": "' OR '1'='1"}), "token_key"
    rsa = RSAKey.generate_key(2048, {"kid": str(signer.key.kid)})
    yield made(good, header | {"alg": "RS256"}, rsa), "token_algorithm"
    curve = ECKey.generate_key("P-256", {"kid": str(signer.key.kid)})
    yield made(good, header | {"alg": "ES256"}, curve), "token_algorithm"
    octets = OctKey.import_key(str(public))
    yield made(good, header | {"alg": "HS256"}, octets), "token_algorithm"
    nothing = urlsafe_b64encode(json.dumps(header | {"alg": "none"}).encode()).decode().rstrip("=")
    head, body, signature = made(good, header).split(".")
    yield f"{head}.{body}.{signature[:-4]}AAAA", "token_signature"
    yield f"{nothing}.{body}.{signature}", "token_algorithm"
    yield f"{nothing}.{body}.", "token_malformed"
    yield f"{head}.{body}", "token_malformed"
    yield f"{head}.{body}.{signature}.{body}.{signature}", "token_malformed"
    yield f"{head}.{'A' * 7}.{signature}", "token_signature"
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
    assert len(rules) == 34


def test_a_token_does_not_say_whose_rights_it_brings(shared: World) -> None:
    """What another tenant may see is not to be had by naming it."""
    signer, now = signer_of(shared.settings), int(time.time())
    claims = {"iss": signer.issuer, "aud": "registry-hub", "client_id": "planners"}
    claims |= {"iat": now, "exp": now + 300, "agency": "social", "scope": "*"}  # type: ignore[dict-item]
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": signer.key.kid}
    token = jwt.encode(header, claims, signer.key, algorithms=["Ed25519"])
    said = shared.asking("social").headers() | {"Authorization": f"Bearer {token}"}

    answer = shared.http.get(NEEDS, headers=said)

    assert (answer.status_code, answer.json()["rule"]) == (403, "no-grant")
    ((kind, leaf),) = shared.leaves(answer)
    assert (kind, leaf["who"], leaf["agency"]) == ("refusal", "planners", "planners")


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
