"""The pure parts of the feeds: names, places, checkpoints, rights, cutting."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import PermanentError
from schemas.ids import text
from streams.chunk import Place
from streams.feeds.entitlement import Cover
from streams.feeds.places import End, Source, merge, pack, unpack
from streams.feeds.pseudonyms import Pseudonyms
from streams.feeds.state import Feed, Resending, State, from_cursor, to_cursor
from streams.feeds.steps import groups_of, lead_of, until_of
from tests.builders import some_id
from tests.unit.streams.feeds.granted import (
    KEY,
    LATER,
    NOON,
    PENSION,
    PLACES,
    SOCIAL,
    WORK,
    a_grant,
    entitlement,
)

# -- names


def test_a_pseudonym_is_an_hmac_over_agency_and_id() -> None:
    one = some_id(1)
    digest = hmac.new(KEY, b"feed\0labour\0" + one, hashlib.sha256).digest()
    assert Pseudonyms(KEY, "labour").of(one)[:6] == digest[:6]
    assert UUID(bytes=Pseudonyms(KEY, "labour").of(one)).version == 8
    names = [Pseudonyms(KEY, agency) for agency in ("labour", "pension")]
    made = {f(one) for each in names for f in (each.of, each.event)}
    assert len(made) == 4
    assert Pseudonyms(KEY, "labour").of(one) == names[0].of(one)
    assert "***" in repr(names[0])


def test_ids_inside_a_reason_are_replaced_events_as_events() -> None:
    names = Pseudonyms(KEY, "labour")
    one, event = some_id("p"), some_id("e")
    reason = {"person": text(one), "parts": [{"events": [text(event)], "value": 3, "law": "x"}]}
    assert names.within(reason) == {
        "person": text(names.of(one)),
        "parts": [{"events": [text(names.event(event))], "value": 3, "law": "x"}],
    }


# -- places and checkpoints

ENTRIES = st.lists(
    st.one_of(
        st.builds(Source, st.sampled_from(PLACES), st.integers(0, 10**9)),
        st.builds(End, st.sampled_from(["grant-expired"]), st.integers(0, 10**15)),
    ),
    min_size=1,
    max_size=30,
)


@given(ENTRIES, st.integers(1, 10**9))
def test_places_come_back_as_they_were(entries: list[Any], first: int) -> None:
    row = pack("a", first, entries)
    assert list(unpack(row)) == list(enumerate(entries, first))
    assert row.last == first + len(entries) - 1


@given(ENTRIES, ENTRIES)
def test_rows_that_are_joined_say_the_same(one: list[Any], other: list[Any]) -> None:
    rows = [pack("a", 1 + len(one), other), pack("a", 1, one)]
    assert list(unpack(merge(rows))) == list(enumerate([*one, *other], 1))


def test_a_number_takes_about_a_byte() -> None:
    sources = [Source(PLACES[0], 3 * n + n % 2) for n in range(4000)]
    assert len(pack("a", 1, sources).packed) < 4000


COUNTS = st.integers(0, 2**60)
VECTORS = st.fixed_dictionaries({place: st.integers(0, 10**12) for place in PLACES})
FEEDS = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.builds(Feed, COUNTS, VECTORS, st.booleans())
)
STATES = st.builds(
    State,
    COUNTS,
    FEEDS,
    st.none() | st.builds(Resending, st.just("id"), COUNTS, COUNTS),
)


@given(STATES)
def test_a_checkpoint_says_what_was(state: State) -> None:
    assert from_cursor(to_cursor(state), state.steps) == state


def test_a_checkpoint_of_another_version_is_refused() -> None:
    with pytest.raises(PermanentError):
        from_cursor('{"version":2}', 1)


def test_feeds_that_stand_together_are_served_together() -> None:
    ahead, behind = dict.fromkeys(PLACES, 7), dict.fromkeys(PLACES, 3)
    feeds = {
        "a": Feed(1, ahead),
        "b": Feed(9, behind),
        "c": Feed(4, dict(ahead)),
        "ended": Feed(4, ahead, is_ended=True),
        "unknown": Feed(1, ahead),
    }
    state = State(1, feeds)
    assert groups_of(state, {"a", "b", "c", "ended"}) == [(["a", "c"], ahead), (["b"], behind)]
    assert lead_of(state) == ahead
    assert until_of(PLACES[0], {("civil", 0): 5}, ["needs"]) == 5
    assert until_of(PLACES[1], {("civil", 0): 5}, ["needs"]) == 0
    assert until_of(Place("needs", 0), {}, ["needs"]) > 10**15


# -- rights


def test_of_several_grants_the_one_with_most_fields_carries_an_event() -> None:
    both = entitlement(PENSION, SOCIAL)
    cover = both.cover("hub.need_detected", None, "survivor_support", LATER)
    assert isinstance(cover, Cover)
    assert cover.basis == "social-registry"
    assert all(name.startswith("hub.need_detected.") for name in cover.fields)
    income = entitlement(PENSION).cover("tax.income_reported", None, None, LATER)
    assert isinstance(income, Cover)
    assert income.basis == "pension-law"


def test_why_an_event_is_not_sent() -> None:
    rights = entitlement(PENSION)
    assert rights.cover("civil.name_changed", None, None, LATER) == "event-type-not-in-basis"
    assert rights.cover("hub.need_detected", None, "infant_care", LATER) == "need-kind-not-in-basis"
    work = entitlement(WORK)
    assert work.cover("tax.employment_started", None, None, LATER) == "region-not-covered"
    assert work.cover("tax.employment_started", "1718401", None, LATER) == "region-not-covered"
    assert isinstance(work.cover("tax.employment_started", "1726266", None, LATER), Cover)


def test_who_was_told_of_something_hears_of_its_end() -> None:
    """Also when the person lives elsewhere by then, or nowhere; but of nothing new."""
    work = entitlement(WORK)
    ask = ("tax.employment_started", "1718401", None, LATER)
    here = [(WORK.since, "1726266")]
    told = work.cover(*ask, here)
    assert isinstance(told, Cover)
    assert told.grant == WORK.id
    assert isinstance(work.cover("tax.employment_started", None, None, LATER, here), Cover)
    assert work.cover(*ask) == "region-not-covered"
    assert work.cover(*ask, [(WORK.since, "1718401")]) == "region-not-covered"
    # It was told under another grant, of which nothing is known any more.
    assert work.cover(*ask, [(WORK.since - timedelta(days=1), "1726266")]) == "region-not-covered"


def test_history_is_by_when_the_hub_learnt_of_it() -> None:
    rights = entitlement(a_grant("pension-law", "pension", history_from=date(2026, 11, 1)))
    midnight = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1_000_000
    assert rights.since == midnight
    assert isinstance(rights.cover("tax.income_reported", None, None, midnight), Cover)
    assert rights.cover("tax.income_reported", None, None, midnight - 1) == "before-history"


def test_a_feed_begins_where_the_longest_history_of_its_grants_does() -> None:
    """Each grant is judged by itself: what only one reaches back to comes under that one."""
    long = a_grant("pension-law", "pension", history_from=date(2026, 11, 1))
    short = a_grant("benefit-payments", "benefit-payment", history_from=date(2026, 11, 10))
    first = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 1_000_000

    for rights in (entitlement(long, short), entitlement(short, long)):
        assert rights.since == first
        income = rights.cover("tax.income_reported", None, None, rights.since)
        assert isinstance(income, Cover)
        assert income.basis == "pension-law"
        assert rights.cover("tax.benefit_paid", None, None, rights.since) == "before-history"


def test_a_feed_lives_as_long_as_one_grant_does() -> None:
    ended = a_grant("pension-law", "pension", revoked_at=NOON)
    assert not entitlement(ended).is_alive
    assert entitlement(ended).rule == "grant-revoked"
    assert entitlement(ended, now=NOON - timedelta(seconds=1)).is_alive
    assert entitlement(ended, SOCIAL).is_alive
    assert not entitlement().is_alive
