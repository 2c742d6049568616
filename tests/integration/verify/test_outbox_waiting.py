"""A row of the outbox that has no number yet waits like any other."""

from __future__ import annotations

from contextlib import closing

import psycopg
from psycopg.rows import dict_row

from ops.progress import Observer
from projections.migrations import migrate


def test_a_row_without_number_is_still_to_be_published(database: str) -> None:
    migrate(database)
    observer = Observer.__new__(Observer)  # without Kafka, which this does not ask
    with closing(psycopg.connect(database, autocommit=True, row_factory=dict_row)) as connection:
        observer._database = connection
        for number in (1, 2, None):
            connection.execute(
                "INSERT INTO kept.outbox (number, kind, body) VALUES (%s, 'need', '{}')", [number]
            )

        connection.execute(
            "INSERT INTO kept.outbox (number, kind, body) VALUES (3, 'operator', '{}')"
        )
        assert observer._outbox_after(9, 2) == 2
        assert observer._outbox_after(9, 3) == 1
        connection.execute("DELETE FROM kept.outbox WHERE kind = 'operator'")

        assert observer._outbox_after(0) == 3
        assert observer._outbox_after(1) == 2
        assert observer._outbox_after(2) == 1
