"""Figures for planners: counted set by set on one snapshot, put on record, then suppressed.

A run is one transaction at REPEATABLE READ. Its audit leaf is written in it and committed before
anything is shown: a crash before the commit has shown nothing, one after it left a leaf too many.
Counts leave this module through ``projections.suppression`` only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import dict_row, tuple_row
from psycopg.sql import SQL, Identifier

from projections import completeness, generation, leaves
from projections import stats_sql as sql
from schemas.errors import PermanentError, TransientError

Row = dict[str, Any]
_WHERE: Final = ("residence", "birth", "person")
_NAMED: Final = ("name", "person", "birth", "residence")


class NothingAssessedError(PermanentError):
    """There is nothing to count yet."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is counted: the day in the world and the moment of knowledge."""

    on: date
    at: datetime

    @property
    def month(self) -> date:
        return self.on.replace(day=1)

    def before(self) -> Moment:
        """Return the end of the month before."""
        return month_end(self.month - timedelta(days=1))


def month_end(month: date) -> Moment:
    """Return the last day of a month, as known when it was over."""
    following = (month.replace(day=1) + timedelta(days=31)).replace(day=1)
    over = datetime.combine(following, datetime.min.time(), UTC)
    return Moment(following - timedelta(days=1), over - timedelta(microseconds=1))


@dataclass(slots=True)
class Stats:
    """One run of counting; every call belongs to the same snapshot."""

    connection: psycopg.Connection[Row]
    partitions: int
    _held: tuple[Moment, frozenset[str]] | None = field(default=None, init=False)

    def export(self) -> str:
        """Return the name under which other sessions read this very snapshot."""
        return str(self._rows(sql.EXPORT)[0]["name"])

    def completeness(self, moment: Moment) -> dict[str, date | None]:
        """Return the day up to which each registry had stated everything."""
        with self.connection.cursor(row_factory=tuple_row) as cursor:
            rows = cursor.execute(completeness.SELECT, {"known_at": moment.at}).fetchall()
        return completeness.stated_through(completeness.by_registry(rows), self.partitions)

    def districts(self, moment: Moment) -> list[str]:
        """Return the code of every district that anybody was known to have been registered in."""
        rows = self._rows(sql.DISTRICTS, {"at": moment.at})
        return sorted(row["district"] for row in rows if row["district"])

    def needs(self, moment: Moment) -> list[Row]:
        """Return needs that stand: kind, district, age, count, cost, highest amount."""
        self._hold(moment, _WHERE)
        return self._rows(sql.NEEDS, {"on": moment.on})

    def take_up(self, moment: Moment, benefits: Mapping[str, str]) -> list[Row]:
        """Return needs that stand by kind and district: paid for in the month, or unpaid."""
        self._hold(moment, (*_WHERE, "benefit"))
        return self._rows(sql.TAKE_UP, _codes(benefits) | {"month": moment.month})

    def days(self, moment: Moment, benefits: Mapping[str, str]) -> tuple[list[Row], list[Row]]:
        """Return days from fact to need, and from need to payment, by kind."""
        self._hold(moment, (*_WHERE, "benefit"))
        first = self._rows(sql.FIRST_COMPLETE, {"at": moment.at})[0]["first"]
        told = self._rows(sql.TO_NEED, {"at": moment.at, "first": first or moment.at})
        return told, self._rows(sql.TO_PAYMENT, _codes(benefits) | {"at": moment.at})

    def missing(self, moment: Moment, closed: date | None) -> list[Row]:
        """Return what is missing, by district; ``closed`` is the last month of incomes."""
        kinds = (*_WHERE, "death", "employment", "employment_end", "income")
        self._hold(moment, kinds, since=closed)
        # Of no month at all nothing is missing: employments begin after it.
        month = closed or date(1850, 1, 1)
        arguments = {"at": moment.at, "on": moment.on, "month": month}
        return self._rows(sql.MISSING, arguments | {"month_end": month_end(month).on})

    def outcomes(self, moment: Moment) -> list[Row]:
        """Return households as they were last assessed, by district and outcome."""
        self._hold(moment, _WHERE)
        return self._rows(sql.OUTCOMES)

    def places(self, moment: Moment) -> dict[bytes, str]:
        """Return everybody's district."""
        self._hold(moment, _WHERE)
        return {row["person"]: row["district"] for row in self._rows(sql.PLACE_OF)}

    def worklist(self, moment: Moment, wanted: Mapping[str, Any]) -> list[Row]:
        """Return the needs of one district, the most urgent and oldest first."""
        self._hold(moment, _WHERE)
        return self._rows(sql.WORKLIST, wanted)

    def sealed(self, moment: Moment, persons: Sequence[UUID]) -> list[Row]:
        """Return the blocks that hold the names and addresses of ``persons``, newest first."""
        arguments = {"persons": list(persons), "kinds": list(_NAMED), "on": moment.on}
        return self._rows(sql.SEALED, arguments)

    def leave(self, body: Mapping[str, object]) -> None:
        """Put the reading on record."""
        leaves.leave(self.connection, "read", body)

    def _hold(self, moment: Moment, kinds: Sequence[str], since: date | None = None) -> None:
        """Make the tables of a moment, unless they are there and hold enough."""
        if self._held is not None and self._held[0] == moment and self._held[1].issuperset(kinds):
            return
        arguments = {
            "at": moment.at,
            "on": moment.on,
            "kinds": list(kinds),
            "since": since or date.max,
        }
        self.connection.execute(sql.FORGET)
        for name, statement in sql.TABLES.items():
            self.connection.execute(statement, arguments)
            self.connection.execute(SQL("ANALYZE {}").format(Identifier(name)))
        self._held = (moment, frozenset(kinds))

    def _rows(
        self, statement: LiteralString, arguments: Mapping[str, Any] | None = None
    ) -> list[Row]:
        return self.connection.execute(statement, arguments).fetchall()


@contextmanager
def counting(dsn: str, partitions: int) -> Iterator[Stats]:
    """Count on one snapshot; what was put on record is committed at the end.

    Raises:
        TransientError: the database does not answer.
        NothingAssessedError: nobody has been assessed, or there are no tables.
    """
    try:
        with psycopg.connect(dsn, row_factory=dict_row, **sql.SESSION) as connection:  # type: ignore[arg-type]
            connection.execute(sql.BEGIN)
            connection.execute(generation.HOLD)
            stats = Stats(connection, partitions)
            if connection.execute(sql.FIRST_SAID).fetchone() == {"first": None}:
                raise NothingAssessedError("nobody has been assessed yet; see `hub status`")
            yield stats
    except psycopg.errors.UndefinedTable as error:
        raise NothingAssessedError("the tables are not there; run `hub init`") from error
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def _codes(benefits: Mapping[str, str]) -> dict[str, list[str]]:
    return {"codes": list(benefits), "of": list(benefits.values())}
