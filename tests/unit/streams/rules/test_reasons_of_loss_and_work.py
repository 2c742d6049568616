"""What is said of whoever lost somebody, or work, word by word."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.unit.streams.rules.telling import family, told
from tests.unit.streams.rules.wording import out_of_work
from tests.unit.streams.rules.world import World

WIDOW_WITH_CHILD = """
    since 2026-01-01
    psychological_support met
      referred_or_bereaved met
        death_of_spouse met
          dead met 2026-01-01 of 1he
            <- death 1he
          bereaved_recently met / 2026-07-01
          has_living_minor_child met 1 ~
            <- birth 3child
    """
TOLD = [
    pytest.param(
        family(0, "2015-01-01").employed("1he").died("1he", "2026-01-01"),
        "survivor_support 3child",
        """
        since 2026-01-01
        survivor_support met
          bereaved_of_earner met
            death_of_parent met
              dead met 2026-01-01 of 1he
                <- death 1he
              minor met 11 / 18 years ~
                <- birth 3child
              was_earning met of 1he
                <- employment 1he 2020-01-01
        """,
        id="the father was employed",
    ),
    pytest.param(
        family(0)
        .employed("1he", until="2026-01-01")
        .self_employed("1he")
        .died("1he", "2026-01-01"),
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
                <- employment_end 1he 2026-01-01
                <- self_employment 1he 2020-01-01
        """,
        id="he had work, on its last day, and a trade",
    ),
    pytest.param(
        family(0, "2008-03-10").employed("1he").died("1he", "2026-01-01"),
        "survivor_support 3child",
        """
        survivor_support missed
          minor missed 18 / 18 years ~
            <- birth 3child
        """,
        id="came of age",
    ),
    pytest.param(
        World().woman("2she").referred("2she", "2026-01-01"),
        "psychological_support 2she",
        """
        since 2026-01-01
        psychological_support met
          referred_or_bereaved met
            referral_in_force met 2026-01-01
              <- psychological_support 2she 2026-01-01
        """,
        id="referred",
    ),
    pytest.param(
        World().woman("2she").referred("2she", "2025-03-10"),
        "psychological_support 2she",
        """
        psychological_support missed
          referred_or_bereaved missed
            referral_in_force missed 2025-03-10
              <- psychological_support 2she 2025-03-10
        """,
        id="referred a year ago",
    ),
    pytest.param(
        family(0, "2015-01-01").died("1he", "2026-01-01"),
        "psychological_support 2she",
        WIDOW_WITH_CHILD,
        id="a widow with a child",
    ),
    pytest.param(
        family(0, "2026-03-10").died("1he", "2026-01-01"),
        "psychological_support 2she",
        WIDOW_WITH_CHILD,
        id="a widow with a child born today",
    ),
    pytest.param(
        family(0, "2008-03-10").died("1he", "2026-01-01"),
        "psychological_support 2she",
        """
        psychological_support missed
          referred_or_bereaved missed
            death_of_spouse missed
              dead met 2026-01-01 of 1he
                <- death 1he
              bereaved_recently met / 2026-07-01
              has_living_minor_child missed 0 ~
        """,
        id="a widow whose child has come of age",
    ),
    pytest.param(
        World().woman("2she", "1971-05-10"),
        "pension_age_approaching 2she",
        """
        since 2026-02-10
        pension_age_approaching met
          below_pension_age met 54 / 55 years ~
            <- person 2she
          pension_age_near met 2026-05-10 / 2026-02-10
        """,
        id="two months before",
    ),
    pytest.param(
        World().woman("2she", "1971-03-10"),
        "pension_age_approaching 2she",
        """
        since 2025-12-10
        pension_age_approaching missed
          below_pension_age missed 55 / 55 years ~
            <- person 2she
          pension_age_near met 2026-03-10 / 2025-12-10
        """,
        id="on the birthday",
    ),
    pytest.param(
        World().man("1he", "1966-07-10"),
        "pension_age_approaching 1he",
        """
        since 2026-04-10
        pension_age_approaching missed
          below_pension_age met 59 / 60 years ~
            <- person 1he
          pension_age_near missed 2026-07-10 / 2026-04-10
        """,
        id="four months before",
    ),
    pytest.param(
        World().woman("2she").employed("2she", until="2025-11-30"),
        "employment_help 2she",
        out_of_work("met"),
        id="no work and no income",
    ),
    pytest.param(
        World()
        .woman("2she")
        .employed("2she", until="2025-11-30")
        .earns("2she", 10, ["2026-01-01"])
        .employed("2she", "2026-02-10", employer="f")
        .self_employed("2she"),
        "employment_help 2she",
        out_of_work(
            "missed",
            work="""
            no_work_in_force missed 2
              <- employment 2she 2026-02-10
              <- self_employment 2she 2020-01-01
            """,
            income="""
            no_income missed 1000 tiyin
              <- income 2she 2026-01-01
              months_counted met 2026-01/2026-02 ~
              income_reported unknown 2026-02 of 2she
                <- employment 2she 2026-02-10
            """,
        ),
        id="a little income, new work, a trade",
    ),
    pytest.param(
        World().woman("2she", "1950-01-01").employed("2she", until="2025-11-30"),
        "employment_help 2she",
        out_of_work(
            "missed",
            able="""
            able_to_work missed pension_age of 2she
              <- person 2she
            """,
        ),
        id="of pension age",
    ),
    pytest.param(
        World().woman("2she").employed("2she", until="2025-11-30").disabled("2she", 2),
        "employment_help 2she",
        out_of_work(
            "missed",
            able="""
            able_to_work missed 2 disability_group of 2she
              <- person 2she
              <- disability 2she 2024-01-01
            """,
        ),
        id="unable to work",
    ),
]


@pytest.mark.parametrize(("world", "need", "then"), TOLD)
def test_reasons(world: World, need: str, then: str) -> None:
    assert told(world, need) == dedent(then).strip()
