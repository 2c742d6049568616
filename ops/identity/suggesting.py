"""Find out who may be who: two walks over all ids, batch by batch; see ``projections.match_store``.

Names are opened in memory, a batch at a time, and leave it only as keyed blocks and scores. Whose
identity key is erased is not matched, and loses what blocks there were.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from projections.keystore import ERASED, open_block
from projections.match_store import FIRST, MatchStore, Place, Stated, Suggestion
from projections.sealing_keys import KeyReader
from streams.matching import Known, Likeness, blocks, likeness, name, ranked, sex_by_name

LEAST: Final = 50  # what is worth keeping; what is shown by default is matching.THRESHOLD
_CLASS: Final = "identity"
# Tax rows have one string of a name and no birth date: too little to suggest anything.
_NAMING: Final = ("person", "birth", "name", "linked_to")
_TELLING: Final = (*_NAMING, "residence")


def match_key(person_key: bytes) -> bytes:
    """Return the key of the blocks: one of ours for this alone."""
    return hmac.digest(person_key, b"match blocks", "sha256")


@dataclass(slots=True)
class Suggesting:
    """One run."""

    store: MatchStore
    keystore: KeyReader
    key: bytes
    batch_persons: int = 2000
    batch_aliases: int = 200

    def run(self, place: Place, tell: Callable[[str, int], None]) -> None:
        """Walk on from ``place`` to the end; ``tell`` learns the phase and how many are done."""
        if place.phase == "blocks":
            place = self._walk_blocks(place, tell)
        self._walk_pairs(place, tell)

    def _walk_blocks(self, place: Place, tell: Callable[[str, int], None]) -> Place:
        while persons := self.store.persons(place.after, _NAMING, self.batch_persons):
            place = Place("blocks", persons[-1], place.done + len(persons))
            rows = [
                (block, UUID(bytes=one.id))
                for one in self._known(persons).values()
                for block in blocks(self.key, one)
            ]
            self.store.write_blocks(persons, rows, place)
            tell(place.phase, place.done)
        return Place("pairs", FIRST, 0)

    def _walk_pairs(self, place: Place, tell: Callable[[str, int], None]) -> None:
        while persons := self.store.blocked(place.after, self.batch_aliases):
            before = place.after
            place = Place("pairs", persons[-1], place.done + len(persons))
            self.store.write_suggestions(before, self._suggestions(persons), place)
            tell(place.phase, place.done)
        self.store.end(place.after)

    def _suggestions(self, persons: list[UUID]) -> list[Suggestion]:
        aliases = self.store.unlinked(persons)
        pairs = self.store.near(aliases) if aliases else []
        if not pairs:
            return []
        # Of two ids without number the higher may be the lower: one suggestion, not two.
        loose = set(self.store.unlinked([person for _, _, person in pairs]))
        pairs = [pair for pair in pairs if pair[2] not in loose or pair[0] > pair[2]]
        known = self._known([*aliases, *{near for _, near, _ in pairs}])
        best: dict[UUID, dict[bytes, Likeness]] = defaultdict(dict)
        for alias, near, person in pairs:
            if alias not in known or near not in known:
                continue
            like = likeness(known[alias], known[near])
            rival = best[alias].get(person.bytes)
            if rival is None or rival.score < like.score:
                best[alias][person.bytes] = like
        return [
            Suggestion(alias, UUID(bytes=person), like.score, like.features)
            for alias, found in best.items()
            for person, like in _order(found, {one.bytes for one in loose})
            if like.score >= LEAST
        ]

    def _known(self, persons: list[UUID]) -> dict[UUID, Known]:
        """Return what is stated of ``persons`` in clear; not of the erased."""
        keys = self.keystore.existing((person.bytes, _CLASS) for person in persons)
        by_person: dict[UUID, list[Stated]] = defaultdict(list)
        for stated in self.store.stated(persons, _TELLING):
            by_person[stated.person].append(stated)
        found = {}
        for person, stated_ in by_person.items():
            key = keys.get((person.bytes, _CLASS), ERASED)
            if key != ERASED and (one := _one(person, stated_, key)) is not None:
                found[person] = one
        return found


def not_erased(rows: list[tuple[Any, ...]], keystore: KeyReader) -> list[tuple[Any, ...]]:
    """Leave out the pairs of anybody who was erased since; the first two of a row are ids."""
    wanted = {(one.bytes, _CLASS) for row in rows for one in row[:2]}
    erased = {who for (who, _), key in keystore.existing(wanted).items() if key == ERASED}
    return [row for row in rows if erased.isdisjoint(one.bytes for one in row[:2])]


def _order(
    found: Mapping[bytes, Likeness], loose: Collection[bytes]
) -> list[tuple[bytes, Likeness]]:
    """Rank people against each other; another record without number takes nobody's place."""
    people = ranked((person, like) for person, like in found.items() if person not in loose)
    return people + [(person, like) for person, like in found.items() if person in loose]


def _one(person: UUID, stated: list[Stated], key: bytes) -> Known | None:
    names, births = set(), set()
    districts: set[str | None] = set()
    sexes: set[str | None] = set()
    for each in stated:
        value: Mapping[str, Any] = each.value
        opened: Any = (
            open_block(key, each.event_id.bytes, _CLASS, each.sealed) if each.sealed else {}
        )
        if opened.get("given_name") or opened.get("surname"):
            words = (opened.get("surname"), opened.get("given_name"), opened.get("patronymic"))
            names.add(name(*words))
            sexes |= {sex_by_name(words[0], words[2])}
        births |= {born for born in (value.get("born_on"), opened.get("born_on")) if born}
        districts |= {value.get("district")}
    told: set[str | None] = {each.value.get("sex") for each in stated}
    if not names:
        return None
    return Known(
        person.bytes,
        frozenset(names),
        frozenset(date.fromisoformat(born) for born in births),
        frozenset(district for district in districts if district),
        frozenset(sex for sex in (told - {None} or sexes) if sex),
    )
