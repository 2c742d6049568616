"""Every contestant ends with the same rows, and a row that differs is found."""

from __future__ import annotations

import psycopg
import pytest

from ops.bench import limits, rows
from ops.bench.contestants import CONTESTANTS
from ops.bench.race import Arena, RaceError, empty_tables, run

EVENTS = 2000  # as in conftest.py

TAMPERED = {
    "a value": """value = '{"employer": null}'""",
    "a date": "valid_to = valid_to + 1",
    "a person": "person = event_id",
    "a place": '"offset" = "offset" + 1',
    "a digest": r"digest = '\x00'",
}


def test_every_contestant_ends_with_the_same_rows(arena: Arena) -> None:
    found = {}
    for contestant in CONTESTANTS:
        with empty_tables(arena.settings, f"test_{contestant.name}") as database:
            done = run(
                arena,
                contestant,
                batch=contestant.batches[0],
                database=database,
                tick=lambda _: None,
            )
            found[contestant.name] = rows.digest(arena.settings, database)
            assert done.events == EVENTS
            assert done.seconds > 0
            if contestant is CONTESTANTS[-1]:
                _every_difference_is_found(arena, database, found[contestant.name])
                assert all(rate > 0 for rate in limits.copying(arena, database).values())

    assert set(found.values()) == {found["ours"]}
    assert all(rate > 0 for rate in limits.decoding(arena).values())


def _every_difference_is_found(arena: Arena, database: str, digest: str) -> None:
    seen = {digest}
    for name, change in TAMPERED.items():
        with psycopg.connect(arena.settings.local_dsn(database), autocommit=True) as connection:
            one = "(SELECT event_id FROM live.facts WHERE valid_to IS NOT NULL ORDER BY 1 LIMIT 1)"
            connection.execute(f"UPDATE live.facts SET {change} WHERE event_id = {one}".encode())
        changed = rows.digest(arena.settings, database)
        assert changed not in seen, name
        seen.add(changed)


def test_a_contestant_that_ends_early_is_named_with_its_last_words(arena: Arena) -> None:
    broken = CONTESTANTS[1]
    lost = Arena(arena.settings, arena.topic, {}, EVENTS, EVENTS)  # it knows no schema
    with (
        empty_tables(arena.settings, "test_broken") as database,
        pytest.raises(RaceError, match=r"Quix Streams.*ended at 0 of 2000(?s:.*)KeyError"),
    ):
        run(lost, broken, batch=1000, database=database, tick=lambda _: None)
