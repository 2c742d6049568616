"""Answers about a person as of a day and as known at a moment: needs, facts, household, history.

Every read is one transaction on one snapshot and leaves its audit leaf, with both dates, committed
before anything is returned. Whatever is opened is opened after it or, where the rules need it, in
memory only. How needs are judged again is not known here: ``Judge`` is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, LiteralString, Protocol
from uuid import UUID

import psycopg

from projections import past_sql as sql
from projections.leaves import leave
from projections.moments import SAID, Moment
from projections.opening import Sealed, open_all
from projections.past_store import PastStore
from projections.present import (
    Answer,
    evidence_of,
    fresh,
    registry_of,
    sealed_reasons,
)
from projections.queries import Queries, Reader, UnknownPersonError, as_json

_CAUSE: Final = ("states", "recorded_at", "topic", "partition", "offset")

Judging = Callable[[psycopg.Connection[Any]], AbstractContextManager[None]]


class Judge(Protocol):
    """What only the rules can say; ``streams.past`` keeps it. Reads through the store only."""

    def ids(self, store: PastStore, asked: bytes) -> tuple[bytes, list[bytes]]:
        """Return the person that an id stood for, and all ids of that person."""
        ...

    def needs(self, store: PastStore, asked: bytes, on: date) -> Answer:
        """Return person, household, needs, near_misses and unknown."""
        ...

    def household(self, store: PastStore, asked: bytes, on: date) -> Answer:
        """Return person and household."""
        ...


def _as_one_is(_: psycopg.Connection[Any]) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(slots=True)
class PastReading:
    """One question in progress, in the transaction that is open. What is sealed stays sealed."""

    connection: psycopg.Connection[Answer]
    judge: Judge
    asked: UUID
    at: Moment
    judging: Judging = _as_one_is  # within it the rules may read whom they have to
    store: PastStore = field(init=False)
    person: UUID = field(init=False)  # canonical, as was known
    ids: list[UUID] = field(init=False)

    def __post_init__(self) -> None:
        self.store = PastStore(self.connection, self.at.known_at)
        with self.judging(self.connection):  # links are in sight of the rules only
            person, ids = self.judge.ids(self.store, self.asked.bytes)
        self.person, self.ids = UUID(bytes=person), [UUID(bytes=one) for one in ids]

    def is_known(self) -> bool:
        """Return whether a registry had stated anything of the person by then."""
        return self._rows(sql.IS_KNOWN) == [{"is_known": True}]

    def needs(self) -> Answer:
        """Return needs with their evidence: as said, or judged again."""
        if self.at.mode == SAID:
            answer: Answer = {"needs": sealed_reasons(self._rows(sql.NEEDS_SAID))}
            answer["household"] = self._household_said()
        else:
            with self.judging(self.connection):
                answer = self.judge.needs(self.store, self.asked.bytes, self.at.as_of)
        answer["evidence"] = evidence_of(self.connection, answer["needs"])
        return self._answer(answer)

    def facts(self) -> Answer:
        """Return the facts that held; a sealed block is in ``value`` under its class."""
        facts = []
        for row in self._rows(sql.FACTS):
            block, sensitivity = row.pop("sealed"), row["sensitivity"]
            if block is not None and sensitivity is not None:
                sealed = Sealed(row["person"], row["event_id"], sensitivity, bytes(block))
                row["value"] = {**row["value"], sensitivity: sealed}
            facts.append(row | {"registry": registry_of(row["topic"])})
        return self._answer({"ids": self.ids, "facts": facts})

    def household(self) -> Answer:
        """Return the household: as said, or found again."""
        if self.at.mode == SAID:
            return self._answer({"household": self._household_said()})
        with self.judging(self.connection):
            found = self.judge.household(self.store, self.asked.bytes, self.at.as_of)
        return self._answer(found)

    def history(self) -> Answer:
        """Return everything that was said of the person's needs, oldest first, with its cause."""
        rows = sealed_reasons(self._rows(sql.HISTORY))
        return self._answer({"history": [_with_cause(row) for row in rows]})

    def _household_said(self) -> Answer | None:
        return next(iter(self._rows(sql.HOUSEHOLD_SAID)), None)

    def _rows(self, statement: LiteralString) -> list[Answer]:
        arguments = {
            "ids": self.ids,
            "person": self.person,
            "as_of": self.at.as_of,
            "known_at": self.at.known_at,
        }
        return self.connection.execute(statement, arguments).fetchall()

    def _answer(self, found: Answer) -> Answer:
        """Return what goes out: mode, dates, what was found, and how complete knowledge was."""
        head = {
            "person": self.person,
            "mode": self.at.mode,
            "as_of": None if self.at.mode == SAID else self.at.as_of,
            "known_at": self.at.known_at,
        }
        return head | found | {"freshness": fresh(self.connection, self.at.known_at)}


@dataclass(slots=True)
class PastQueries:
    """Answers for operators on the machine. Safe to share between threads."""

    queries: Queries
    judge: Judge

    def needs(self, asked: UUID, at: Moment, reader: Reader) -> Answer:
        """Return needs with reasons: as said, or judged again.

        Raises:
            UnknownPersonError: nothing was known of this id; that is on record too.
            TransientError: the database does not answer.
        """
        with self._reading("needs", asked, at, reader) as reading:
            answer = reading.needs()
        open_all(answer, self.queries.keystore)
        return as_json(answer)

    def facts(self, asked: UUID, at: Moment, reader: Reader) -> Answer:
        """Return the facts in clear that held; sealed blocks stay sealed."""
        with self._reading("facts", asked, at, reader) as reading:
            answer = reading.facts()
        for row in answer["facts"]:
            row["value"] = {k: v for k, v in row["value"].items() if not isinstance(v, Sealed)}
        return as_json(answer)

    def household(self, asked: UUID, at: Moment, reader: Reader) -> Answer:
        """Return the household: as said, or found again."""
        with self._reading("household", asked, at, reader) as reading:
            answer = reading.household()
        return as_json(answer)

    def history(self, asked: UUID, at: Moment, reader: Reader) -> Answer:
        """Return everything that was said of the person's needs, oldest first, with its cause."""
        with self._reading("history", asked, at, reader) as reading:
            answer = reading.history()
        open_all(answer, self.queries.keystore)
        return as_json(answer)

    @contextmanager
    def _reading(self, what: str, asked: UUID, at: Moment, reader: Reader) -> Iterator[PastReading]:
        """One snapshot, who is meant, and the leaf last: before it is committed nothing leaves."""
        with self.queries.reading() as connection:
            reading = PastReading(connection, self.judge, asked, at)
            is_known = reading.is_known()
            yield reading
            body = {"what": what, "person": reading.person, **at.leaf(), **reader}
            leave(connection, "read", body)
        if not is_known:
            raise UnknownPersonError


def _with_cause(row: Answer) -> Answer:
    """Return a line of history with its cause as an object of its own; None: a day."""
    cause = {name: row.pop(f"cause_{name}") for name in _CAUSE}
    event = row.pop("causation_id")
    place = cause if cause["topic"] is None else cause | {"registry": registry_of(cause["topic"])}
    return row | {"cause": None if event is None else {"event_id": event, **place}}
