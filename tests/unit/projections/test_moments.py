"""What can be asked about another day and another moment, as a table."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.moments import FIRST_MOMENT, JUDGED, SAID, Moment, MomentError, moment

TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
K = datetime(2026, 3, 1, tzinfo=UTC)


def ask(as_of: str | None, known_at: str | None, mode: str | None = None) -> Moment:
    return moment(as_of, known_at, mode, today=TODAY, now=NOW)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((None, None), Moment(TODAY, NOW, SAID)),
        (("2026-03-01", None), Moment(date(2026, 3, 1), NOW, JUDGED)),
        ((None, "2026-03-01T00:00:00Z"), Moment(TODAY, K, JUDGED)),
        ((None, "2026-03-01T00:00:00Z", SAID), Moment(TODAY, K, SAID)),
        ((None, None, JUDGED), Moment(TODAY, NOW, JUDGED)),
        ((None, "2026-03-01T05:00:00+05:00"), Moment(TODAY, K, JUDGED)),
        ((None, "2026-03-01T05:00:00 05:00"), Moment(TODAY, K, JUDGED)),  # a plus in a URL
        ((None, "2026-03-01 05:00:00+05:00"), Moment(TODAY, K, JUDGED)),
        ((None, "2026-03-10T12:00:00Z"), Moment(TODAY, NOW, JUDGED)),
        (("2040-01-01", None), Moment(date(2040, 1, 1), NOW, JUDGED)),  # if nothing changes
        (("1900-01-01", None), Moment(date(1900, 1, 1), NOW, JUDGED)),
        (("2199-12-31", None), Moment(date(2199, 12, 31), NOW, JUDGED)),
        ((None, "2000-01-01T00:00:00Z"), Moment(TODAY, FIRST_MOMENT, JUDGED)),
    ],
)
def test_what_is_asked_for(
    asked: tuple[str | None, str | None] | tuple[str | None, str | None, str], expected: Moment
) -> None:
    assert ask(*asked) == expected


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (("", None), "as-of-malformed"),
        (("20260301", None), "as-of-malformed"),
        (("2026-W09-7", None), "as-of-malformed"),
        (("\u0662\u0660\u0662\u0666-03-01", None), "as-of-malformed"),
        (("1899-12-31", None), "as-of-out-of-range"),
        (("2200-01-01", None), "as-of-out-of-range"),
        ((None, ""), "known-at-malformed"),
        ((None, "2026-03-01"), "known-at-malformed"),
        ((None, "2026-03-01T00:00:00"), "known-at-malformed"),
        ((None, "now"), "known-at-malformed"),
        ((None, "1999-12-31T23:59:59Z"), "known-at-out-of-range"),
        ((None, "0001-01-01T00:00:00+23:00"), "known-at-out-of-range"),
        ((None, "2026-03-10T12:00:00.000001Z"), "known-at-future"),
        ((None, "9999-12-31T23:59:59-23:00"), "known-at-out-of-range"),
        ((None, None, "guessed"), "mode-unknown"),
        (("2026-03-01", None, SAID), "as-of-with-said"),
    ],
)
def test_what_cannot_be_asked_for_and_why(
    asked: tuple[str | None, str | None] | tuple[str | None, str | None, str], name: str
) -> None:
    with pytest.raises(MomentError) as error:
        ask(*asked)
    assert error.value.name == name
    given = [one for one in asked if one and len(one) > len("now")]
    assert not any(one in str(error.value) for one in given if one != SAID)


@given(
    st.integers(1, 9_000 * 86_400),
    st.integers(-14 * 60, 14 * 60),
)
def test_any_zone_means_the_same_moment(seconds: int, minutes: int) -> None:
    when = FIRST_MOMENT + timedelta(seconds=seconds)
    local = when.astimezone(timezone(timedelta(minutes=minutes)))

    assert ask(None, local.isoformat()).known_at == when


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_is_a_fault(as_of: str, known_at: str) -> None:
    with suppress(MomentError):
        ask(as_of, known_at)


def test_the_leaf_of_what_was_said_has_no_day() -> None:
    assert "as_of" not in ask(None, None).leaf()
    assert ask("2026-03-01", None).leaf()["as_of"] == "2026-03-01"
