"""Which event moved a need, where several arrived together.

The queue names one event a person and chunk, and everybody in the circle inherits it. What is said
of a need can be said better by its evidence: the event that is newly cited, or the one that closed
what was cited before. Of several the one known last; and only events that the assessment before
had not seen, because an old fact may be cited for the first time when a household grows. What no
event moved (a day, a month) has no event in the queue, and none here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from projections.needs_rows import Mover, StoredNeed
from streams.decision import Draft
from streams.identity import identifier, links
from streams.lifecycle import Fact


class Store(Protocol):
    """Where it is known when an event was stored."""

    def seen(self) -> int: ...
    def seen_of(self, persons: Collection[bytes]) -> dict[bytes, int]: ...
    def movers(self, gained: Collection[bytes], lost: Collection[bytes]) -> list[Mover]: ...


class _Cited(NamedTuple):
    gained: frozenset[bytes]  # cited now and not before
    lost: frozenset[bytes]  # cited before, and closed since


def name_movers(
    store: Store,
    drafts: Iterable[Draft],
    stored: Mapping[bytes, StoredNeed],
    facts: Iterable[Fact],
    holding: Iterable[Fact],
) -> list[Draft]:
    """Return ``drafts`` with a better causation where there is one.

    Args:
        store: for needs of people who were judged before.
        drafts: what was decided.
        stored: what was said last.
        facts: of everybody judged, whether they hold or not.
        holding: those that hold.
    """
    drafts = list(drafts)
    moved = [draft for draft in drafts if draft.is_said and draft.causation is not None]
    if not moved:
        return drafts
    held = {fact.event_id for fact in holding}
    cited = {draft.row.need: _cited(draft, stored.get(draft.row.need), held) for draft in moved}
    seen = store.seen_of({draft.row.person for draft in moved})
    asked = [cited[draft.row.need] for draft in moved if draft.row.person in seen]
    fresh = _fresh(store, asked, seen) if asked else {}
    known: dict[bytes, tuple[datetime, bytes]] = {}
    if len(asked) < len(moved):
        known = {fact.event_id: (fact.known_from, fact.event_id) for fact in facts}
    return [
        draft._replace(
            causation=_last(cited[draft.row.need], fresh if draft.row.person in seen else known)
            or draft.causation
        )
        if draft.row.need in cited
        else draft
        for draft in drafts
    ]


def taken_back(facts: Iterable[Fact], holding: Iterable[Fact]) -> set[bytes]:
    """Return the events that count no more: corrected, annulled, or links that are refused.

    Args:
        facts: of everybody judged, whether they hold or not.
        holding: those that hold.
    """
    holding = list(holding)
    link = links(holding)
    refused = {
        fact.event_id
        for fact in holding
        if fact.kind == "linked_to"
        and fact.value.get("person") is not None
        and link.get(fact.person) != identifier(fact.value["person"])
    }
    return {fact.event_id for fact in facts} - {fact.event_id for fact in holding} | refused


def whole_number(low: int, now: int) -> int:
    """Return the number of a transaction from its lower 32 bits; it is not far from ``now``."""
    near = now & ~0xFFFFFFFF | low
    return near - (1 << 32) if near > now + (1 << 31) else near


def _cited(draft: Draft, last: StoredNeed | None, held: Collection[bytes]) -> _Cited:
    before = frozenset(() if last is None else last.evidence)
    after = frozenset(draft.row.evidence)
    return _Cited(after - before, frozenset(one for one in before - after if one not in held))


def _fresh(
    store: Store, asked: Iterable[_Cited], seen: Mapping[bytes, int]
) -> dict[bytes, tuple[datetime, bytes]]:
    """Return by event cited what moved it, if nobody whom it concerns was judged since."""
    gained, lost = (frozenset().union(*each) for each in zip(*asked, strict=True))
    movers = store.movers(gained, lost)
    seen = {**seen, **store.seen_of({mover.person for mover in movers})}
    now = store.seen()
    found: dict[bytes, tuple[datetime, bytes]] = {}
    for mover in movers:
        if whole_number(mover.written_by, now) >= seen.get(mover.person, 0):
            said = mover.known_from, mover.event_id
            found[mover.cited] = max(said, found.get(mover.cited, said))
    return found


def _last(cited: _Cited, known: Mapping[bytes, tuple[datetime, bytes]]) -> bytes | None:
    found = [known[event] for event in (*cited.gained, *cited.lost) if event in known]
    return max(found)[1] if found else None
