"""What a difference between two ways is called."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from ops.bench import audit_report, feed_report, query_report
from ops.bench.arrivals import HOW
from ops.bench.auditing import PUBLISHED, WITH, WITHOUT, Audited, cost
from ops.bench.feeding import AGENCIES, DECODED, ENCODED, Feeding, limit
from ops.bench.log_rates import CHECKED, HASHED, LIMIT_OF, LogRates
from ops.bench.log_rates import PUBLISHED as LEAVES_PUBLISHED
from ops.bench.querying import HEALTH, Asked, Queried
from ops.bench.race import Run


def run(rate: float, cpu: float) -> Run:
    return Run(4000, 1000, 1000 / rate, 1.0, cpu / 2, cpu / 2)


def audited() -> Audited:
    rates = {WITHOUT: (1000.0, 500.0, 900.0), WITH: (950.0, 475.0, 450.0)}
    rates[PUBLISHED] = (900.0, 450.0, 810.0)
    found = Audited({way: [run(rate, 0.01) for rate in each] for way, each in rates.items()})
    alone = dict.fromkeys(LIMIT_OF.values(), 2000.0)
    found.log = LogRates(1000, alone | dict.fromkeys(LIMIT_OF, 500.0))
    return found


def test_a_cost_is_the_median_of_the_rounds_pair_by_pair() -> None:
    """A machine that is half as fast in a round is so for both."""
    assert cost([1000.0, 500.0, 900.0], [950.0, 475.0, 450.0]) == pytest.approx(0.05)
    assert cost([100.0], [110.0]) == pytest.approx(-0.1)
    with pytest.raises(ValueError, match="zip"):
        cost([1.0, 2.0], [1.0])


def test_the_worse_cost_is_the_value_of_the_row() -> None:
    [row] = audit_report.objects(audited(), {"cpus": 2})

    assert row["costs"] == {WITH: 0.05, PUBLISHED: 0.1}
    assert row["value"] == 0.1
    assert row["ratios"] == {
        LEAVES_PUBLISHED: 0.25,
        CHECKED: 0.25,
        "proofs of an event checked": 0.25,
    }
    json.dumps(row)
    console = Console(record=True, width=140)
    audit_report.show(console, audited())
    shown = console.export_text()
    assert "10.0%" in shown
    assert HASHED in shown


def test_all_rounds_of_a_load_count_together() -> None:
    found = Queried(1000, 200.0, 1.0, leaves=12)
    for what in (*HOW, HEALTH):
        found.rounds += [Asked(what, [0.001] * 99, 0.3, 0.1, 0.01, 9)]
        found.rounds += [Asked(what, [0.050] * 1, 0.1, 0.1, 0.01, 9)]

    [row] = query_report.objects(found, {})

    assert row["value"] == 1.0
    assert row["latencies"] == {
        what: {"p50": 1.0, "p90": 1.0, "p99": 1.0, "p99.9": 50.0, "max": 50.0}
        for what in (*HOW, HEALTH)
    }
    cpu = row["cpu_milliseconds_a_question"]
    assert isinstance(cpu, dict)
    assert cpu["evenly"] == {"api": 4.0, "postgres": 2.0, "load": 0.2}
    query_report.show(Console(record=True, width=140), found)
    json.dumps(row)


def test_the_limit_of_feeds_decodes_once_and_encodes_for_each() -> None:
    assert limit(100.0, 100.0, 1) == pytest.approx(50.0)
    assert limit(100.0, 100.0, 9) == pytest.approx(10.0)

    found = Feeding({count: [10.0] for count in AGENCIES}, {DECODED: 100.0, ENCODED: 100.0})
    [row] = feed_report.objects(found, {})
    assert row["records_a_second"] == {"1": 10, "10": 100}
    assert row["ratios"] == {"1": 0.2, "10": 1.1}
    feed_report.show(Console(record=True, width=140), found)
    json.dumps(row)
