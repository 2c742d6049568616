"""Keys of an issuer that comes and goes, cursors, and numbers in URLs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.issuer.signing import signer
from projections.http.cursors import CursorError, read, write
from projections.http.incoming import holds_number
from projections.http.issuer_keys import FRESH_SECONDS, IssuerKeys, read_keys
from projections.http.tokens import TokenError, Tokens
from projections.problem_types import TYPES
from schemas.errors import PermanentError, TransientError

ISSUER = "https://issuer.example"
ONE, TWO = signer(ISSUER, b"1" * 32), signer(ISSUER, b"2" * 32)


class Issuer:
    """An issuer whose keys change, and that may be silent."""

    def __init__(self) -> None:
        self.signers = [ONE]
        self.looks = 0
        self.is_silent = False
        self.now = 0.0

    def fetch(self) -> bytes:
        self.looks += 1
        if self.is_silent:
            raise TransientError("silent")
        keys = [key for one in self.signers for key in one.key_set()["keys"]]
        return json.dumps({"keys": keys}).encode()


def test_a_silent_issuer_s_keys_go_on_and_a_flood_of_names_is_one_look() -> None:
    issuer = Issuer()
    keys = IssuerKeys(issuer.fetch, lambda: issuer.now)
    assert keys.find(ONE.key.kid or "") is not None
    issuer.is_silent = True
    issuer.now = FRESH_SECONDS + 1
    assert keys.find(ONE.key.kid or "") is not None
    looks = issuer.looks
    for number in range(1000):
        assert keys.find(f"invented-{number}") is None
    assert issuer.looks == looks


def test_a_new_key_is_found_at_once_and_an_old_one_ends() -> None:
    issuer = Issuer()
    changes: list[int] = []
    keys = IssuerKeys(issuer.fetch, lambda: issuer.now, lambda: changes.append(1))
    assert keys.find(TWO.key.kid or "") is None
    issuer.signers, issuer.now = [TWO], 10.0
    assert keys.find(TWO.key.kid or "") is not None
    assert keys.find(ONE.key.kid or "") is None
    assert len(changes) == 2


def test_without_any_key_nobody_can_be_judged() -> None:
    issuer = Issuer()
    issuer.is_silent = True
    keys = IssuerKeys(issuer.fetch, lambda: issuer.now)

    with pytest.raises(TransientError):
        keys.find("any")
    assert not keys.are_known()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": [1]}',
        b"x" * 70_000,
    ],
)
def test_what_is_no_key_set(text: bytes) -> None:
    with pytest.raises(PermanentError):
        read_keys(text)


def _watching(issuer: Issuer) -> tuple[IssuerKeys, Tokens]:
    """Return keys and checks as the API puts them together."""
    keys = IssuerKeys(issuer.fetch, lambda: issuer.now)
    checks = Tokens(ISSUER, "registry-hub", keys.find, lambda: 1_000_000.0, keys.is_due)
    keys.on_change = checks.forget
    return keys, checks


@pytest.mark.parametrize(
    "left", [[], [{"kty": "oct", "k": "AAAA", "kid": "a"}], TWO.key_set()["keys"]]
)
def test_a_withdrawn_key_ends_what_it_signed_though_nobody_new_comes(left: list[object]) -> None:
    issuer = Issuer()
    keys, checks = _watching(issuer)
    token = ONE.token("social", None, 1_000_000, "j")
    checks.bearer(token)
    checks.bearer(token)  # the first made the keys known; this one is remembered
    assert checks.remembered(token) is not None

    keys.fetch = lambda: json.dumps({"keys": left}).encode()
    issuer.now = FRESH_SECONDS
    assert checks.remembered(token) is None
    # Another key: this token does not count. None at all: nobody's can be judged.
    with pytest.raises((TokenError, TransientError)):
        checks.bearer(token)
    assert checks.remembered(token) is None


def test_a_key_that_is_replaced_under_its_name_ends_what_it_signed() -> None:
    issuer = Issuer()
    keys, checks = _watching(issuer)
    token = ONE.token("social", None, 1_000_000, "j")
    checks.bearer(token)
    checks.bearer(token)
    assert checks.remembered(token) is not None

    other = {**TWO.key_set()["keys"][0], "kid": ONE.key.kid}
    keys.fetch = lambda: json.dumps({"keys": [other]}).encode()
    issuer.now = FRESH_SECONDS
    assert checks.remembered(token) is None
    with pytest.raises(TokenError, match="token_signature"):
        checks.bearer(token)


def test_a_silent_issuer_ends_nothing_that_is_remembered() -> None:
    issuer = Issuer()
    _, checks = _watching(issuer)
    token = ONE.token("social", None, 1_000_000, "j")
    checks.bearer(token)
    checks.bearer(token)

    issuer.is_silent, issuer.now = True, FRESH_SECONDS
    looks = issuer.looks
    assert checks.remembered(token) is None  # once, to look
    for _ in range(9):
        assert checks.bearer(token) is checks.remembered(token)
    assert issuer.looks == looks + 1


def tokens(now: Callable[[], float]) -> Tokens:
    keys = {ONE.key.kid: ONE.key}
    return Tokens(ISSUER, "registry-hub", keys.get, now)


def test_a_good_token_is_remembered_until_it_expires() -> None:
    now = [1_000_000.0]
    checks = tokens(lambda: now[0])
    token = ONE.token("social", None, 1_000_000, "j")

    assert checks.remembered(token) is None
    assert checks.bearer(token).client == "social"
    assert checks.remembered(token) is not None
    now[0] += 300 + 59
    assert checks.bearer(token).client == "social"
    now[0] += 2
    assert checks.remembered(token) is None
    with pytest.raises(TokenError, match="token_expired"):
        checks.bearer(token)


@pytest.mark.parametrize("audience", ["registry", "hub", "", "registry-hub-test", "Registry-Hub"])
def test_a_token_counts_for_its_whole_audience_only(audience: str) -> None:
    """The token is for `registry-hub`; who is called something like that is somebody else."""
    elsewhere = Tokens(ISSUER, audience, {ONE.key.kid: ONE.key}.get, lambda: 1_000_000.0)

    with pytest.raises(TokenError, match="token_audience"):
        elsewhere.bearer(ONE.token("social", None, 1_000_000, "j"))


@given(at=st.integers(0), letter=st.sampled_from("AbC9-_"))
def test_no_changed_token_counts(at: int, letter: str) -> None:
    token = ONE.token("social", None, 1_000_000, "j")
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]
    checks = tokens(lambda: 1_000_000.0)

    if changed.rpartition(".")[0] == token.rpartition(".")[0] and at >= len(token) - 1:
        return  # bits of the last letter that stand for nothing
    if changed != token:
        with pytest.raises(TokenError):
            checks.bearer(changed)


@given(
    place=st.one_of(st.none(), st.integers(-(2**53), 2**53), st.lists(st.text("ab1"), max_size=3)),
    at=st.integers(0),
    letter=st.sampled_from("abcdefghijklmnop"),
)
def test_a_cursor_is_read_as_it_was_written_and_no_other(
    place: object, at: int, letter: str
) -> None:
    bound = ["social", "/v1/needs", "x"]
    cursor = write(b"k" * 32, bound, place)

    assert read(b"k" * 32, bound, cursor) == place
    assert not any(sign.isdigit() for sign in cursor)
    at %= len(cursor)
    changed = cursor[:at] + letter + cursor[at + 1 :]
    for others, key, text in (
        (["pensions", *bound[1:]], b"k" * 32, cursor),
        (bound, b"l" * 32, cursor),
        (bound, b"k" * 32, changed if changed != cursor else cursor[:-2]),
    ):
        with pytest.raises(CursorError):
            read(key, others, text)


@given(st.text("0123456789", min_size=14, max_size=14), st.integers(0, 13))
def test_fourteen_digits_are_found_however_they_are_written(number: str, at: int) -> None:
    hidden = number[:at] + f"%{ord(number[at]):02X}" + number[at + 1 :]

    for text in (number, hidden, hidden.replace("%", "%25"), "-".join(number), f"a{number}b"):
        assert holds_number(text.encode())
    assert not holds_number(number[:13].encode())


@given(st.uuids())
def test_an_id_is_no_number(one: object) -> None:
    assert not holds_number(f"/v1/persons/{one}/needs".encode())


def test_every_problem_is_in_the_document() -> None:
    lines = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8").splitlines()

    for name, kind in TYPES.items():
        assert f"| `{name}` | {kind.status} | {kind.title} |" in lines
