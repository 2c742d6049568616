"""A cache that is asked all the time grows old all the same."""

from __future__ import annotations

from contextlib import closing

import psycopg

from projections.keystore import ERASED, PostgresKeyStore, initialise

NAME = (bytes(range(16)), "health")


def test_a_key_in_constant_use_outlives_its_erasure_by_no_more_than_the_age(database: str) -> None:
    initialise(database)
    seconds = [0.0]
    with closing(
        PostgresKeyStore(database, b"w" * 32, max_age_seconds=60, clock=lambda: seconds[0])
    ) as store:
        store.keys([NAME])
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE sealing_keys SET state = 'erased', wrapped = NULL")

        for seconds[0] in (20.0, 40.0, 59.0):
            store.existing([NAME])
        seconds[0] = 61.0

        assert store.existing([NAME]) == {NAME: ERASED}
