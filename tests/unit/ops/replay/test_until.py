"""Up to where a bounded replay goes, and what it says then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ops.replay.report import Report
from ops.replay.until import parse
from projections.replay_schema import PREVIOUS, UNTIL
from schemas.errors import PermanentError
from schemas.topics import CONSUMED

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CIVIL = CONSUMED["civil"]


def test_places_and_times() -> None:
    found = parse([f"{CIVIL}/0=5", f"{CIVIL}/3=9"], partitions=4, now=NOW)

    assert found.ends == {(CIVIL, 0): 5, (CIVIL, 3): 9}
    assert parse(["2026-03-10T12:00:00"], partitions=4, now=NOW).moment == NOW


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (f"{CIVIL}/4=100", f"{CIVIL} has the partitions 0 to 3"),
        ("registry.other.events.v1/0=100", CIVIL),  # names the topics that there are
        ((NOW + timedelta(seconds=1)).isoformat(), "has not been yet"),
        ("2030-01-01", "has not been yet"),
    ],
)
def test_what_there_is_not_is_refused(word: str, reason: str) -> None:
    with pytest.raises(PermanentError, match="--until") as refused:
        parse([word], partitions=4, now=NOW)

    assert reason in str(refused.value)


def test_before_the_first_event_it_says_so() -> None:
    past = UNTIL + "20260310_120000"

    assert any("nothing was known" in line for line in Report(past).lines())
    assert not any("nothing was known" in line for line in Report(past, events=1).lines())


def test_going_back_says_what_is_live_and_how_far_behind_it_was() -> None:
    told = "\n".join(Report(PREVIOUS, events=7, generation=4, behind=12).lines())

    assert "live again, as generation 4" in told
    assert "12 offsets behind" in told
    assert "7 events folded" in told
