"""Follow the stream of decoded messages: transactions in, records with their places out. Pure.

Places are counted, not taken from LSNs: ``Place.index`` is the number of records read of one
transaction, and the server repeats a transaction in the same order every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from connectors.civil.cursor import Place, lsn_text
from connectors.civil.pgoutput import (
    Begin,
    Commit,
    Decoded,
    Delete,
    Insert,
    Message,
    Relation,
    Truncate,
    Unchanged,
    Update,
    Values,
)
from connectors.civil.records import CivilRecord, Row, civil_record
from connectors.civil.tables import SCHEMA, TABLES
from schemas.errors import PermanentError

_FULL: Final = "f"


@dataclass(frozen=True, slots=True)
class Changed:
    """A record, and the place just after it."""

    record: CivilRecord
    place: Place


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction was read whole; what it held besides records."""

    place: Place
    marks: tuple[tuple[str, bytes], ...]  # logical messages: prefix, content
    not_ours: int  # changes of other tables


Item = Changed | Committed


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]


@dataclass(slots=True)
class Changes:
    """What has to be remembered between messages.

    Args:
        place: where reading goes on; records before it are left out.
    """

    place: Place
    _tables: dict[int, _Table | None] = field(default_factory=dict)  # None: not ours
    _commit_lsn: int | None = None  # of the transaction that is open
    _index: int = 0
    _skip: int = 0  # records of the open transaction that were read before
    _marks: list[tuple[str, bytes]] = field(default_factory=list)
    _not_ours: int = 0

    @property
    def between(self) -> bool:
        """Between two transactions, with nothing half read."""
        return self._commit_lsn is None and self.place.commit_lsn is None

    def feed(self, message: Decoded) -> Iterator[Item]:
        """Return what ``message`` adds.

        Raises:
            PermanentError: the stream states what cannot be followed; the text says what to do.
        """
        match message:
            case Insert():
                table = self._table(message.oid)
                if table is not None:
                    yield from self._changed(table, _row(table, message.new))
            case Update():
                table = self._table(message.oid)
                if table is not None:
                    yield from self._updated(table, message)
            case Delete():
                table = self._table(message.oid)
                if table is not None:
                    _require_full(table, message.kind)
                    yield from self._changed(table, _row(table, message.old), deleted=True)
            case Begin():
                self._begin(message)
            case Commit():
                yield self._commit(message)
            case Message():
                self._marks.append((message.prefix, message.content))
                if not message.transactional and self.between:
                    yield self._settle(self.place)
            case Relation():
                self._tables[message.oid] = _table(message)
            case Truncate():
                self._refuse_truncate(message)

    def _begin(self, begin: Begin) -> None:
        half_read = self.place.commit_lsn
        if half_read is not None and begin.commit_lsn > half_read:
            raise PermanentError(
                f"the transaction committed at {lsn_text(half_read)} was read in part and is no "
                "longer in the stream: was the publication or the slot changed? Restore it, or "
                "begin again with a new slot, checkpoint and snapshot; see docs/civil-connector.md"
            )
        self._commit_lsn = begin.commit_lsn
        self._index = 0
        self._skip = self.place.index if begin.commit_lsn == half_read else 0

    def _commit(self, commit: Commit) -> Committed:
        self._commit_lsn = None
        return self._settle(Place(commit.end_lsn))

    def _settle(self, place: Place) -> Committed:
        self.place = place
        marks, self._marks = tuple(self._marks), []
        not_ours, self._not_ours = self._not_ours, 0
        return Committed(place, marks, not_ours)

    def _updated(self, table: _Table, update: Update) -> Iterator[Item]:
        _require_full(table, update.kind)
        assert update.old is not None
        old = _row(table, update.old)
        new = _row(table, update.new, update.old)
        if old["record_id"] != new["record_id"]:  # one record went, another came
            yield from self._changed(table, old, deleted=True)
        yield from self._changed(table, new)

    def _changed(self, table: _Table, row: Row, *, deleted: bool = False) -> Iterator[Item]:
        if self._commit_lsn is None:
            raise PermanentError("the stream holds a change outside a transaction")
        self._index += 1
        if self._index <= self._skip:
            return
        self.place = Place(self.place.lsn, self._commit_lsn, self._index)
        yield Changed(civil_record(table.name, row, deleted=deleted), self.place)

    def _table(self, oid: int) -> _Table | None:
        try:
            table = self._tables[oid]
        except KeyError:
            raise PermanentError("the stream holds a row of a table not described before") from None
        if table is None:
            self._not_ours += 1
        return table

    def _refuse_truncate(self, truncate: Truncate) -> None:
        names = [table.name for oid in truncate.oids if (table := self._tables.get(oid))]
        if names:
            raise PermanentError(
                f"civil.{', civil.'.join(names)} was emptied by TRUNCATE, which does not say which "
                "records are void. Restore the rows, or annul them one by one, then begin again "
                "with a new slot and checkpoint; see docs/civil-connector.md"
            )


def _table(relation: Relation) -> _Table | None:
    if relation.namespace != SCHEMA or relation.name not in TABLES:
        return None
    table = _Table(relation.name, relation.columns)
    _require_full(table, "O" if relation.identity == _FULL else None)
    missing = sorted(set(TABLES[table.name]) - set(relation.columns))
    if missing:
        raise PermanentError(
            f"civil.{table.name} lost columns: {', '.join(missing)}; see docs/sources.md"
        )
    return table


def _require_full(table: _Table, kind: str | None) -> None:
    if kind != "O":
        raise PermanentError(
            f"civil.{table.name} does not send whole old rows; run: "
            f"ALTER TABLE civil.{table.name} REPLICA IDENTITY FULL"
        )


def _row(table: _Table, values: Values, old: Values | None = None) -> Row:
    """Return the columns that are ours; a value that was not sent is that of the old row."""
    if len(values) != len(table.columns) or (old is not None and len(old) != len(values)):
        raise PermanentError(f"a row of civil.{table.name} has another number of columns")
    row: dict[str, bytes | None] = {}
    for at, (column, value) in enumerate(zip(table.columns, values, strict=True)):
        if isinstance(value, Unchanged):
            value = old[at] if old is not None else value  # noqa: PLW2901
        if isinstance(value, Unchanged):
            _require_full(table, None)
        else:
            row[column] = value
    return row
