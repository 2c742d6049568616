"""Wait until a decision has come through: published, stored, judged. Reads only."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg

from projections.decisions import Decided
from schemas.errors import PermanentError, TransientError

STAGES: Final = ("waiting for its number", "numbered, not stored yet", "stored, not judged yet")
THROUGH: Final = len(STAGES)
_POLL_SECONDS: Final = 0.2

_STAGE: Final = """
SELECT CASE
    WHEN EXISTS (SELECT FROM live.quarantined WHERE event_id = %(event)s) THEN -1
    WHEN NOT EXISTS (SELECT FROM live.facts WHERE event_id = %(event)s)
      THEN (SELECT count(*) FROM kept.outbox WHERE about = %(alias)s AND number IS NOT NULL
                AND id = (SELECT max(id) FROM kept.outbox WHERE about = %(alias)s))
    WHEN EXISTS (SELECT FROM live.causes
                  WHERE person = ANY (%(persons)s::uuid[]) OR record = %(record)s)
      THEN 2
    ELSE 3 END
"""
_AROUND: Final = """
SELECT DISTINCT member FROM live.assessments, unnest(members) AS member
 WHERE members && %s::uuid[]
"""
_VERSIONS: Final = "SELECT need, version FROM live.needs WHERE person = ANY (%s::uuid[])"
_CHANGED: Final = """
SELECT need, version, person, kind, status, amount_minor FROM live.needs
 WHERE person = ANY (%s::uuid[]) ORDER BY person, kind
"""


@dataclass(slots=True)
class Watch:
    """What was said before, to tell afterwards what changed."""

    connection: psycopg.Connection[tuple[Any, ...]]
    persons: set[UUID]
    _versions: dict[UUID, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Note the needs of everybody around the two ids."""
        self.persons |= self._around()
        rows = self.connection.execute(_VERSIONS, [list(self.persons)]).fetchall()
        self._versions = dict(rows)

    def wait(self, decided: Decided, seconds: float, show: Callable[[int], None]) -> None:
        """Return once the decision was judged; ``show`` learns how far it has come.

        Raises:
            TransientError: it takes longer; the decision stands all the same.
            PermanentError: the event was quarantined.
        """
        until = time.monotonic() + seconds
        while (stage := self._stage(decided)) < THROUGH:
            if stage < 0:
                raise PermanentError("the workers refused the event; see docs/worker.md")
            show(stage)
            if time.monotonic() >= until:
                raise TransientError(
                    f"the decision stands and is {STAGES[stage]}; see `hub status`. To wait again, "
                    "say the same again: nothing is decided twice"
                )
            time.sleep(_POLL_SECONDS)
        show(THROUGH)

    def changes(self) -> list[tuple[UUID, str, str, int | None]]:
        """Return (person, kind, status, amount) of every need of which more was said."""
        persons = self.persons | self._around()
        rows = self.connection.execute(_CHANGED, [list(persons)]).fetchall()
        return [
            (person, kind, status, amount)
            for need, version, person, kind, status, amount in rows
            if version > self._versions.get(need, 0)
        ]

    def _stage(self, decided: Decided) -> int:
        decision = decided.decision
        named: dict[str, object] = {
            "event": UUID(bytes=decided.event_id),
            "record": UUID(bytes=decided.record),
            "alias": decision.alias,
            "persons": _listed({decision.alias, decision.person}),
        }
        row = self.connection.execute(_STAGE, named).fetchone()
        assert row is not None
        return int(row[0])

    def _around(self) -> set[UUID]:
        rows = self.connection.execute(_AROUND, [_listed(self.persons)]).fetchall()
        return {row[0] for row in rows}


def _listed(identifiers: Collection[UUID]) -> list[UUID]:
    return list(identifiers)
