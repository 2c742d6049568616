"""From assessments to what is said: needs detected, changed and ended. Pure.

A need is said to have changed only if its substance did: household, amount, review, rule, or what
its reason says apart from the events it cites. An assessment that merely rests on other events
renews the row and says nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from projections.needs_store import NeedRow, StoredNeed
from schemas.ids import Id, Keys, text, uuid8
from streams.assessment import Assessment
from streams.person import Person
from streams.rules.calendar import months_later
from streams.rules.pack import Judgement, Rule
from streams.rules.reason import MET, MISSED, Condition, as_json, evidence, substance


class Draft(NamedTuple):
    """A need's row before its reason is sealed."""

    row: NeedRow
    reason: dict[str, Any]
    is_said: bool
    causation: bytes | None


@dataclass(frozen=True, slots=True)
class Decider:
    """What decisions are made with."""

    keys: Keys
    rules: Mapping[str, Rule]  # by kind
    pack: str

    def decide(
        self,
        assessments: Iterable[Assessment],
        stored: Mapping[bytes, StoredNeed],
        persons: Mapping[bytes, Person],
        origins: Mapping[bytes, bytes],
        on: date,
        *,
        void: Collection[bytes] = (),
    ) -> list[Draft]:
        """Return every row that is new or another than stored.

        A need that ended by an event which counts no more, and is there again, had never ended: it
        stands since it stood before. So un-merging restores it whole.

        When a need is reviewed is known here alone, as it counts from what was said: the assessment
        is given that day as its ``next_change_on`` if it is the earliest.

        Args:
            assessments: of all households of the people locked.
            stored: what was said last of all their needs.
            persons: what is known of them.
            origins: by person the event that moved them.
            on: the day.
            void: events that have been taken back.
        """
        drafts = []
        judged: dict[tuple[bytes, str], tuple[Assessment, Judgement]] = {}
        current: set[bytes] = set()
        for assessment in assessments:
            for key, judgement in assessment.judgements.items():
                judged[key] = assessment, judgement
                if judgement.reason.result != MET:
                    continue
                need = need_id(*key)
                current.add(need)
                last = stored.get(need)
                began = last.began if last is not None and last.ended_by in void else None
                draft = self._current(assessment, judgement, last, origins, began)
                if draft is not None:
                    drafts.append(draft)
        for last in stored.values():
            if last.status != "ended" and last.need not in current:
                known = judged.get((last.person, last.kind))
                drafts.append(self._ended(last, known, persons, origins, on))
        return drafts

    def _current(
        self,
        assessment: Assessment,
        judgement: Judgement,
        last: StoredNeed | None,
        origins: Mapping[bytes, bytes],
        began: date | None,
    ) -> Draft | None:
        on, household = assessment.on, assessment.household
        law = self.rules[judgement.kind]
        rule = f"{self.pack}.{judgement.kind}"
        if judgement.parameters:
            rule += f"/{judgement.parameters}"
        running = last if last is not None and last.status != "ended" else None
        since = judgement.since or (running.since if running is not None else began or on)
        review = _review(since, judgement.review_months, on)
        if review is not None:  # the day on which the next one is said
            assessment.next_change_on = min(assessment.next_change_on or review, review)
        row = NeedRow(
            need=need_id(judgement.person, judgement.kind),
            version=0,
            person=judgement.person,
            household=household.id,
            kind=judgement.kind,
            status="",
            since=since,
            review_on=judgement.review_on or review,
            urgency=law.urgency,
            amount_minor=judgement.amount_minor,
            rule=rule,
            evidence=evidence(judgement.reason),
            reason=b"",
            reason_digest=self._digest(judgement.person, rule, law.law, judgement.reason),
            event_id=b"",
            assessed_on=on,
        )
        reason = _reason(row, law.law, judgement.reason)
        causation = _origin(judgement.person, assessment, origins)
        if running is None:
            version = 1 if last is None else last.version + 1
            return self._said(row, version, "detected", reason, causation)
        if _content(row) != _content(running):
            return self._said(row, running.version + 1, "changed", reason, causation)
        if row.evidence != running.evidence:
            return self._said(row, running.version, running.status, reason, None, is_said=False)
        return None

    def _ended(
        self,
        last: StoredNeed,
        known: tuple[Assessment, Judgement] | None,
        persons: Mapping[bytes, Person],
        origins: Mapping[bytes, bytes],
        on: date,
    ) -> Draft:
        law = self.rules[last.kind].law if last.kind in self.rules else ""
        person = persons.get(last.person)
        if known is not None:
            why = known[1].reason
        elif person is not None and person.death is not None and person.is_dead(on):
            why = Condition("living", MISSED, value=person.death[0], events=(person.death[1],))
        else:
            why = Condition(last.kind, MISSED)
        row = NeedRow(
            need=last.need,
            version=0,
            person=last.person,
            household=last.household,
            kind=last.kind,
            status="",
            since=on,
            review_on=None,
            urgency=last.urgency,
            amount_minor=None,
            rule=last.rule,
            evidence=evidence(why),
            reason=b"",
            reason_digest=self._digest(last.person, last.rule, law, why),
            event_id=b"",
            assessed_on=on,
        )
        causation = origins.get(last.person)
        if causation is None and known is not None:
            causation = _origin(last.person, known[0], origins)
        return self._said(row, last.version + 1, "ended", _reason(row, law, why), causation)

    def _said(
        self,
        row: NeedRow,
        version: int,
        status: str,
        reason: dict[str, Any],
        causation: bytes | None,
        *,
        is_said: bool = True,
    ) -> Draft:
        event_id = self.keys.event_id("hub", f"need/{text(row.need)}/{version}")
        row = row._replace(version=version, status=status, event_id=event_id)
        return Draft(row, reason, is_said, causation)

    def _digest(self, person: bytes, rule: str, law: str, reason: Condition) -> bytes:
        content = {"law": law, "reason": substance(reason)}
        return self.keys.content_digest(rule, person, "", content)


def need_id(person: bytes, kind: str) -> Id:
    """Return the id of a person's need of a kind; there is one at a time."""
    return uuid8(sha256(b"need\0" + person + kind.encode()).digest())


def _content(need: NeedRow | StoredNeed) -> tuple[object, ...]:
    return (
        need.household,
        need.since,
        need.review_on,
        need.urgency,
        need.amount_minor,
        need.rule,
        need.reason_digest,
    )


def _reason(row: NeedRow, law: str, why: Condition) -> dict[str, Any]:
    return {"rule": row.rule, "law": law, "on": row.assessed_on.isoformat(), **as_json(why)}


def _review(since: date, step: int | None, on: date) -> date | None:
    """Return the first review after ``on``, counted in months from ``since``."""
    if step is None:
        return None
    passed = (on.year - since.year) * 12 + on.month - since.month
    months = passed // step * step
    while (due := months_later(since, months)) <= on:
        months += step
    return due


def _origin(person: bytes, assessment: Assessment, origins: Mapping[bytes, bytes]) -> bytes | None:
    members = (person, *(member.id for member in assessment.household.members))
    return next((origins[member] for member in members if member in origins), None)
