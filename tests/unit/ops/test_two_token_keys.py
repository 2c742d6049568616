"""After a new token key the old one is given out while what it signed may still count."""

from __future__ import annotations

import json
import time

import pytest

from ops.issuer.signing import AUDIENCE, GOOD_FOR_SECONDS, signer
from projections.http.issuer_keys import read_keys
from projections.http.tokens import LEEWAY_SECONDS, TokenError, Tokens

ISSUER = "https://issuer.example"
REPLACED = 1_800_000_000


@pytest.mark.parametrize(
    ("after", "counts"),
    [(0, True), (GOOD_FOR_SECONDS, True), (GOOD_FOR_SECONDS + LEEWAY_SECONDS, False)],
)
def test_the_old_key_is_given_out_as_long_as_its_last_token_counts(
    after: int, counts: bool
) -> None:
    old = signer(ISSUER, b"1" * 32)
    new = signer(ISSUER, b"2" * 32, b"1" * 32, REPLACED)
    last = old.token("desk", None, REPLACED, "jti")
    now = REPLACED + after
    keys = read_keys(json.dumps(new.key_set(now)).encode())
    tokens = Tokens(ISSUER, AUDIENCE, keys.get, lambda: now)

    assert tokens.bearer(new.token("desk", None, now, "jti")).client == "desk"
    if counts:
        assert tokens.bearer(last).client == "desk"
    else:
        with pytest.raises(TokenError):
            tokens.bearer(last)


def test_without_a_key_before_there_is_one() -> None:
    assert len(signer(ISSUER, b"1" * 32).key_set(time.time())["keys"]) == 1
