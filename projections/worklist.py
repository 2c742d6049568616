"""Who needs a visit, and, where somebody may see it, under which name and address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from projections.keystore import ERASED, open_block
from projections.sealing_keys import KeyReader
from projections.stats import Moment, Stats

_FIELDS: Final = {"identity": ("surname", "given_name", "patronymic"), "contact": ("address",)}


@dataclass(frozen=True, slots=True)
class Visit:
    """One need of one person."""

    person: UUID
    household: UUID
    kind: str
    since: date
    review_on: date | None
    urgency: str


class Found(NamedTuple):
    """The first rows of a list, and how long it is."""

    rows: list[Visit]
    of: int


class Named(NamedTuple):
    """What the sealed blocks say; empty if erased, or never stated."""

    name: str = ""
    address: str = ""


def visits(
    stats: Stats,
    moment: Moment,
    *,
    district: str,
    kind: str | None,
    urgency: str | None,
    urgencies: Sequence[str],
    leave_out: Sequence[str],
    limit: int,
) -> Found:
    """Return the needs of a district, or of a region by its code, most urgent and oldest first."""
    rows = stats.worklist(
        moment,
        {
            "district": f"{district}%",
            "kind": kind,
            "urgency": urgency,
            "urgencies": list(urgencies),
            "leave_out": list(leave_out),
            "limit": limit,
        },
    )
    return Found(
        [
            Visit(r["person"], r["household"], r["kind"], r["since"], r["review_on"], r["urgency"])
            for r in rows
        ],
        rows[0]["of"] if rows else 0,
    )


def named(rows: Iterable[Mapping[str, Any]], keystore: KeyReader) -> dict[UUID, Named]:
    """Open names and addresses; of several statements the newest that can be opened."""
    blocks = list(rows)
    keys = keystore.existing({(row["owner"].bytes, row["sensitivity"]) for row in blocks})
    found: dict[UUID, Named] = {}
    for row in blocks:
        person, sensitivity = row["person"], row["sensitivity"]
        known = found.setdefault(person, Named())
        if known.name if sensitivity == "identity" else known.address:
            continue
        key = keys.get((row["owner"].bytes, sensitivity), ERASED)
        opened = open_block(key, row["event_id"].bytes, sensitivity, bytes(row["sealed"]))
        if not isinstance(opened, dict):
            continue
        text = " ".join(str(opened[f]) for f in _FIELDS[sensitivity] if opened.get(f))
        field = "name" if sensitivity == "identity" else "address"
        found[person] = known._replace(**{field: text})
    return found
