"""What a leaf may hold, how it is published, and that the document says the same."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections import leaves
from projections.leaves import LeafError, row
from projections.tlog.build import Row, builder, pseudonyms
from schemas.ids import text, uuid8

KEY = bytes(range(32))
BUILD = builder(KEY)
ALI = "0f2a7c1e-88a4-8c11-9d53-0d4b2f6c7e01"
AT = "2026-11-22T12:00:00.000001Z"


def published(body: dict[str, Any], kind: str = "read", number: int = 9) -> dict[str, Any]:
    _, stored = row(kind, body)
    content = BUILD(Row(number, AT, kind, stored))
    assert len(content) <= leaves.MOST_BYTES
    found: dict[str, Any] = json.loads(content)
    return found


def hidden(identifier: str) -> str:
    """The pseudonym, as docs/audit.md defines it."""
    return text(uuid8(hmac.digest(KEY, b"audit\0" + identifier.encode(), "sha256")))


def test_a_leaf_is_canonical_json() -> None:
    _, stored = row("read", {"z": 1, "what": "needs", "who": "клиент"})

    assert (
        BUILD(Row(9, AT, "read", stored))
        == (
            '{"at":"2026-11-22T12:00:00.000001Z","body":{"what":"needs","who":"клиент","z":1},'
            '"kind":"read","number":9,"v":1}'
        ).encode()
    )


def test_people_are_pseudonyms_at_any_depth_and_nothing_else_is() -> None:
    body = {
        "person": UUID(ALI),
        "persons": [ALI, None],
        "alias": None,
        "members": [[ALI]],
        "event": ALI,
        "inner": {"household": ALI, "list": [{"person": ALI, "need": ALI}]},
    }

    assert published(body)["body"] == {
        "person": hidden(ALI),
        "persons": [hidden(ALI), None],
        "alias": None,
        "members": [[hidden(ALI)]],
        "event": ALI,
        "inner": {"household": hidden(ALI), "list": [{"person": hidden(ALI), "need": ALI}]},
    }
    assert hidden(ALI) == pseudonyms(KEY)(ALI) != ALI


@given(st.text(max_size=60).filter(lambda name: name not in leaves.PEOPLE), st.text())
def test_any_text_goes_in_and_stays_one_line_of_json(name: str, value: str) -> None:
    try:
        _, stored = row("read", {name: value})
    except LeafError:
        return  # a surrogate: no text of any language
    assert "\0" not in json.loads(stored)[name]
    assert json.loads(BUILD(Row(1, AT, "read", stored)))["body"].keys() == {name}


def test_somebodys_own_words_are_not_published() -> None:
    """An operator's reason may name anybody; with the key one can show that it was this one."""
    body = {"reason": "the neighbour of Ali Valiyev asked", "what": "erasure"}

    assert published(body)["body"] == {"reason": hidden(body["reason"]), "what": "erasure"}


def test_long_lists_become_count_and_digest() -> None:
    body = {"persons": [ALI] * 200, "fields": [f"field {n}" for n in range(600)], "what": "needs"}

    found = published(body)["body"]

    assert found["persons"] == leaves.digest_of([ALI] * 200)
    assert found["fields"]["count"] == 600
    assert found["what"] == "needs"


def test_times_ids_and_dates_are_written_as_text() -> None:
    at = datetime(2026, 1, 31, tzinfo=UTC)
    body = {"event": UUID(ALI), "at": at, "on": at.date()}

    assert published(body)["body"] == {
        "event": ALI,
        "at": "2026-01-31T00:00:00+00:00",
        "on": "2026-01-31",
    }


def test_a_number_that_may_be_somebodys_is_taken_out() -> None:
    body = {"who": "desk 31509850270014", "inner": ["no 31509850270014."], "version": 1764000000000}

    assert published(body)["body"] == {
        "who": f"desk {leaves.REMOVED}",
        "inner": [f"no {leaves.REMOVED}."],
        "version": 1764000000000,
    }


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("reading", {}, "no kind of leaf"),
        ("read", {"person": "Ali Valiyev"}, "under person what is no id"),
        ("read", {"person": ALI.upper()}, "under person what is no id"),
        ("read", {"person": 5}, "under person what is no id"),
        ("read", {"inner": {"members": {"a": ALI}}}, "under members what is no id"),
        ("read", {"share": 0.5}, "a fraction under share"),
        ("read", {"what": object()}, "no JSON value"),
        ("read", {"what": 1 << 70}, "no JSON value"),
        ("read", {"what": "x" * 5000}, "longer than 4096 bytes"),
        ("read", {"what": "x" * 4000, "few": [1]}, "longer than 4096 bytes"),
        ("read", [("what", 1)], "not a JSON object"),
    ],
)
def test_what_no_leaf_may_hold(kind: str, body: Any, why: str) -> None:
    with pytest.raises(LeafError, match=why) as caught:
        row(kind, body)

    assert "Valiyev" not in str(caught.value)


def test_letters_of_two_bytes_count_as_two() -> None:
    """4 KiB of UTF-8: a list whose letters would fit, and whose bytes do not, is shortened."""
    fields = ["нуждаемость"] * 250  # 14 characters and 25 bytes each, as JSON

    found = published({"what": "needs", "fields": fields})["body"]

    assert found["fields"] == leaves.digest_of(fields)


def test_the_longest_leaf_fits() -> None:
    published({"what": "x" * (4096 - 160 - len('{"what":""}'))}, "configuration", 10**18)
