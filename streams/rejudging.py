"""Judge past months again for whoever something became known of, and find payments that differ.

One person is one transaction, and one process at a time does this:

    lock of the session -> snapshot, lock kept.generation FOR SHARE -> take the person's rows
    -> judge each month, known now and known then -> compare with what was paid
    -> write findings and one audit leaf -> COMMIT

A crash before COMMIT leaves nothing: the rows are in the queue for the next one. After it, all.
Nothing is ever corrected or sent out from here: findings are for a person to decide about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from psycopg import errors

from projections.past_store import PastStore
from projections.payments_store import Found, PaymentsStore, Rejudgement
from schemas.ids import text
from streams.assessment import Assessment
from streams.lifecycle import Fact
from streams.past import Past
from streams.payments import Entitled, Line, Month, Payment, changed, compare, months, months_before
from streams.person import KINDS
from streams.rules.reason import MET, UNKNOWN
from streams.surroundings import held

BENEFIT: Final = "benefit"
PAST_KINDS: Final = (*KINDS, BENEFIT)  # facts that may change what was due or paid
MONTHS_BACK: Final = "payments_months_back"
RETRIES: Final = 10
_MONTHS_BACK: Final = 36  # of a pack that does not say
_MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What one transaction came to."""

    months: int
    findings: int


@dataclass(slots=True)
class Rejudger:
    """Works the queue off, a person at a time."""

    store: PaymentsStore
    past: Past

    def rejudge_one(self, on: date, now: datetime) -> Rejudged | None:
        """Judge one person's past; None: nobody waits, or another process is at it.

        Args:
            on: today; only months before its month are looked at.
            now: the moment as of which everything is known.

        Raises:
            psycopg.OperationalError: nothing was written; call again.
        """
        for _ in range(RETRIES):
            try:
                with self.store.working() as is_ours:
                    if not is_ours:
                        return None
                    with self.store.transaction():
                        person = self.store.first(on, now)
                        return None if person is None else self._rejudge(person, on, now)
            except errors.SerializationFailure:
                continue  # the tables were swapped while we waited; look again
        return None

    def _rejudge(self, person: bytes, on: date, now: datetime) -> Rejudged:
        because = self.store.take(person, on, now)
        wanted = self._months(min(row.from_month for row in because), on)
        looking = _Looking(self.past, self.store, now)
        lines: list[Line] = []
        concerned: set[bytes] = set()
        for month in wanted:
            for group in looking.groups(person, month):
                concerned |= looking.all_ids(group.people)  # a link takes an alias's lines back
                for kind in sorted(set(self.past.pack.benefits.values())):
                    lines += compare(group.month(kind, self.past.pack.benefits))
        stored = [Line(*row) for row in self.store.latest(concerned, wanted)]
        found = [
            Found(*line, event_id=_because(because, line.month)) for line in changed(lines, stored)
        ]
        self.store.write(
            found,
            {"person": text(person), "months": len(wanted), "findings": len(found)},
        )
        return Rejudged(len(wanted), len(found))

    def _months(self, first: date, on: date) -> list[date]:
        """Return the past months from ``first`` on of which the hub has said something."""
        known_from = self.store.first_month()
        if known_from is None:
            return []
        this_month, parameters = on.replace(day=1), self.past.pack.parameters
        back = parameters.value(MONTHS_BACK, on) if MONTHS_BACK in parameters else _MONTHS_BACK
        earliest = max(first, known_from, months_before(this_month, back))
        return months(earliest, months_before(this_month, 1))


@dataclass(slots=True)
class _Group:
    """One household on the first day of a month; or one person in none."""

    on: date
    people: set[bytes]
    now: list[Assessment]
    then: list[Assessment]
    payments: list[tuple[bytes, Fact]]

    def month(self, kind: str, benefits: Mapping[str, str]) -> Month:
        return Month(
            kind,
            self.on,
            _entitled(self.now, self.people, kind),
            _entitled(self.then, self.people, kind),
            [
                Payment(person, kind, self.on, fact.value["amount_minor"])
                for person, fact in self.payments
                if benefits.get(fact.value["benefit"]) == kind
            ],
        )


@dataclass(slots=True)
class _Looking:
    """Judges one person's months, remembering whose ids are whose."""

    past: Past
    store: PaymentsStore
    now: datetime
    _ids: dict[bytes, tuple[bytes, list[bytes]]] = field(default_factory=dict)

    def groups(self, asked: bytes, month: date) -> Iterator[_Group]:
        """Return the households that the person, or whoever was with them then, is in now.

        Both judgements rest on the same months of income, those that were closed then; only where
        none was closed then, those that are now: a registry that is late makes no difference.
        """
        end = datetime.combine(months(month, month + timedelta(days=31))[1], datetime.min.time())
        known_then = PastStore(self.store.connection, end.replace(tzinfo=UTC) - _MOMENT)
        known_now = PastStore(self.store.connection, self.now)
        complete = complete_now = self.past.complete(known_then)
        pack = self.past.pack
        if pack.income_window(month, complete.get(pack.income_registry)) is None:
            complete_now = self.past.complete(known_now)
        person, ids = self._of(asked)
        then = self.past.judge(known_then, ids, month, complete)
        with_them = {person, asked}
        for assessment in then:
            members = _members(assessment)
            with_them |= members if members & {person, *ids} else set()
        now = self.past.judge(known_now, with_them | set(ids), month, complete_now)
        with_them = {self._of(one)[0] for one in with_them}
        groups = [members for found in now if (members := _members(found)) & with_them]
        groups += [{one} for one in with_them if not any(one in group for group in groups)]
        everybody = set().union(*groups)
        if not everybody <= set().union(*map(_members, then)):
            then = self.past.judge(known_then, everybody | set(ids), month, complete)
        for group in groups:
            yield _Group(month, group, now, then, self._payments(known_now, group, month))

    def all_ids(self, people: Iterable[bytes]) -> set[bytes]:
        """Return every id that is one of ``people`` now."""
        return {one for person in people for one in self._of(person)[1]}

    def _of(self, asked: bytes) -> tuple[bytes, list[bytes]]:
        if asked not in self._ids:
            store = PastStore(self.store.connection, self.now)
            self._ids[asked] = self.past.ids(store, asked)
        return self._ids[asked]

    def _payments(
        self, store: PastStore, group: Iterable[bytes], month: date
    ) -> list[tuple[bytes, Fact]]:
        owner = {alias: person for person in group for alias in self._of(person)[1]}
        facts = held(store.facts(owner, [BENEFIT], month), self.now)
        paid = [(owner[fact.person], fact) for fact in facts if fact.valid_from == month]
        return sorted(paid, key=lambda one: (one[0], one[1].event_id))


def _members(assessment: Assessment) -> set[bytes]:
    return {member.id for member in assessment.household.members}


def _entitled(assessments: list[Assessment], people: set[bytes], kind: str) -> Entitled:
    found: dict[bytes, int | None] = {}
    for assessment in assessments:
        for person in _members(assessment) & people:
            judgement = assessment.judgements.get((person, kind))
            if judgement is None:
                continue
            result = judgement.reason.result
            amount = judgement.amount_minor or 0
            found[person] = None if result == UNKNOWN else amount if result == MET else 0
    return found


def _because(rows: list[Rejudgement], month: date) -> bytes:
    """Return the event that moved a month: the last that speaks of it."""
    speaking = [row for row in rows if row.from_month <= month]
    return max(speaking or rows).event_id
