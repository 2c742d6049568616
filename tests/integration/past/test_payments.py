"""From what becomes known late to a list of months paid too little or too much."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta

import pytest

from projections.payments_store import PaymentsStore
from streams.assessor import Assessor
from streams.past import Past
from streams.rejudging import Rejudger
from tests.integration.assessment.country import person
from tests.integration.past.looking_back import MONTHS, NOW, ON, Working
from tests.integration.past.timeline import Timeline, moment


def test_what_arrives_in_time_speaks_of_no_past_month(working: Working) -> None:
    """The income of February, known on 5 March; a birth and a death of this month."""
    assert working.findings() == []
    working.country.at = moment("2026-03-05")
    working.country.earns_once("1ali", "2026-02-01", 100)
    working.country.complete(date(2026, 2, 28))
    working.country.born("4baby", "2026-03-02", "F", mother="2vali", father="1ali")
    working.country.died("1ali", "2026-03-03")
    while working.assessor.assess_batch(ON, NOW) is not None:
        pass

    assert working.country.count("live.rejudgements") == 0


def test_an_income_corrected_four_months_back_and_back_again(working: Working) -> None:
    """PF-6277 (2021): a poor family's first child, 275,000 soum a month from 1 July 2025.

    October falls from 3,300,000 to 10,000: of the windows August to October, September to November
    and October to December the income per head is below 700,000 soum. They are what was closed at
    the end of November, December and January. On 1 March the month is not past yet.
    """
    working.country.at = moment("2026-03-09")
    moved = working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)

    assert working.drain() == 1
    son = person("3son")
    assert working.findings() == [
        (son, "child_benefit", month, 275_000, 0, 275_000, moved)
        for month in ("2025-11-01", "2025-12-01", "2026-01-01")
    ]

    back = working.country.earns_once("1ali", "2025-10-01", 2_700_000, version=3)
    working.drain()
    assert working.open() == {}
    assert working.findings()[3:] == [
        (son, "child_benefit", month, 0, 0, 0, back)
        for month in ("2025-11-01", "2025-12-01", "2026-01-01")
    ]


def test_judging_the_same_again_finds_nothing_new(working: Working) -> None:
    working.country.at = moment("2026-03-09")
    working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)
    working.drain()
    written = working.findings()
    assert written

    working.country.earns_once("1ali", "2025-10-01", 500_000, version=3)
    assert working.drain() == 1
    assert working.findings() == written


def test_the_past_of_who_is_judged_along_with_another_is_not_forgotten(working: Working) -> None:
    """One cause is taken, about the wife; her husband's go with it, and his past is queued."""
    working.country.at = moment("2026-03-09")
    working.country.state("name 2vali", ("2vali", "name", {}))
    moved = working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)
    working.assessor.most_causes = 1

    assert working.assessor.assess_batch(ON, NOW) is not None

    assert working.country.count("live.causes") == 0
    queued = working.country.connection.execute(
        "SELECT DISTINCT uuid_send(person), uuid_send(event_id) FROM live.rejudgements"
    ).fetchall()
    assert queued == [(person("1ali"), moved)]


def test_paid_to_the_mother_of_a_child_that_was_entitled_after_all(working: Working) -> None:
    """What is paid without being due is an over-payment until the past turns out otherwise."""
    working.country.at = moment("2026-01-20")
    paid = working.country.paid("2vali", "child", "2026-01-01", 275_000)
    working.drain()
    assert working.findings() == [
        (person("2vali"), "child_benefit", "2026-01-01", 0, 275_000, -275_000, paid)
    ]

    working.country.at = moment("2026-03-09")
    working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)
    working.drain()
    assert working.open() == {"2025-11-01": 275_000, "2025-12-01": 275_000}


def test_a_birth_that_becomes_known_late(working: Working) -> None:
    """Infant care, 500,000 soum (PF-258; amount illustrative), from the birth on.

    With the baby the income per head is 675,000 soum, below 700,000: 275,000 for the first child,
    165,000 for the second (PF-6277, from 1 July 2025). Infant care was paid once, nothing else.
    """
    country, baby = working.country, person("4baby")
    country.at = moment("2026-03-09")
    country.paid("2vali", "infant", "2026-01-01", 500_000)
    country.paid("2vali", "pension", "2026-01-01", 1_000_000)  # of which no amounts are judged
    country.born("4baby", "2025-11-20", "F", mother="2vali", father="1ali")
    working.drain()

    due = {(who, kind, month): paid for who, kind, month, _, paid, *_ in working.findings()}
    months = ("2025-12-01", "2026-01-01", "2026-02-01")
    assert due == {
        **{(baby, "infant_care", month): 0 for month in (months[0], months[2])},
        **{(baby, "child_benefit", month): 0 for month in months},
        **{(person("3son"), "child_benefit", month): 0 for month in months},
    }
    amounts = {(who, kind): due for who, kind, _, due, *_ in working.findings()}
    assert amounts == {
        (baby, "infant_care"): 500_000,
        (baby, "child_benefit"): 165_000,
        (person("3son"), "child_benefit"): 275_000,
    }


def test_a_payment_of_this_month_waits_until_the_month_is_past(working: Working) -> None:
    working.country.at = moment("2026-03-09")
    working.country.paid("2vali", "child", "2026-03-01", 275_000)

    assert working.drain() == 0
    assert working.drain(date(2026, 4, 2), moment("2026-04-02")) == 1
    assert working.open() == {"2026-03-01": -137_500}  # half of it was due


def test_an_annulled_payment_takes_the_finding_back(working: Working) -> None:
    working.country.at = moment("2026-02-20")
    working.country.paid("2vali", "child", "2026-01-01", 275_000)
    working.drain()
    assert working.open() == {"2026-01-01": -275_000}

    working.country.annul_type("benefit 2vali child 2026-01-01", "2vali", "tax.benefit_paid")
    working.drain()
    assert working.open() == {}


def test_an_annulment_speaks_once_it_has_settled(working: Working) -> None:
    """The son's birth is annulled: with two in the family nothing changes but who is in it."""
    working.country.at = moment("2026-02-20")
    working.country.paid("2vali", "child", "2026-01-01", 275_000)
    working.drain()
    working.country.at = NOW
    working.country.annul_type("birth 3son", "3son", "civil.birth_registered")

    assert working.drain() == 0
    working.country.earns_once("1ali", "2025-10-01", 2_700_000, version=2)
    assert working.drain() == 1  # the father's income; his other entry still waits
    settled = NOW + timedelta(hours=72)
    assert working.drain(settled.date(), settled - timedelta(microseconds=1)) == 0
    assert working.drain(settled.date(), settled) == 3
    assert working.open() == {"2026-01-01": -275_000}


def test_no_month_before_the_first_complete_snapshot(working: Working) -> None:
    """A death in 2024, known since March: only months since November 2025 are looked at."""
    working.country.at = moment("2026-03-09")
    working.country.died("1ali", "2024-02-02")
    working.drain()

    months = [month for _, _, month, *_ in working.findings()]
    assert months[0] == "2025-11-01"
    assert set(months) == {"2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"}
    assert {amount for *_, amount, _ in working.findings()} == {275_000}


def test_what_the_registry_loads_first_is_no_news(
    country: Timeline, database: str, assessor: Assessor, past: Past
) -> None:
    country.at = moment("2025-11-05")
    country.born("1ali", "1990-05-01", "M")
    country.earns("1ali", 100, MONTHS[:3])
    country.earns_once("1ali", "2025-09-01", 200, version=2)
    country.paid("1ali", "material", "2025-09-01", 420_000)
    country.complete(date(2025, 10, 31))
    with closing(PaymentsStore(database)) as store:
        made = Working(country, assessor, Rejudger(store, past))

        assert made.drain() == 0
        assert country.count("live.rejudgements") == 0


def test_nothing_is_taken_if_the_transaction_fails(working: Working) -> None:
    working.country.at = moment("2026-03-09")
    working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)
    while working.assessor.assess_batch(ON, NOW) is not None:
        pass
    working.country.connection.execute("ALTER TABLE kept.audit_leaves RENAME TO away")
    with pytest.raises(Exception, match="audit_leaves"):
        working.rejudger.rejudge_one(ON, NOW)
    assert working.findings() == []
    assert working.country.count("live.rejudgements") > 0

    working.country.connection.execute("ALTER TABLE kept.away RENAME TO audit_leaves")
    working.drain()
    assert len(working.findings()) == 3
    leaf = working.country.connection.execute(
        "SELECT body - 'person' FROM kept.audit_leaves WHERE kind = 'payments' ORDER BY id DESC"
    ).fetchone()
    assert leaf == ({"months": 4, "findings": 3},)


def test_one_process_at_a_time(working: Working, database: str) -> None:
    working.country.at = moment("2026-03-09")
    working.country.earns_once("1ali", "2025-10-01", 500_000, version=2)
    while working.assessor.assess_batch(ON, NOW) is not None:
        pass
    with closing(PaymentsStore(database)) as other, other.working() as is_ours:
        assert is_ours
        assert working.rejudger.rejudge_one(ON, NOW) is None
    assert working.rejudger.rejudge_one(ON, NOW) is not None
