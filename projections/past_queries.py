"""Answers about a person as of a day and as known at a moment: needs, facts, household, history.

Every read is one transaction on one snapshot and leaves its audit leaf, with both dates, committed
before anything is returned. Whatever is opened is opened after it or, where the rules need it, in
memory only. How needs are judged again is not known here: ``Judge`` is passed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Final, LiteralString, Protocol
from uuid import UUID

import psycopg

from projections import past_sql as sql
from projections.moments import SAID, Moment
from projections.past_store import PastStore
from projections.queries import (
    Answer,
    Queries,
    UnknownPersonError,
    as_json,
    freshness,
    leave,
    registry_of,
)

_CAUSE: Final = ("states", "recorded_at", "topic", "partition", "offset")


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


@dataclass(slots=True)
class PastQueries:
    """Answers as of a day, as known at a moment. Safe to share between threads."""

    queries: Queries
    judge: Judge

    def needs(self, asked: UUID, at: Moment, reader: str) -> Answer:
        """Return needs with reasons: as said, or judged again.

        Raises:
            UnknownPersonError: nothing was known of this id; that is on record too.
            TransientError: the database does not answer.
        """
        with self._reading("needs", asked, at, reader) as reading:
            if at.mode == SAID:
                answer: Answer = {"needs": reading.rows(sql.NEEDS_SAID)}
                answer["household"] = reading.household_said()
            else:
                answer = self.judge.needs(reading.store, asked.bytes, at.as_of)
            cited = {UUID(str(event)) for need in answer["needs"] for event in need["evidence"]}
            evidence = reading.connection.execute(sql.EVIDENCE, [list(cited)]).fetchall()
        if at.mode == SAID:
            self.queries.open_reasons(answer["needs"])
        answer["evidence"] = [row | {"registry": registry_of(row["topic"])} for row in evidence]
        return reading.answer(answer)

    def facts(self, asked: UUID, at: Moment, reader: str) -> Answer:
        """Return the facts in clear that held; sealed blocks stay sealed."""
        with self._reading("facts", asked, at, reader) as reading:
            rows = reading.rows(sql.FACTS)
        facts = [row | {"registry": registry_of(row["topic"])} for row in rows]
        return reading.answer({"ids": [UUID(bytes=one) for one in reading.ids], "facts": facts})

    def household(self, asked: UUID, at: Moment, reader: str) -> Answer:
        """Return the household: as said, or found again."""
        with self._reading("household", asked, at, reader) as reading:
            if at.mode == SAID:
                answer: Answer = {"household": reading.household_said()}
            else:
                answer = self.judge.household(reading.store, asked.bytes, at.as_of)
        return reading.answer(answer)

    def history(self, asked: UUID, at: Moment, reader: str) -> Answer:
        """Return everything that was said of the person's needs, oldest first, with its cause."""
        with self._reading("history", asked, at, reader) as reading:
            rows = reading.rows(sql.HISTORY)
        self.queries.open_reasons(rows)
        return reading.answer({"history": [_with_cause(row) for row in rows]})

    @contextmanager
    def _reading(self, what: str, asked: UUID, at: Moment, reader: str) -> Iterator[_Reading]:
        """One snapshot, who is meant, and the leaf last: before it is committed nothing leaves."""
        with self.queries.reading() as connection:
            store = PastStore(connection, at.known_at)
            person, ids = self.judge.ids(store, asked.bytes)
            reading = _Reading(connection, store, at, person, ids)
            is_known = reading.rows(sql.IS_KNOWN) == [{"is_known": True}]
            reading.freshness = freshness(reading.rows(sql.FRESHNESS))
            yield reading
            leave(connection, "read", {"what": what, "person": reading.person, **at.leaf()}, reader)
        if not is_known:
            raise UnknownPersonError


@dataclass(slots=True)
class _Reading:
    """One read in progress."""

    connection: psycopg.Connection[Answer]
    store: PastStore
    at: Moment
    id: bytes  # canonical, as was known
    ids: list[bytes]
    freshness: Answer = field(default_factory=dict)

    @property
    def person(self) -> str:
        return str(UUID(bytes=self.id))

    def rows(self, statement: LiteralString) -> list[Answer]:
        arguments = {
            "ids": [UUID(bytes=one) for one in self.ids],
            "person": UUID(bytes=self.id),
            "as_of": self.at.as_of,
            "known_at": self.at.known_at,
        }
        return self.connection.execute(statement, arguments).fetchall()

    def household_said(self) -> Answer | None:
        return next(iter(self.rows(sql.HOUSEHOLD_SAID)), None)

    def answer(self, found: Answer) -> Answer:
        """Return what goes out: mode, dates, what was found, and how complete knowledge was."""
        head = {
            "person": self.person,
            "mode": self.at.mode,
            "as_of": None if self.at.mode == SAID else self.at.as_of,
            "known_at": self.at.known_at,
        }
        return as_json(head | found | {"freshness": self.freshness})


def _with_cause(row: Answer) -> Answer:
    """Return a line of history with its cause as an object of its own; None: a day."""
    cause = {name: row.pop(f"cause_{name}") for name in _CAUSE}
    event = row.pop("causation_id")
    place = cause if cause["topic"] is None else cause | {"registry": registry_of(cause["topic"])}
    return row | {"cause": None if event is None else {"event_id": event, **place}}
