"""What is said of a whole family, word by word: values, thresholds, and the events behind them."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest

from tests.unit.streams.rules.telling import family, told
from tests.unit.streams.rules.wording import lines, per_head
from tests.unit.streams.rules.world import World

TOLD = [
    pytest.param(
        family(1_200_000),
        "family_low_income 1he",
        lines(
            """
            by 2025-01-01
            review months 6
            family_low_income met
              income_below_minimum met 60000000 / 70000000 tiyin_a_month
                {}
              adult_able_to_work met
                able_to_work met working_age of 1he
                  <- person 1he
                able_to_work met working_age of 2she
                  <- person 2she
            """,
            per_head(60_000_000, 360_000_000),
        ),
        id="poor, and both can work",
    ),
    pytest.param(
        family(1_200_000),
        "family_state_supported 1he",
        lines(
            """
            by 2025-01-01
            review months 12
            family_state_supported missed
              income_below_minimum met 60000000 / 70000000 tiyin_a_month
                {}
              no_adult_able_to_work missed
                able_to_work met working_age of 1he
                  <- person 1he
                able_to_work met working_age of 2she
                  <- person 2she
            """,
            per_head(60_000_000, 360_000_000),
        ),
        id="poor, so not supported",
    ),
    pytest.param(
        family(1_200_000),
        "family_at_risk 1he",
        lines(
            """
            by 2025-01-01
            review months 6
            family_at_risk missed
              income_not_below_minimum missed 60000000 / 70000000 tiyin_a_month
              income_below_risk_limit met 60000000 / 105000000 tiyin_a_month
                {}
            """,
            per_head(60_000_000, 360_000_000),
        ),
        id="poor, so more than at risk",
    ),
    pytest.param(
        family(1_500_000),
        "family_at_risk 1he",
        lines(
            """
            by 2025-01-01
            review months 6
            family_at_risk met
              income_not_below_minimum met 75000000 / 70000000 tiyin_a_month
              income_below_risk_limit met 75000000 / 105000000 tiyin_a_month
                {}
            """,
            per_head(75_000_000, 450_000_000),
        ),
        id="at risk",
    ),
    pytest.param(
        World().man("1he", "1960-01-01").woman("2she").married("1he", "2she").disabled("2she", 2),
        "family_state_supported 1he",
        lines(
            """
            by 2025-01-01
            review months 12
            family_state_supported met
              income_below_minimum met 0 / 70000000 tiyin_a_month
                {}
              no_adult_able_to_work met
                able_to_work missed pension_age of 1he
                  <- person 1he
                able_to_work missed 2 disability_group of 2she
                  <- person 2she
                  <- disability 2she 2024-01-01
            """,
            per_head(0, 0, paid=False),
        ),
        id="nobody can work",
    ),
    pytest.param(
        family(1_200_000),
        "material_assistance 1he",
        lines(
            """
            amount 42000000
            by 2025-07-01
            review months 6
            material_assistance met
              income_below_minimum met 60000000 / 70000000 tiyin_a_month
                {}
              no_minor_child met 0 ~
              amount_in_force met
            """,
            per_head(60_000_000, 360_000_000),
        ),
        id="poor and without children",
    ),
    pytest.param(
        family(1_200_000, "2020-01-01"),
        "material_assistance 1he",
        lines(
            """
            by 2025-07-01
            review months 6
            material_assistance missed
              income_below_minimum met 40000000 / 70000000 tiyin_a_month
                {}
              no_minor_child missed 1 ~
              amount_in_force met
            """,
            per_head(40_000_000, 360_000_000, "3child"),
        ),
        id="poor with a child: no material assistance",
    ),
    pytest.param(
        replace(family(1_200_000), tax=None),
        "family_low_income 1he",
        """
        review months 6
        family_low_income unknown
          income_below_minimum unknown
            income_per_head unknown
              adult_in_family met 2
              tax_complete unknown / 2025-12-31 ~
        """,
        id="tax incomplete",
    ),
    pytest.param(
        family(0).employed("2she", until="2026-01-15"),
        "family_low_income 1he",
        """
        review months 6
        family_low_income unknown
          income_below_minimum unknown
            income_per_head unknown
              income_reported unknown 2025-12 of 2she
                <- employment 2she 2020-01-01
                <- employment_end 2she 2026-01-15
              income_reported unknown 2026-01 of 2she
                <- employment 2she 2020-01-01
                <- employment_end 2she 2026-01-15
        """,
        id="a month that the employer did not report",
    ),
    pytest.param(
        World().disabled("1he", 3),
        "family_low_income 1he",
        """
        review months 6
        family_low_income unknown
          income_below_minimum unknown
            income_per_head unknown
              adult_in_family met 1
              birth_date_known unknown of 1he
              tax_complete met 2026-02-28 / 2025-12-31 ~
        """,
        id="age unknown",
    ),
    pytest.param(
        World().man("1he").disabled("1he", None),
        "family_low_income 1he",
        """
        review months 6
        family_low_income unknown
          income_below_minimum unknown
            income_per_head unknown
              adult_in_family met 1
              ability_to_work_known unknown of 1he
              tax_complete met 2026-02-28 / 2025-12-31 ~
        """,
        id="the group was erased",
    ),
    pytest.param(
        World().woman("2she").lives("2she", "home", kind="institution"),
        "family_at_risk 2she",
        """
        review months 6
        family_at_risk missed
          income_below_minimum missed
            income_per_head missed
              not_in_institution missed
              tax_complete met 2026-02-28 / 2025-12-31 ~
        """,
        id="in an institution",
    ),
    pytest.param(
        World().born("3child", "2015-01-01"),
        "material_assistance 3child",
        """
        by 2025-07-01
        review months 6
        material_assistance missed
          income_below_minimum missed
            income_per_head missed
              adult_in_family missed 0
              tax_complete met 2026-02-28 / 2025-12-31 ~
          no_minor_child missed 1 ~
          amount_in_force met
        """,
        id="no adult",
    ),
]


@pytest.mark.parametrize(("world", "need", "then"), TOLD)
def test_reasons(world: World, need: str, then: str) -> None:
    assert told(world, need) == dedent(then).strip()
