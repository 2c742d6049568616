from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from projections.keystore import ERASED
from schemas.sealing import seal
from streams.lifecycle import Fact
from streams.reading import open_health

ADA, BOB, EVE = (bytes([n] * 16) for n in (1, 2, 3))
KEY: Final = b"k" * 32
VALUE: Final = {"group": 1, "until": None}


class Keys:
    """Keys that exist; remembers what was asked."""

    def __init__(self, known: dict[bytes, bytes]) -> None:
        self._known = known
        self.asked: list[set[tuple[bytes, str]]] = []

    def existing(self, wanted: Iterable[tuple[bytes, str]]) -> dict[tuple[bytes, str], bytes]:
        self.asked.append(set(wanted))
        return {(who, kind): self._known[who] for who, kind in wanted if who in self._known}


def stated(number: int, person: bytes, kind: str, *, is_sealed: bool = True) -> Fact:
    event = bytes([number] * 16)
    return Fact(
        event_id=event,
        person=person,
        kind=kind,
        value={},
        sealed=seal(KEY, event, "health", VALUE) if is_sealed else None,
        sensitivity="health",
        valid_from=None,
        valid_to=None,
        known_from=datetime(2026, 1, 1, tzinfo=UTC),
        record=event,
        version=1,
        change="CREATED",
        latest=None,
    )


def test_blocks_are_opened_by_event_and_those_without_a_key_are_none() -> None:
    keys = Keys({ADA: KEY, BOB: ERASED})
    facts = [
        stated(11, ADA, "disability"),
        stated(12, ADA, "pregnancy"),
        stated(13, ADA, "pregnancy", is_sealed=False),
        stated(14, BOB, "disability"),  # the key was erased
        stated(15, EVE, "disability"),  # there never was one
    ]

    opened = open_health(keys, facts)

    assert list(opened.values()) == [VALUE, VALUE, None, None, None]
    assert list(opened) == [fact.event_id for fact in facts]
    assert keys.asked == [{(ADA, "health"), (BOB, "health"), (EVE, "health")}]


def test_a_referral_is_never_opened_nor_its_key_asked_for() -> None:
    keys = Keys({ADA: KEY, BOB: KEY})

    assert open_health(keys, [stated(11, ADA, "psychological_support")]) == {}
    assert keys.asked == []

    both = [stated(12, ADA, "psychological_support"), stated(13, BOB, "disability")]
    assert open_health(keys, both) == {both[1].event_id: VALUE}
    assert keys.asked == [{(BOB, "health")}]
