"""The rows `audit`, `query` and `feeds` measure what they say, or say that they did not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.bench import audit_report, auditing, feed_report, feeding, query_report, querying
from ops.bench.arrivals import HOW
from ops.bench.auditing import PUBLISHED, WAYS, WITHOUT
from ops.bench.contestants import OURS
from ops.bench.log_rates import LIMIT_OF
from ops.bench.race import Arena, RaceError, Tick, empty_tables
from streams.feeds import relay


def begin(_: str, __: int) -> Tick:
    return lambda _: None


def silent(_: str) -> None:
    return


def test_ingest_is_measured_with_and_without_a_record(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MORE_ROUNDS", 0)

    found = auditing.measure(arena, 1, begin, silent)

    assert {way: len(runs) for way, runs in found.runs.items()} == dict.fromkeys(WAYS, 1)
    assert all(runs[0].events == arena.records for runs in found.runs.values())
    assert found.log.rates.keys() >= {*LIMIT_OF, *LIMIT_OF.values()}
    assert all(rate > 0 for rate in found.log.rates.values())
    [row] = audit_report.objects(found, {})
    assert row["value"] == max(found.cost(way) for way in WAYS if way != WITHOUT)
    json.dumps(row)


def test_a_record_where_none_should_be_is_noticed(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "UNRECORDED", OURS)

    with (
        empty_tables(arena.settings, "test_recorded") as database,
        pytest.raises(RaceError, match=f"{WITHOUT}: [1-9].* of {arena.records} records"),
    ):
        auditing._ingest(arena, WITHOUT, database, lambda _: None)


def test_a_log_that_nobody_publishes_is_noticed(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "_PUBLISH_SECONDS", 0.3)

    with pytest.raises(RaceError, match="3 leaves were not published"):
        auditing._wait_published(arena.settings, 3)
    assert PUBLISHED in WAYS


def test_questions_are_answered_and_each_is_on_record(
    arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(querying, "RATE", 40.0)
    monkeypatch.setattr(querying, "_WARM_SECONDS", 0.5)

    found = querying.measure(arena.settings, 300, 1, 1.0, begin, silent)

    assert found.leaves == 2 * 20 + 2 * 40
    for what in (*HOW, querying.HEALTH):
        asked = found.of(what)
        assert len(asked.latencies) == 40
        assert 0 < asked.ms(0.5) <= asked.ms(0.99) <= asked.ms(1.0)
    [row] = query_report.objects(found, {})
    assert row["value"] == round(found.of(HOW[0]).ms(0.99), 1)
    json.dumps(row)


def test_feeds_are_counted_number_by_number(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "RECORDS", 500)  # the first step is not counted: let there be more

    found = feeding.measure(arena, 1, begin, silent)

    assert {count: len(rates) for count, rates in found.rates.items()} == {1: 1, 10: 1}
    assert all(found.median(count) > 0 for count in feeding.AGENCIES)
    assert found.limit(1) > found.limit(10) > 0
    json.dumps(feed_report.objects(found, {}))


def test_an_agency_without_numbers_is_noticed() -> None:
    class Nine:
        def execute(self, _: str) -> Nine:
            return self

        def fetchone(self) -> tuple[int, int]:
            return 9, 90

    connection: Any = Nine()
    with pytest.raises(RaceError, match="90 numbers were given to 9 agencies of 10"):
        feeding._sent(connection, 10)
    assert feeding._sent(connection, 9) == 10
