"""From an operator's decision in the outbox to a draft of ``hub.operator.events.v1``. Pure."""

from __future__ import annotations

from datetime import date
from typing import Final

from connectors.source import Draft, SourceRecord
from schemas.errors import InvalidRecord
from schemas.ids import PersonId, parse, text
from schemas.retention import DECISIONS
from schemas.sealing import CLASSES

_TYPES: Final = ("hub.identity_linked", "hub.identity_unlinked")
_ERASURE: Final = "hub.erasure_decided"
_MOST: Final = 200


def translate(record: SourceRecord) -> Draft:
    """Return the event that an outbox row stands for.

    Raises:
        InvalidRecord: the row is not what our own commands write.
    """
    try:
        return _draft(record)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidRecord("not_a_record") from error


def _draft(record: SourceRecord) -> Draft:
    return (_erasure if record.content.get("type") == _ERASURE else _link)(record)


def _erasure(record: SourceRecord) -> Draft:
    """Return a decision about one class of one id: a record of its own, so none undoes another."""
    content = record.content
    subject, sensitivity, decision = content["subject"], content["class"], content["decision"]
    version, until, basis = content["version"], content["until"], content["basis"]
    if sensitivity not in CLASSES or decision not in DECISIONS:
        raise InvalidRecord("code", "class" if sensitivity not in CLASSES else "decision")
    if not basis.isprintable() or not 0 < len(basis) <= _MOST:
        raise InvalidRecord("text", "basis")
    key = f"erasure/{subject}/{sensitivity}/{decision}"
    return Draft(
        type=_ERASURE,
        source_key=record.source_key,
        record_key=key,
        version=version,
        subject=PersonId(parse(subject)),
        change="CREATED" if version == 1 else "CORRECTED",
        occurred_on=date.fromisoformat(content["on"]),
        fields={
            "sensitivity": sensitivity,
            "decision": decision,
            "basis": basis,
            "until": None if until is None else date.fromisoformat(until),
        },
        corrects=None if version == 1 else f"{key}/{version - 1}",
    )


def _link(record: SourceRecord) -> Draft:
    content = record.content
    alias, person = parse(content["alias"]), parse(content["person"])
    version, before, reason = content["version"], content["before"], content["reason"]
    if content["type"] not in _TYPES:
        raise InvalidRecord("unknown_type")
    if not reason.isprintable() or not 0 < len(reason) <= _MOST:
        raise InvalidRecord("text", "reason")
    key = f"identity/{text(alias)}"
    return Draft(
        type=content["type"],
        source_key=record.source_key,
        record_key=key,
        version=version,
        subject=PersonId(person),
        change="CREATED" if before is None else "CORRECTED",
        occurred_on=date.fromisoformat(content["on"]),
        fields={"alias": alias, "person": person, "reason": reason},
        corrects=None if before is None else f"{key}/{before}",
    )
