"""What is said of children, word by word."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.unit.streams.rules.telling import family, told
from tests.unit.streams.rules.wording import lines, per_head
from tests.unit.streams.rules.world import World

TOLD = [
    pytest.param(
        family(1_200_000, "2023-03-11"),
        "child_benefit 3child",
        lines(
            """
            amount 36000000
            by 2025-07-01
            review months 6
            child_benefit met
              family_entitled met
                income_below_minimum met 40000000 / 70000000 tiyin_a_month
                  {}
                family_at_risk missed
                  income_not_below_minimum missed 40000000 / 70000000 tiyin_a_month
                  income_below_risk_limit met 40000000 / 105000000 tiyin_a_month
                    {}
              minor met 2 / 18 years ~
                <- birth 3child
              order_of_child met 1
              amount_in_force met
            """,
            per_head(40_000_000, 360_000_000, "3child"),
            per_head(40_000_000, 360_000_000, "3child"),
        ),
        id="a poor family's only child",
    ),
    pytest.param(
        family(3_000_000, "2015-01-01", "2016-01-01"),
        "child_benefit 4child",
        lines(
            """
            amount 12375000
            by 2025-07-01
            review months 6
            child_benefit met
              family_entitled met
                income_below_minimum missed 75000000 / 70000000 tiyin_a_month
                  {}
                family_at_risk met
                  income_not_below_minimum met 75000000 / 70000000 tiyin_a_month
                  income_below_risk_limit met 75000000 / 105000000 tiyin_a_month
                    {}
              minor met 10 / 18 years ~
                <- birth 4child
              order_of_child met 2
              amount_in_force met
              share_of_amount met 75 percent
            """,
            per_head(75_000_000, 900_000_000, "3child", "4child"),
            per_head(75_000_000, 900_000_000, "3child", "4child"),
        ),
        id="the second child of a family at risk",
    ),
    pytest.param(
        family(3_000_000, "2008-03-10"),
        "child_benefit 3child",
        """
        child_benefit missed
          minor missed 18 / 18 years ~
            <- birth 3child
        """,
        id="came of age",
    ),
    pytest.param(
        family(3_000_000, "2024-03-11"),
        "infant_care 3child",
        """
        amount 50000000
        by 2025-01-01
        since 2024-03-11
        infant_care met
          infant met 1 / 2 years ~
            <- birth 3child
          not_in_institution met
          amount_in_force met
        """,
        id="infant",
    ),
    pytest.param(
        family(3_000_000, "2024-03-11").lives("3child", "h", kind="institution"),
        "infant_care 3child",
        """
        by 2025-01-01
        since 2024-03-11
        infant_care missed
          infant met 1 / 2 years ~
            <- birth 3child
          not_in_institution missed
            <- residence 3child 2015-01-01
          amount_in_force met
        """,
        id="an infant in an institution",
    ),
    pytest.param(
        family(3_000_000, "2024-03-10"),
        "infant_care 3child",
        """
        infant_care missed
          infant missed 2 / 2 years ~
            <- birth 3child
        """,
        id="two today",
    ),
    pytest.param(
        family(3_000_000, "2024-03-10"),
        "guardianship_check 3child",
        """
        guardianship_check missed
          no_living_parent missed 2
            <- birth 3child
        """,
        id="both parents live",
    ),
    pytest.param(
        family(0, "2015-01-01")
        .died("1he", "2026-01-01")
        .died("2she", "2026-02-01")
        .man("4child")
        .guarded("3child", "4child", until="2026-03-09"),
        "guardianship_check 3child",
        """
        guardianship_check met
          no_living_parent met 0
            <- birth 3child
            <- death 2she
            <- death 1he
          minor met 11 / 18 years ~
            <- birth 3child
          not_in_institution met
          no_living_guardian met 0
        """,
        id="both parents dead, the guardian's time is over",
    ),
    pytest.param(
        family(0, "2015-01-01")
        .died("1he", "2026-01-01")
        .died("2she", "2026-02-01")
        .man("4child")
        .guarded("3child", "4child")
        .man("5other")
        .guarded("3child", "5other")
        .died("5other", "2026-03-01"),
        "guardianship_check 3child",
        """
        guardianship_check missed
          no_living_parent met 0
            <- birth 3child
            <- death 2she
            <- death 1he
          minor met 11 / 18 years ~
            <- birth 3child
          not_in_institution met
          no_living_guardian missed 1
            <- guardian 3child 2020-01-01
            <- guardian 3child 2020-01-01
            <- death 5other
        """,
        id="one guardian lives, one is dead",
    ),
    pytest.param(
        World().born("3child", "2015-01-01"),
        "guardianship_check 3child",
        """
        guardianship_check unknown
          no_living_parent unknown
          minor met 11 / 18 years ~
            <- person 3child
          not_in_institution met
          no_living_guardian met 0
        """,
        id="who the parents were is not known",
    ),
    pytest.param(
        World()
        .woman("2she")
        .pregnant("2she", "2026-01-01", "2026-08-01", True)
        .born("3child", "2026-03-01", mother="2she"),
        "medical_follow_up 2she",
        """
        medical_follow_up missed
          pregnant missed
            pregnancy_without_follow_up missed
              pregnancy_registered met 2026-01-01
                <- pregnancy 2she 2026-01-01
              pregnancy_lasts met 2026-08-01
              no_follow_up missed
              not_born_yet missed
                <- birth 3child
        """,
        id="looked after, and born",
    ),
    pytest.param(
        family(0).died("1he", "2025-09-10"),
        "survivor_support 2she",
        """
        survivor_support missed
          bereaved_of_earner missed
            death_of_spouse missed
              dead met 2025-09-10 of 1he
                <- death 1he
              bereaved_recently missed / 2026-03-10
              was_earning missed of 1he
        """,
        id="dead for half a year, without work",
    ),
]


@pytest.mark.parametrize(("world", "need", "then"), TOLD)
def test_reasons(world: World, need: str, then: str) -> None:
    assert told(world, need) == dedent(then).strip()
