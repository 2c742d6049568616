"""Assess everybody in a rebuild, and hold what is concluded against what was said.

``live.needs`` is the last word on each need: it comes from what was said, and the assessment adds
what is not said (the evidence of today, the digest of the reason). Where it comes to another
conclusion, that is a *finding*: nothing is said here; the person is queued in the rebuild, and the
assessor says what is right once the rebuild is live.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple, Protocol

from projections.needs_store import NeedsStore, StoredNeed, Writes
from projections.replay_needs import Reason, queue, reasons_of, set_digests
from projections.sealing_keys import KeyStore
from schemas.ids import Keys, text
from streams.assessment import Assessment
from streams.decision import Decider, Draft, need_id
from streams.everyone import Batch, Everyone
from streams.resaid import opened
from streams.rules.reason import Condition, substance
from streams.saying import CLASS, Waiting, writes

_SUBSTANCE: Final = ("household", "since", "review_on", "urgency", "amount_minor", "rule")
_ONLY_SHOWN: Final = {"distance", "near_miss", "events", "rule", "law", "on"}


class Finding(NamedTuple):
    """A need of which the rebuild concludes something else than what was said last."""

    need: bytes
    person: bytes
    version: int  # said last; 0: none
    column: str


class Tick(Protocol):
    """Told how many more households were assessed, and of how many parts this was one."""

    def __call__(self, households: int, parts: int) -> None: ...


@dataclass(slots=True)
class Reassessed:
    """What one process's share came to."""

    households: int = 0
    needs: Counter[str] = field(default_factory=Counter)  # that hold, by kind
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Reassessment:
    """One process's share of everybody.

    Args:
        everyone: of the rebuild's schema.
        store: the rebuild's needs and assessments.
        keystore: sealing keys.
        keys: ids and digests.
        seen: the transaction below which everything is seen.
        concludes: other conclusions go into the tables, too: for a look at the past, never for a
            schema that becomes live.
    """

    everyone: Everyone
    store: NeedsStore
    keystore: KeyStore
    keys: Keys
    seen: int
    concludes: bool = False

    def run(self, on: date, now: datetime, tick: Tick) -> Reassessed:
        """Write assessments and complete needs, a batch a transaction; return what was found."""
        pack, total = self.everyone.pack, Reassessed()
        decider = Decider(self.keys, pack.by_kind(), pack.name)
        for batch in self.everyone.batches(on, now):
            assessments = batch.assess(pack)
            with self.store.connection.transaction():
                total.findings += self._hold_against(batch, assessments, decider)
            total.households += len(assessments)
            total.needs.update(need.kind for each in assessments for need in each.needs())
            tick(len(assessments), batch.of)
        return total

    def _hold_against(
        self, batch: Batch, assessments: Sequence[Assessment], decider: Decider
    ) -> list[Finding]:
        ids = {fact.person for fact in batch.facts} | set(batch.persons)
        stored = self.store.needs_of(ids)
        reasons = _Reasons(reasons_of(self.store.connection, ids), self.keystore, assessments)
        drafts = decider.decide(assessments, stored, batch.persons, {}, batch.on)
        digests: dict[bytes, bytes] = {}
        renewed: list[Draft] = []
        findings: list[Finding] = []
        for draft in drafts:
            last = stored.get(draft.row.need)
            what = _difference(draft, last, reasons)
            if what is not None:
                if self.concludes:
                    renewed.append(draft)
                version = 0 if last is None else last.version
                findings.append(Finding(draft.row.need, draft.row.person, version, what))
                continue
            assert last is not None
            digests[last.need] = draft.row.reason_digest
            if draft.row.evidence != last.evidence:
                renewed.append(self._renewed(draft, last))
        found = writes(
            renewed,
            assessments,
            before=(),
            waiting=Waiting(self.seen, batch.settles()),
            keys=self.keys,
            keys_of=self.keystore.keys,
        )
        self.store.write(Writes(needs=found.needs, assessments=found.assessments), [])
        set_digests(self.store.connection, digests)
        queue(self.store.connection, {finding.person for finding in findings})
        return findings

    def _renewed(self, draft: Draft, last: StoredNeed) -> Draft:
        source_key = f"need/{text(last.need)}/{last.version}"
        row = draft.row._replace(
            version=last.version,
            status=last.status,
            event_id=self.keys.event_id("hub", source_key),
        )
        return draft._replace(row=row, is_said=False, causation=None)


@dataclass(slots=True)
class _Reasons:
    """Why needs were said to be, against why they are."""

    stored: Mapping[bytes, Reason]
    keystore: KeyStore
    assessments: Sequence[Assessment]
    _conditions: dict[bytes, Condition] | None = None
    _keys: Mapping[tuple[bytes, str], bytes] | None = None

    def are_the_same(self, draft: Draft) -> bool:
        """Return whether the reason said has the substance of the one found.

        One that cannot be opened any more is taken for the same.
        """
        said = self._said(draft.row.need)
        if not said:
            return True
        condition = self._condition(draft.row.need)
        return condition is not None and (
            said.get("law") == draft.reason.get("law")
            and _stripped(said, condition) == substance(condition)
        )

    def _said(self, need: bytes) -> Mapping[str, Any]:
        if self._keys is None:
            names = {(each.person, CLASS) for each in self.stored.values()}
            self._keys = self.keystore.existing(names)
        reason = self.stored[need]
        return opened(self._keys.get((reason.person, CLASS)), reason.event_id, reason.block)

    def _condition(self, need: bytes) -> Condition | None:
        if self._conditions is None:
            self._conditions = {
                need_id(judgement.person, judgement.kind): judgement.reason
                for assessment in self.assessments
                for judgement in assessment.needs()
            }
        return self._conditions.get(need)


def _difference(draft: Draft, last: StoredNeed | None, reasons: _Reasons) -> str | None:
    """Return the first thing in which ``draft`` says something else than what was said last."""
    row = draft.row
    if last is None or last.status == "ended" or row.status == "ended":
        return "status"
    for name in _SUBSTANCE:
        if getattr(row, name) != getattr(last, name):
            return name
    if row.reason_digest == last.reason_digest or reasons.are_the_same(draft):
        return None
    return "reason"


def _stripped(node: Mapping[str, Any], condition: Condition) -> dict[str, Any]:
    """Return the substance of a reason as it was stored, in the shape of ``substance``."""
    kept = {
        name: value for name, value in node.items() if name not in _ONLY_SHOWN and name != "parts"
    }
    if condition.volatile:
        kept.pop("value", None)
    if "parts" in node:
        parts = node["parts"]
        if len(parts) != len(condition.parts):
            return {}
        kept["parts"] = [_stripped(*pair) for pair in zip(parts, condition.parts, strict=True)]
    return kept
