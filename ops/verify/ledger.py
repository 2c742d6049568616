"""Read the simulator's ledger into verify's own values."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ops.simulator.ledger import Ledger as Written
from ops.verify.values import DUE, RACING, SUPERSEDED, Expected, Known, Ledger, Planted

_TIYIN = 100  # in a soum; the ledger's known needs are in soum


def read_ledger(home: Path) -> Ledger | None:
    """Return what the simulator expects, or None where no country was written."""
    try:
        written = Written.load(home)
    except FileNotFoundError:
        return None
    racing = written.racing()

    def fate(source_key: str, superseded: bool) -> str:
        if superseded:
            return SUPERSEDED
        return RACING if source_key in racing else DUE

    return Ledger(
        events=[
            Expected(
                row.id,
                row.registry,
                row.source_key,
                row.type,
                row.subject,
                row.change,
                row.digest,
                fate(row.source_key, row.superseded),
            )
            for row in written.events
        ],
        planted=[
            Planted(
                row.id,
                row.registry,
                row.source_key,
                row.rule,
                fate(row.source_key, row.superseded),
            )
            for row in written.faults
        ],
        refused={row.name for row in written.files if row.outcome == "refused"},
        duplicates={row.name for row in written.files if row.outcome == "duplicate"},
        known=_known(written),
        today=_today(written.country),
    )


def _known(written: Written) -> list[Known]:
    needs: dict[str, list[tuple[str, int | None]]] = {}
    for row in written.known_needs:
        amount = None if row.amount is None else row.amount * _TIYIN
        needs.setdefault(row.person, []).append((row.kind, amount))
    people = written.known_people
    return [
        Known(name, person, tuple(sorted(needs.get(person, []), key=str)))
        for name, person in people.items()
    ]


def _today(country: dict[str, object]) -> date | None:
    stated = country.get("until")
    return date.fromisoformat(stated) if isinstance(stated, str) else None
