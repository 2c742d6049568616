"""Seal what was decided and make its rows: needs, history, outbox, audit leaves, assessments."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from projections.keystore import ERASED
from projections.needs_rows import AssessmentRow, MembershipRow, NeedRow, Writes
from schemas.ids import Keys, canonical_json, text
from schemas.sealing import seal
from streams.assessment import Assessment
from streams.decision import Draft

CLASS: Final = "needs"
_EVENT_TYPES: Final = {
    "detected": "hub.need_detected",
    "changed": "hub.need_changed",
    "ended": "hub.need_ended",
}


class Waiting(NamedTuple):
    """What was seen by an assessment, and what it waits for."""

    seen: int  # the transaction below which everything was read
    settling: Mapping[bytes, tuple[datetime, bytes]] = {}  # by household: when, which annulment


KeysOf = Callable[[Iterable[tuple[bytes, str]]], Mapping[tuple[bytes, str], bytes]]


def writes(
    drafts: Iterable[Draft],
    assessments: Iterable[Assessment],
    *,
    before: Iterable[bytes],
    waiting: Waiting,
    keys: Keys,
    keys_of: KeysOf,
) -> Writes:
    """Return the rows to write, every reason sealed.

    Args:
        drafts: what is said.
        assessments: of all households.
        before: the households as stored.
        waiting: what was seen, and what the households wait for.
        keys: ids and digests.
        keys_of: sealing keys, made where missing.
    """
    drafts = list(drafts)
    sealing = keys_of({(draft.row.person, CLASS) for draft in drafts}) if drafts else {}
    found = Writes()
    for draft in drafts:
        row, block = draft.row, {"reason": draft.reason}
        key = sealing[row.person, CLASS]
        # The person was erased: that there is a need may be said, why may not.
        sealed = b"" if key == ERASED else seal(key, row.event_id, CLASS, block)
        row = row._replace(reason=sealed)
        found.needs.append(row)
        if draft.is_said:
            body = orjson.dumps(_message(row, block, draft.causation, keys))
            found.said.append((row, draft.causation))
            found.outbox.append(body)
            found.leaves.append(_leaf(row, body))
    found.assessments = [_assessment_row(assessment, waiting) for assessment in assessments]
    found.gone = sorted(set(before) - {row.household for row in found.assessments})
    return found


def memberships(
    before: Mapping[bytes, Collection[bytes]], assessments: Collection[Assessment], on: date
) -> list[MembershipRow]:
    """Return who is in another household than before, or in none any more.

    Args:
        before: the members of the households as stored, of everybody judged.
        assessments: of all households that they are in now.
        on: the day.
    """
    was = {person: household for household, members in before.items() for person in members}
    now = {
        member.id: found.household for found in assessments for member in found.household.members
    }
    moved = [
        MembershipRow(person, household.id, household.anchor, on)
        for person, household in now.items()
        if was.get(person) != household.id
    ]
    gone = sorted(was.keys() - now.keys())
    return moved + [MembershipRow(person, None, None, on) for person in gone]


def _message(
    row: NeedRow, block: dict[str, Any], causation: bytes | None, keys: Keys
) -> dict[str, object]:
    """Return the outbox body; ``connectors.needs`` reads it."""
    change = "ENDED" if row.status == "ended" else "CREATED" if row.version == 1 else "CORRECTED"
    content = {
        "need": text(row.need),
        "household": text(row.household),
        "kind": row.kind,
        "status": row.status,
        "since": row.since.isoformat(),
        "review_on": row.review_on and row.review_on.isoformat(),
        "urgency": row.urgency,
        "amount_minor": row.amount_minor,
        "rule": row.rule,
    }
    event_type = _EVENT_TYPES[row.status]
    inside = block if row.reason else None
    digest = keys.content_digest(event_type, row.person, change, content | {CLASS: inside})
    return {
        "type": event_type,
        "version": row.version,
        "subject": text(row.person),
        "change": change,
        "fields": content,
        "sealed": b64encode(row.reason).decode() if row.reason else None,
        "digest": digest.hex(),
        "causation_id": causation and text(causation),
    }


def _leaf(row: NeedRow, body: bytes) -> dict[str, object]:
    """Return the audit leaf of a decision: what was said, by hash of what leaves (sealed)."""
    return {
        "what": "need",
        "event": text(row.event_id),
        "need": text(row.need),
        "version": row.version,
        "status": row.status,
        "message_sha256": sha256(body).hexdigest(),
    }


def _assessment_row(assessment: Assessment, waiting: Waiting) -> AssessmentRow:
    near = [
        {
            "person": text(judgement.person),
            "kind": judgement.kind,
            "condition": node.name,
            "threshold": node.threshold,
            "distance": node.distance,
            "unit": node.unit,
        }
        for judgement, node in assessment.near_misses()
    ]
    settles = waiting.settling.get(assessment.household.id, (None, None))
    return AssessmentRow(
        assessment.household.id,
        assessment.household.anchor,
        [member.id for member in assessment.household.members],
        assessment.on,
        assessment.next_change_on,
        assessment.outcome,
        waiting.seen,
        canonical_json(near),
        assessment.income_through,
        *settles,
    )
