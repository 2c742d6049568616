"""From an outbox row to a draft of ``citizen.needs.v1``. Pure.

The reason comes sealed, under the id that this event will have; its digest comes along, because
nobody after the assessor can see what is inside.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from typing import Final

from connectors.source import Draft, SourceRecord
from schemas.errors import InvalidRecord
from schemas.ids import PersonId, parse

_DATES: Final = ("since", "review_on")
_IDS: Final = ("need", "household")


def translate(record: SourceRecord) -> Draft:
    """Return the event that an outbox row stands for.

    Raises:
        InvalidRecord: the row is not what our own assessor writes.
    """
    try:
        return _draft(record)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecord("not_a_record") from error


def _draft(record: SourceRecord) -> Draft:
    content = record.content
    fields = dict(content["fields"])
    need, version = fields["need"], content["version"]
    for name in _IDS:
        fields[name] = parse(fields[name])
    for name in _DATES:
        fields[name] = None if fields[name] is None else date.fromisoformat(fields[name])
    sealed, causation = content["sealed"], content["causation_id"]
    return Draft(
        type=content["type"],
        source_key=record.source_key,
        record_key=f"need/{need}",
        version=version,
        subject=PersonId(parse(content["subject"])),
        change=content["change"],
        occurred_on=fields["since"],
        fields=fields,
        corrects=f"need/{need}/{version - 1}" if version > 1 else None,
        presealed={} if sealed is None else {"needs": b64decode(sealed)},
        content_digest=bytes.fromhex(content["digest"]),
        causation_id=None if causation is None else parse(causation),
    )
