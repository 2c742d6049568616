"""How answers are read: a pool, one snapshot a question, and the leaf before anything is returned.

    begin -> look -> audit leaf -> COMMIT -> open what is sealed -> answer

The reading and its leaf are one transaction: a crash before the commit has shown nothing, one after
it left a leaf too many. Reasons are opened after it, and never stored in clear. This module is for
operators on the machine; ``projections.http.guard`` asks for other people, under their rights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from projections import generation
from projections.leaves import leave
from projections.moments import Moment
from projections.opening import open_all
from projections.present import Answer, freshness, present, registry_of
from projections.restrictions import Readable
from schemas.errors import TransientError

__all__ = (
    "Answer",
    "Queries",
    "Reader",
    "UnknownPersonError",
    "as_json",
    "freshness",
    "open_pool",
    "registry_of",
)

Reader = Mapping[str, object]  # what a leaf says of who reads: who, purpose, reason, ...

_BEGIN: Final = f"BEGIN ISOLATION LEVEL REPEATABLE READ; {generation.HOLD}"
_IS_KNOWN: Final = "SELECT EXISTS (SELECT FROM live.facts WHERE person = %s) AS is_known"
MOST_CONNECTIONS: Final = 8
_WAIT_SECONDS: Final = 3.0  # for a free connection
# Nothing an office asks takes longer; what does would hold up all others.
STATEMENT_SECONDS: Final = 10


class UnknownPersonError(LookupError):
    """No registry has stated anything about this id."""


@dataclass(slots=True)
class Queries:
    """Answers from the projections. Safe to share between threads."""

    pool: ConnectionPool[psycopg.Connection[Answer]]
    keystore: Readable

    def needs(self, asked: UUID, reader: Reader, at: Moment | None = None) -> Answer:
        """Return the needs as they stand: reasons, evidence, household and freshness.

        Args:
            asked: any id of the person.
            reader: who asks, for the leaf.
            at: the present moment, for the leaf and the answer.

        Raises:
            UnknownPersonError: nothing is known of this id; that is on record too.
            TransientError: the database does not answer.
        """
        with self.reading() as connection:
            person = canonical(connection, asked)
            is_known = connection.execute(_IS_KNOWN, [person]).fetchone() == {"is_known": True}
            answer = present(connection, person)
            dates = {} if at is None else at.leaf()
            rows = len(answer["needs"])
            body = {"what": "needs", "person": person, "rows": rows, **dates, **reader}
            leave(connection, "read", body)
        if not is_known:
            raise UnknownPersonError
        open_all(answer, self.keystore)
        return as_json(answer | {"known_at": None if at is None else at.known_at})

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            TransientError: it gives none.
        """
        with self.reading() as connection:
            connection.execute("SELECT number FROM kept.generation")

    @contextmanager
    def reading(self) -> Iterator[psycopg.Connection[Answer]]:
        """One transaction on one snapshot."""
        with reading(self.pool) as connection:
            yield connection


@contextmanager
def reading(
    pool: ConnectionPool[psycopg.Connection[Answer]],
) -> Iterator[psycopg.Connection[Answer]]:
    """One transaction on one snapshot; committed at the end.

    Raises:
        TransientError: the database does not answer, or not in time.
    """
    try:
        with pool.connection(timeout=_WAIT_SECONDS) as connection:
            # Both in one message; prepared statements are one each.
            connection.execute(_BEGIN, prepare=False)
            yield connection
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def open_pool(dsn: str, *, always: int = 1) -> ConnectionPool[psycopg.Connection[Answer]]:
    """Return a small pool for readers; close it in the end.

    Args:
        dsn: to the hub's database.
        always: how many connections stay open. Whoever asks in a burst does not wait for a new one:
            to sign on and to plan everything anew takes as long as many answers.
    """
    return ConnectionPool(
        dsn,
        kwargs={
            "autocommit": True,  # ``reading`` begins its transaction itself
            "row_factory": dict_row,
            "prepare_threshold": 0,
            "application_name": "hub-api",
            "connect_timeout": 5,
            # One plan for all persons: to plan anew took a third of a question's time.
            "options": "-c timezone=UTC -c plan_cache_mode=force_generic_plan"
            f" -c statement_timeout={STATEMENT_SECONDS}s"
            f" -c idle_in_transaction_session_timeout={STATEMENT_SECONDS}s -c jit=off",
        },
        min_size=always,
        max_size=MOST_CONNECTIONS,
        reconnect_timeout=30,
        open=True,
    )


def canonical(connection: psycopg.Connection[Answer], asked: UUID) -> UUID:
    """Follow the links of an id, as ``streams.identity`` does."""
    row = connection.execute("SELECT kept.canonical(%s) AS person", [asked]).fetchone()
    assert row is not None
    person: UUID = row["person"]
    return person


def as_json(answer: Answer) -> Answer:
    """Return ``answer`` with ids, dates and times as text."""
    plain: Answer = orjson.loads(orjson.dumps(answer))
    return plain
