"""Reasons before the first amounts, on the day itself, and where much is unknown."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from tests.unit.streams.rules.telling import family, told
from tests.unit.streams.rules.wording import lines, per_head
from tests.unit.streams.rules.world import World

TOLD = [
    pytest.param(
        family(9_000_000, "2015-01-01"),
        "child_benefit 3child",
        "2026-03-10",
        lines(
            """
            by 2025-07-01
            review months 6
            child_benefit missed
              family_entitled missed
                income_below_minimum missed 300000000 / 70000000 tiyin_a_month
                  {}
                family_at_risk missed
                  income_not_below_minimum met 300000000 / 70000000 tiyin_a_month
                  income_below_risk_limit missed 300000000 / 105000000 tiyin_a_month
                    {}
              minor met 11 / 18 years ~
                <- birth 3child
              order_of_child met 1
              amount_in_force met
            """,
            per_head(300_000_000, 2_700_000_000, "3child"),
            per_head(300_000_000, 2_700_000_000, "3child"),
        ),
        id="a rich family's child",
    ),
    pytest.param(
        family(0, "2015-01-01"),
        "child_benefit 3child",
        "2021-07-31",
        lines(
            """
            review months 6
            child_benefit unknown
              income_below_minimum unknown
                {}
              minor met 6 / 18 years ~
                <- birth 3child
              order_of_child met 1
              amount_in_force unknown
            """,
            per_head(0, 0, "3child", months="2021-04/2021-06", paid=False),
        ),
        id="a child before the first amount",
    ),
    pytest.param(
        family(0, "2024-01-01"),
        "infant_care 3child",
        "2024-12-31",
        """
        since 2024-01-01
        infant_care unknown
          infant met 0 / 2 years ~
            <- birth 3child
          not_in_institution met
          amount_in_force unknown
        """,
        id="an infant before the first amount",
    ),
    pytest.param(
        family(0),
        "material_assistance 1he",
        "2021-07-31",
        lines(
            """
            review months 6
            material_assistance unknown
              income_below_minimum unknown
                {}
              no_minor_child met 0 ~
              amount_in_force unknown
            """,
            per_head(0, 0, months="2021-04/2021-06", paid=False),
        ),
        id="a poor couple before the first amount",
    ),
    pytest.param(
        family(0),
        "family_state_supported 1he",
        "2024-12-31",
        lines(
            """
            review months 12
            family_state_supported unknown
              income_below_minimum unknown
                {}
            """,
            per_head(0, 0, months="2024-09/2024-11", paid=False),
        ),
        id="before the first minimum",
    ),
    pytest.param(
        family(0, "2008-03-10"),
        "guardianship_check 3child",
        "2026-03-10",
        """
        guardianship_check missed
          minor missed 18 / 18 years ~
            <- birth 3child
        """,
        id="of age today",
    ),
    pytest.param(
        World()
        .woman("2she")
        .born("3child", "2015-01-01", mother="2she", father="1he")
        .died("2she", "2026-01-01"),
        "guardianship_check 3child",
        "2026-03-10",
        """
        guardianship_check missed
          no_living_parent missed 1
            <- birth 3child
            <- death 2she
        """,
        id="the mother is dead, of the father nothing is known",
    ),
    pytest.param(
        World()
        .woman("2she")
        .born("3child", "2015-01-01", mother="2she", father="1he")
        .died("2she", "2026-01-01"),
        "survivor_support 3child",
        "2026-03-10",
        """
        survivor_support missed
          bereaved_of_earner missed
            death_of_parent missed
              dead met 2026-01-01 of 2she
                <- death 2she
              minor met 11 / 18 years ~
                <- birth 3child
              was_earning missed of 2she
        """,
        id="nor whether he had work",
    ),
    pytest.param(
        family(0, "2015-01-01").died("1he", "2026-01-01").died("2she", "2026-03-11"),
        "guardianship_check 3child",
        "2026-03-10",
        """
        guardianship_check missed
          no_living_parent missed 1
            <- birth 3child
            <- death 1he
        """,
        id="the mother dies tomorrow",
    ),
    pytest.param(
        World()
        .woman("2she")
        .disabled("2she", 2, "2022-01-01", "2023-12-31")
        .disabled("2she", 1, "2020-01-01", "2021-12-31"),
        "disability_support 2she",
        "2026-03-10",
        """
        disability_support missed
          assessment_in_force missed 2023-12-31
            <- disability 2she 2022-01-01
        """,
        id="of two assessments that are over the latest",
    ),
    pytest.param(
        World().woman("2she").disabled("2she", 4),
        "disability_support 2she",
        "2026-03-10",
        """
        since 2024-01-01
        disability_support missed
          disability_group missed 4 disability_group
            <- disability 2she 2024-01-01
          assessment_in_force met
        """,
        id="no such group",
    ),
    pytest.param(
        World().woman("2she").lives("2she", "home").disabled("2she", None),
        "lonely_care 2she",
        "2026-03-10",
        """
        lonely_care unknown
          elderly_or_disabled unknown
            pension_age missed 36 / 55 years ~
              <- person 2she
            grave_disability unknown disability_group
              <- disability 2she 2024-01-01
          lives_alone_at_home met 0
            <- residence 2she 2015-01-01
          no_living_adult_child met 0
        """,
        id="the group was erased",
    ),
]


@pytest.mark.parametrize(("world", "need", "on", "then"), TOLD)
def test_reasons(world: World, need: str, on: str, then: str) -> None:
    assert told(world, need, date.fromisoformat(on)) == dedent(then).strip()
