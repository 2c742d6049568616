"""What is said of the old, the ill and the disabled, word by word."""

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.unit.streams.rules.telling import told
from tests.unit.streams.rules.world import World

TOLD = [
    pytest.param(
        World().woman("2she", "1950-01-01").lives("2she", "home"),
        "lonely_care 2she",
        """
        lonely_care met
          elderly_or_disabled met
            pension_age met 76 / 55 years ~
              <- person 2she
            grave_disability missed
          lives_alone_at_home met 0
            <- residence 2she 2015-01-01
          no_living_adult_child met 0
        """,
        id="old and alone",
    ),
    pytest.param(
        World().woman("2she").lives("2she", "home").disabled("2she", 1),
        "lonely_care 2she",
        """
        lonely_care met
          elderly_or_disabled met
            pension_age missed 36 / 55 years ~
              <- person 2she
            grave_disability met 1 disability_group
              <- disability 2she 2024-01-01
          lives_alone_at_home met 0
            <- residence 2she 2015-01-01
          no_living_adult_child met 0
        """,
        id="disabled and alone",
    ),
    pytest.param(
        World()
        .woman("2she", "1950-01-01")
        .lives("2she", "home")
        .man("5other")
        .lives("5other", "home")
        .born("3child", "2000-01-01", mother="2she"),
        "lonely_care 2she",
        """
        lonely_care missed
          elderly_or_disabled met
            pension_age met 76 / 55 years ~
              <- person 2she
            grave_disability missed
          lives_alone_at_home missed 1
            <- residence 2she 2015-01-01
            <- residence 5other 2015-01-01
          no_living_adult_child missed 1
            <- birth 3child
        """,
        id="old, with a lodger and a grown-up child",
    ),
    pytest.param(
        World().woman("2she", "1950-01-01"),
        "lonely_care 2she",
        """
        lonely_care unknown
          elderly_or_disabled met
            pension_age met 76 / 55 years ~
              <- person 2she
            grave_disability missed
          lives_alone_at_home unknown
        """,
        id="where she lives is not known",
    ),
    pytest.param(
        World().woman("2she").disabled("2she", 2, until="2026-03-09"),
        "lonely_care 2she",
        """
        lonely_care missed
          elderly_or_disabled missed
            pension_age missed 36 / 55 years ~
              <- person 2she
            grave_disability missed
        """,
        id="the disability is over",
    ),
    pytest.param(
        World().woman("2she").disabled("2she", 2, until="2026-12-31"),
        "disability_support 2she",
        """
        since 2024-01-01
        review on 2026-12-01
        disability_support met
          disability_group met 2 disability_group
            <- disability 2she 2024-01-01
          assessment_in_force met 2026-12-31
        """,
        id="until the end of the year",
    ),
    pytest.param(
        World().woman("2she").disabled("2she", None),
        "disability_support 2she",
        """
        since 2024-01-01
        disability_support unknown
          disability_group unknown disability_group
            <- disability 2she 2024-01-01
          assessment_in_force met
        """,
        id="for good, the group was erased",
    ),
    pytest.param(
        World().woman("2she").disabled("2she", 2, until="2026-03-09"),
        "disability_support 2she",
        """
        disability_support missed
          assessment_in_force missed 2026-03-09
            <- disability 2she 2024-01-01
        """,
        id="until yesterday",
    ),
    pytest.param(
        World().woman("2she").pregnant("2she", "2026-01-01"),
        "medical_follow_up 2she",
        """
        since 2026-01-01
        medical_follow_up met
          pregnant met
            pregnancy_without_follow_up met
              pregnancy_registered met 2026-01-01
                <- pregnancy 2she 2026-01-01
              pregnancy_lasts met 2026-10-08
              no_follow_up met
              not_born_yet met
        """,
        id="no due date",
    ),
]


@pytest.mark.parametrize(("world", "need", "then"), TOLD)
def test_reasons(world: World, need: str, then: str) -> None:
    assert told(world, need) == dedent(then).strip()
