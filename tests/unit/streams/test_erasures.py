"""What an operator decides of somebody's data becomes a fact, and counts at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from projections.keystore import ERASED
from schemas.errors import InvalidRecord
from schemas.ids import days
from streams.facts import facts
from streams.lifecycle import Fact
from streams.reading import open_health

ALI, BEK = b"a" * 16, b"b" * 16
AT = datetime(2026, 3, 1, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "meta": {"subject": ALI, "change": "CREATED", "version": 1},
    "sensitivity": "health",
    "decision": "erase",
    "basis": "a law",
    "until": None,
}


@pytest.mark.parametrize(
    ("decision", "until", "kind", "last"),
    [
        ("erase", None, "erased", None),
        ("restrict", days(date(2029, 3, 1)), "restricted", "2029-03-01"),
        ("refuse", days(date(2031, 3, 1)), "erasure_refused", "2031-03-01"),
    ],
)
def test_a_decision_is_a_fact(decision: str, until: int | None, kind: str, last: str) -> None:
    stated = facts("hub.erasure_decided", GOOD | {"decision": decision, "until": until})

    assert [(fact.person, fact.kind, fact.value) for fact in stated] == [
        (ALI, kind, {"class": "health", "basis": "a law", "until": last})
    ]


@pytest.mark.parametrize(
    ("wrong", "rule", "field"),
    [
        ({"sensitivity": "secret"}, "code", "sensitivity"),
        ({"decision": "forget"}, "code", "decision"),
        ({"basis": ""}, "text", "basis"),
        ({"basis": "a\0law"}, "text", "basis"),
        ({"until": -1}, "date", "until"),
        ({"until": days(date(2201, 1, 1))}, "date", "until"),
    ],
)
def test_a_wrong_decision_is_quarantined(wrong: dict[str, Any], rule: str, field: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        facts("hub.erasure_decided", GOOD | wrong)

    assert (refused.value.rule, refused.value.field) == (rule, field)


class Keys:
    """Knows every key; says who was asked for."""

    def __init__(self) -> None:
        self.asked: set[tuple[bytes, str]] = set()

    def existing(self, wanted: Any) -> dict[tuple[bytes, str], bytes]:
        self.asked |= set(wanted)
        return dict.fromkeys(self.asked, ERASED)


def fact(person: bytes, kind: str, value: dict[str, Any], sealed: bytes | None = None) -> Fact:
    found: dict[str, Any] = dict.fromkeys(Fact._fields)
    found |= {"event_id": person[:1] * 16, "person": person, "kind": kind, "value": value}
    return Fact(**(found | {"sealed": sealed, "known_from": AT}))


def test_the_key_of_what_was_erased_is_not_even_asked_for() -> None:
    keys = Keys()
    known = [
        fact(ALI, "disability", {}, b"sealed"),
        fact(BEK, "disability", {}, b"sealed"),
        fact(ALI, "erased", {"class": "health"}),
        fact(BEK, "erased", {"class": "identity"}),
    ]

    opened = open_health(keys, iter(known))

    assert keys.asked == {(BEK, "health")}
    assert opened == {b"a" * 16: None, b"b" * 16: None}
