"""Which past months are judged again, on which months of income, and by what was known then."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta

from projections.payments_store import PaymentsStore
from streams.assessor import Assessor
from streams.past import Past
from streams.rejudging import Rejudger
from tests.integration.assessment.country import person
from tests.integration.past.looking_back import MONTHS, NOW, ON, Working
from tests.integration.past.timeline import Timeline, moment

SON = person("3son")


def couple(country: Timeline, income_soum: int, through: date) -> None:
    """A couple with a son of ten, known since 5 November 2025."""
    country.at = moment("2025-11-05")
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")
    country.born("3son", "2015-05-01", "M", mother="2vali", father="1ali")
    months = [month for month in MONTHS if date.fromisoformat(month) <= through]
    country.earns("1ali", income_soum, tuple(months))
    country.complete(through)


def close(country: Timeline, month: str, income_soum: int, through: date, known: str) -> None:
    country.at = moment(known)
    country.earns_once("1ali", month, income_soum)
    country.complete(through)


def test_a_month_that_is_closed_late_is_no_reason_to_pay(
    country: Timeline, database: str, assessor: Assessor, past: Past
) -> None:
    """December, without income, is closed in February only: January rested on other months."""
    couple(country, 2_700_000, date(2025, 10, 31))
    close(country, "2025-11-01", 2_700_000, date(2025, 11, 30), "2025-12-05")
    close(country, "2025-12-01", 0, date(2025, 12, 31), "2026-02-05")
    on, now = date(2026, 2, 6), moment("2026-02-06")
    with closing(PaymentsStore(database)) as store:
        working = Working(country, assessor, Rejudger(store, past))

        assert working.drain(on, now) > 0
        assert working.findings() == []


def test_where_nothing_was_closed_then_what_is_closed_now_counts(
    country: Timeline, database: str, assessor: Assessor, past: Past
) -> None:
    """In November the last closed month was July: too old. In December August to October are."""
    couple(country, 600_000, date(2025, 7, 31))
    for month in MONTHS[:3]:
        close(country, month, 600_000, date(2025, 10, 31), "2025-12-05")
    with closing(PaymentsStore(database)) as store:
        working = Working(country, assessor, Rejudger(store, past))
        working.drain(date(2025, 12, 6), moment("2025-12-06"))

        found = [finding[:6] for finding in working.findings()]
        assert found == [(SON, "child_benefit", "2025-11-01", 275_000, 0, 275_000)]


def test_the_month_in_which_it_became_known_was_judged_by_it(working: Working) -> None:
    """Known on 10 December: what was due in December was said in December; November was not."""
    working.country.at = moment("2025-12-10")
    working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)
    working.drain()

    assert working.open() == {"2025-11-01": 275_000}


def test_of_several_events_the_last_that_speaks_of_a_month_moved_it(working: Working) -> None:
    """The income of October counts from November on, that of November from December on."""
    working.country.at = moment("2026-03-08")
    october = working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)
    working.country.at = moment("2026-03-09")
    november = working.country.earns_once("1ali", "2025-11-01", 500_000, version=2)
    assert working.drain() == 1

    moved_by = {month: event for _, _, month, *_, event in working.findings()}
    assert moved_by == {
        "2025-11-01": october,
        "2025-12-01": november,
        "2026-01-01": november,
        "2026-02-01": november,
    }


def test_a_divorce_that_becomes_known_late_concerns_both(working: Working) -> None:
    """From December on the son lives with a mother without income; the father was paid."""
    working.country.at = moment("2026-02-20")
    working.country.paid("1ali", "child", "2026-01-01", 275_000)
    working.drain()
    working.country.at = moment("2026-03-09")
    one = ("1ali", "divorce", {"spouse": "2vali", "divorced_on": "2025-11-20"})
    other = ("2vali", "divorce", {"spouse": "1ali", "divorced_on": "2025-11-20"})
    divorced = working.country.state("divorce", one, other)
    before = len(working.findings())
    working.drain()

    found = {(who, month): (due, paid) for who, _, month, due, paid, *_ in working.findings()}
    assert found[SON, "2025-12-01"] == found[SON, "2026-01-01"] == (275_000, 0)
    assert found[person("1ali"), "2026-01-01"] == (0, 275_000)
    assert (SON, "2025-11-01") not in found  # on the first of November they were married
    assert {finding[-1] for finding in working.findings()[before:]} == {divorced}


def test_where_only_the_end_has_changed_what_follows_it_is_concerned(working: Working) -> None:
    """Who moves out this month was there before, whatever the years; and until when is stated."""
    country, assessor = working.country, working.assessor

    def queued() -> list[date]:
        while assessor.assess_batch(ON, NOW) is not None:
            pass
        rows = country.connection.execute(
            "DELETE FROM live.rejudgements RETURNING from_month"
        ).fetchall()
        return sorted(month for (month,) in rows)

    country.lives("1ali", "hut")
    assert queued() == [date(2015, 1, 1)]
    country.at = moment("2026-03-09")
    country.lives("1ali", "hut", until="2026-03-08", version=2, change="ENDED")
    assert queued() == []
    country.lives("1ali", "hut", until="2026-01-15", version=3, change="ENDED")
    assert queued() == [date(2026, 2, 1)]
    country.lives("1ali", "hut", until="2026-01-15", version=4, change="ENDED", kind="institution")
    assert queued() == [date(2015, 1, 1)]  # it was another place all the time


def test_a_link_concerns_all_months(working: Working) -> None:
    """What was paid to somebody without a number was paid to the mother."""
    country = working.country
    country.at = moment("2026-02-20")
    country.paid("stir", "child", "2026-01-01", 275_000)
    working.drain()
    assert [finding[0] for finding in working.findings()] == [person("stir")]

    country.at = moment("2026-03-09")
    link = {"person": "2vali", "reason": "identifier"}
    country.state("link", ("stir", "linked_to", link), ("2vali", "linked_from", {"alias": "stir"}))
    working.drain()
    latest = {finding[0]: finding[5] for finding in working.findings()}
    assert latest == {person("stir"): 0, person("2vali"): -275_000}


def test_not_further_back_than_the_parameter_says(working: Working) -> None:
    """36 months before the month of the day."""
    on, now = date(2029, 6, 10), moment("2029-06-10")
    working.drain(on, now)
    working.country.at = now - timedelta(days=1)
    working.country.complete(date(2029, 5, 31))
    working.country.died("2vali", "2024-02-02")
    while working.assessor.assess_batch(on, now) is not None:
        pass

    rejudged = working.rejudger.rejudge_one(on, now)
    assert rejudged is not None
    assert rejudged.months == 36


def test_an_income_before_the_hub_knew_anything(working: Working) -> None:
    """Of September and October 2025 the hub never said anything; August to October still count."""
    working.country.at = moment("2026-03-09")
    working.country.earns_once("1ali", "2025-08-01", 0, version=2)
    working.drain()

    assert working.open() == {"2025-11-01": 275_000}


def test_who_joined_was_entitled_before(
    country: Timeline, database: str, assessor: Assessor, past: Past
) -> None:
    """A mother without income marries a man without income: the son's benefit was said already."""
    country.at = moment("2025-11-05")
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.born("3son", "2015-05-01", "M", mother="2vali")
    country.complete(date(2025, 10, 31))
    with closing(PaymentsStore(database)) as store:
        working = Working(country, assessor, Rejudger(store, past))
        working.drain(date(2025, 11, 6), moment("2025-11-06"))
        country.at = moment("2026-01-09")
        country.married("1ali", "2vali", "2025-11-20")

        assert working.drain(date(2026, 1, 10), moment("2026-01-10")) == 2
        assert working.findings() == []
