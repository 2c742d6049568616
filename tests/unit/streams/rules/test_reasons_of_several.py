"""Reasons where there are several of a kind: jobs, deaths, marriages, referrals."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from tests.unit.streams.rules.telling import family, told
from tests.unit.streams.rules.wording import out_of_work
from tests.unit.streams.rules.world import World

TOLD = [
    pytest.param(
        family(0).employed("2she", "2026-01-15", "2026-01-15"),
        "family_low_income 1he",
        """
        review months 6
        family_low_income unknown
          income_below_minimum unknown
            income_per_head unknown
              income_reported unknown 2026-01 of 2she
                <- employment 2she 2026-01-15
                <- employment_end 2she 2026-01-15
        """,
        id="employed for a day",
    ),
    pytest.param(
        family(0).employed("2she", "2026-02-01", "2026-02-15").employed("2she", until="2025-12-15"),
        "family_low_income 1he",
        """
        review months 6
        family_low_income unknown
          income_below_minimum unknown
            income_per_head unknown
              income_reported unknown 2026-02 of 2she
                <- employment 2she 2026-02-01
                <- employment_end 2she 2026-02-15
              income_reported unknown 2025-12 of 2she
                <- employment 2she 2020-01-01
                <- employment_end 2she 2025-12-15
        """,
        id="twice with one employer",
    ),
    pytest.param(
        World().woman("2she").employed("2she", until="2026-03-10"),
        "employment_help 2she",
        """
        since 2026-03-10
        employment_help missed
          employment_ended met 2026-03-10
            <- employment_end 2she 2026-03-10
          no_work_in_force missed 1
            <- employment 2she 2020-01-01
          able_to_work met working_age of 2she
            <- person 2she
          not_in_institution met
          no_income unknown 0 tiyin
            months_counted met 2026-01/2026-02 ~
            income_reported unknown 2026-01 of 2she
              <- employment 2she 2020-01-01
              <- employment_end 2she 2026-03-10
            income_reported unknown 2026-02 of 2she
              <- employment 2she 2020-01-01
              <- employment_end 2she 2026-03-10
        """,
        id="on the last day of work",
    ),
    pytest.param(
        World()
        .woman("2she")
        .employed("2she", until="2025-11-30")
        .state(
            "i",
            ("2she", "income", {"employer": "e", "month": "2026-01-01", "gross_minor": 1}),
            days=("2026-01-01", None),
        ),
        "employment_help 2she",
        out_of_work(
            "missed",
            income="""
            no_income missed 1 tiyin
              <- income 2she 2026-01-01
              months_counted met 2026-01/2026-02 ~
            """,
        ),
        id="a tiyin of income",
    ),
    pytest.param(
        replace(World().woman("2she").employed("2she", until="2025-11-30"), tax=None),
        "employment_help 2she",
        out_of_work(
            "unknown",
            income="""
            no_income unknown
              tax_complete unknown / 2025-12-31 ~
            """,
        ),
        id="no month is closed",
    ),
    pytest.param(
        World()
        .woman("2she")
        .employed("2she", until="2025-11-30")
        .lives("2she", "home", kind="institution"),
        "employment_help 2she",
        out_of_work(
            "missed",
            home="""
            not_in_institution missed
              <- residence 2she 2015-01-01
            """,
        ),
        id="in an institution",
    ),
    pytest.param(
        World()
        .woman("2she")
        .referred("2she", "2026-02-01")
        .referred("2she", "2025-12-01")
        .referred("2she", "2026-01-01")
        .referred("2she", "2025-11-01"),
        "psychological_support 2she",
        """
        since 2025-11-01
        psychological_support met
          referred_or_bereaved met
            referral_in_force met 2025-11-01
              <- psychological_support 2she 2025-11-01
            referral_in_force met 2025-12-01
              <- psychological_support 2she 2025-12-01
            referral_in_force met 2026-01-01
              <- psychological_support 2she 2026-01-01
            referral_in_force met 2026-02-01
              <- psychological_support 2she 2026-02-01
        """,
        id="several referrals, by day",
    ),
    pytest.param(
        World()
        .woman("6other")
        .man("5other")
        .born("3child", "2015-01-01", mother="6other", father="5other")
        .died("6other", "2026-01-01")
        .died("5other", "2026-01-01"),
        "survivor_support 3child",
        """
        survivor_support missed
          bereaved_of_earner missed
            death_of_parent missed
              dead met 2026-01-01 of 5other
                <- death 5other
              minor met 11 / 18 years ~
                <- birth 3child
              was_earning missed of 5other
            death_of_parent missed
              dead met 2026-01-01 of 6other
                <- death 6other
              minor met 11 / 18 years ~
                <- birth 3child
              was_earning missed of 6other
        """,
        id="both parents on one day, by event",
    ),
    pytest.param(
        family(0).married("1he", "2she", "2011-01-01").died("1he", "2026-01-01"),
        "survivor_support 2she",
        """
        survivor_support missed
          bereaved_of_earner missed
            death_of_spouse missed
              dead met 2026-01-01 of 1he
                <- death 1he
              bereaved_recently met / 2026-07-01
              was_earning missed of 1he
        """,
        id="one marriage registered twice, one death",
    ),
    pytest.param(
        family(0)
        .divorced("1he", "2she", "2015-01-01")
        .man("5other")
        .married("2she", "5other", "2016-01-01")
        .employed("5other")
        .died("5other", "2026-01-01"),
        "survivor_support 2she",
        """
        since 2026-01-01
        survivor_support met
          bereaved_of_earner met
            death_of_spouse met
              dead met 2026-01-01 of 5other
                <- death 5other
              bereaved_recently met / 2026-07-01
              was_earning met of 5other
                <- employment 5other 2020-01-01
        """,
        id="divorced from one, widow of another",
    ),
    pytest.param(
        family(0).employed("1he").employed("1he", employer="f").died("1he", "2026-01-01"),
        "survivor_support 2she",
        """
        since 2026-01-01
        survivor_support met
          bereaved_of_earner met
            death_of_spouse met
              dead met 2026-01-01 of 1he
                <- death 1he
              bereaved_recently met / 2026-07-01
              was_earning met of 1he
                <- employment 1he 2020-01-01
                <- employment 1he 2020-01-01
        """,
        id="he had two jobs",
    ),
]


@pytest.mark.parametrize(("world", "need", "then"), TOLD)
def test_reasons(world: World, need: str, then: str) -> None:
    assert told(world, need) == dedent(then).strip()
