"""Medical follow-up of pregnancies (Law on the Protection of Citizens' Health). 10 March 2026."""

from __future__ import annotations

from datetime import date

import pytest

from streams.rules.reason import MET, MISSED, UNKNOWN
from tests.unit.streams.rules.world import ON, World, ident


def pregnant(since: str = "2026-01-01", due: str | None = "2026-08-01", **more: bool) -> World:
    return World().woman("1she").pregnant("1she", since, due, **more)


FOLLOW_UP = [
    pytest.param(pregnant(), ON, MET, id="registered, nobody follows up"),
    pytest.param(pregnant(follow_up=True), ON, MISSED, id="a follow-up is arranged"),
    pytest.param(pregnant("2026-03-10"), ON, MET, id="registered today"),
    pytest.param(pregnant("2026-03-11"), ON, MISSED, id="registered tomorrow"),
    pytest.param(pregnant(due="2026-03-10"), ON, MET, id="due today"),
    pytest.param(pregnant(due="2026-03-09"), ON, MISSED, id="due yesterday"),
    pytest.param(pregnant("2025-06-03", None), ON, MET, id="no due date: the 280th day after"),
    pytest.param(pregnant("2025-06-02", None), ON, MISSED, id="no due date: the 281st day after"),
    pytest.param(
        pregnant().born("2child", "2026-03-10", mother="1she"), ON, MISSED, id="born today"
    ),
    pytest.param(
        pregnant().born("2child", "2026-03-11", mother="1she"), ON, MET, id="born tomorrow"
    ),
    pytest.param(
        pregnant().born("2child", "2026-01-01", mother="1she"),
        ON,
        MISSED,
        id="born on the day of registration",
    ),
    pytest.param(
        pregnant().born("2child", "2025-12-31", mother="1she"), ON, MET, id="born the day before"
    ),
    pytest.param(
        pregnant().born("2child", "2026-03-01", mother="1she").died("2child", "2026-03-02"),
        ON,
        MISSED,
        id="born and died",
    ),
    pytest.param(
        pregnant(follow_up=True).pregnant("1she", "2026-02-01", None),
        ON,
        MET,
        id="registered twice: one without follow-up is enough",
    ),
    pytest.param(
        pregnant("2025-01-01", None)
        .born("2child", "2025-09-01", mother="1she")
        .pregnant("1she", "2026-02-01", None),
        ON,
        MET,
        id="pregnant again",
    ),
    pytest.param(
        pregnant().lives("1she", "home", kind="institution"), ON, MET, id="in an institution, too"
    ),
    pytest.param(
        World().pregnant("1she", "2026-01-01"), ON, MET, id="known to the health registry alone"
    ),
    pytest.param(pregnant().died("1she", "2026-03-10"), ON, MISSED, id="dead since today"),
]


@pytest.mark.parametrize(("world", "on", "then"), FOLLOW_UP)
def test_medical_follow_up(world: World, on: date, then: str) -> None:
    assert world.result("medical_follow_up 1she", on) == then


def test_it_counts_from_the_earliest_registration_that_fits() -> None:
    world = pregnant(follow_up=True).pregnant("1she", "2026-02-01").pregnant("1she", "2026-03-01")

    assert world.since("medical_follow_up 1she") == date(2026, 2, 1)


def test_an_erased_registration_leaves_the_answer_open() -> None:
    world = pregnant()
    world.opened[ident("event pregnancy 1she 2026-01-01 1")] = None

    assert world.result("medical_follow_up 1she") == UNKNOWN


def test_a_disability_that_is_over_says_since_when() -> None:
    world = World().woman("1she").disabled("1she", 2, until="2026-03-09")
    reason = world.judgements()[ident("1she"), "disability_support"].reason

    assert reason.result == MISSED
    assert reason.parts[0].value == date(2026, 3, 9)
    assert reason.parts[0].events == (ident("event disability 1she 2024-01-01 1"),)
