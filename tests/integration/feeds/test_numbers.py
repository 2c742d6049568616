"""Every number once and in order, whatever is killed; nothing that the hub has not applied."""

from __future__ import annotations

import itertools
import os
import random
import time
from typing import TYPE_CHECKING

import pytest

from schemas.catalogue import catalogue

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig
    from tests.integration.feeds.stated import Read

pytestmark = pytest.mark.long

KILLS = int(os.environ.get("HUB_TEST_KILLS", "4"))
SEED = int(os.environ.get("HUB_TEST_SEED", "7"))


def incomes(rig: Rig, first: int, count: int) -> list[dict[str, object]]:
    return [
        rig.event("tax.income_reported", n % 7, ("income", n), gross_minor=n)
        for n in range(first, first + count)
    ]


def amounts(read: list[Read]) -> list[int]:
    return [each.value["gross_minor"] for each in read]


def planned(rig: Rig) -> int:
    found: int = rig.rows("coalesce(max(last), 0) FROM kept.feed_index")[0][0]
    return found


def test_each_applied_event_comes_once_and_numbered(rig: Rig) -> None:
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    first = rig.write(incomes(rig, 0, 40))
    rig.settle()
    rig.write(incomes(rig, 40, 20), abort=True)
    rig.write(incomes(rig, 60, 20))
    repeats = rig.write([each.record for each in first[:5]])  # suppressed: stored where they were
    bad = rig.write(incomes(rig, 90, 3), applied=False)
    rig.apply(bad, store=False)  # quarantined: progress alone
    waiting = rig.write(incomes(rig, 100, 3), applied=False)
    rig.settle()

    read = rig.read(pension)
    assert [each.number for each in read] == list(range(1, 61))
    assert sorted(amounts(read)) == [*range(40), *range(60, 80)]
    assert len({each.value["feed"]["event"] for each in read}) == 60
    assert [each.headers["feed_number"] for each in read] == [str(n) for n in range(1, 61)]

    rig.apply(waiting)
    rig.settle()
    assert sorted(amounts(rig.read(pension)[60:])) == [100, 101, 102]
    assert repeats


def test_the_order_of_a_persons_events_is_kept(rig: Rig) -> None:
    pension = rig.agency("pension")
    rig.grant(pension, "pension-law", "pension")
    for batch in range(3):
        rig.write(incomes(rig, batch * 30, 30))
        rig.settle()
    by_person: dict[bytes, list[int]] = {}
    for each in rig.read(pension):
        by_person.setdefault(each.value["person"], []).append(each.value["gross_minor"])
    assert len(by_person) == 7
    assert all(said == sorted(said) for said in by_person.values())


def test_a_new_subscriber_catches_up_while_others_go_on(rig: Rig) -> None:
    early, late = rig.agency("early"), rig.agency("late")
    rig.grant(early, "pension-law", "pension")
    rig.write(incomes(rig, 0, 50))
    rig.settle()
    rig.grant(late, "pension-law", "pension")
    rig.write(incomes(rig, 50, 10))
    rig.settle(12)
    for agency in (early, late):
        read = rig.read(agency)
        assert [each.number for each in read] == list(range(1, 61))
        assert sorted(amounts(read)) == list(range(60))


def test_who_catches_up_does_not_overtake(rig: Rig) -> None:
    """What lies beyond those in front is read with them, or it would come twice."""
    early, late = rig.agency("early"), rig.agency("late")
    rig.grant(early, "benefit-payments", "benefit-payment")
    rig.write([rig.event("hub.need_detected", n, n) for n in range(10)])
    rig.settle()
    rig.grant(late, "benefit-payments", "benefit-payment")
    rig.relay.step()  # the new feed begins
    rig.write([rig.event("hub.need_detected", n, n) for n in range(10, 20)])
    rig.relay._turn = 1  # whoever is behind comes first
    rig.settle(12)
    for agency in (early, late):
        read = rig.read(agency)
        assert [each.number for each in read] == list(range(1, 21))
        assert len({each.value["feed"]["event"] for each in read}) == 20


def test_no_kill_loses_doubles_or_renumbers(rig: Rig) -> None:
    chance = random.Random(SEED)
    first, second = rig.agency("first"), rig.agency("second")
    rig.grant(first, "pension-law", "pension")
    rig.grant(second, "social-registry", "social-support")
    written = 0
    for _ in range(KILLS):
        process, before = rig.start_process(), planned(rig)
        while planned(rig) == before:  # it is at work
            rig.write(incomes(rig, written, 25))
            written += 25
        time.sleep(chance.uniform(0.0, 0.2))
        rig.kill(process)
    rig.settle(12)
    for agency in (first, second):
        read = rig.read(agency)
        assert [each.number for each in read] == list(range(1, written + 1))
        assert sorted(amounts(read)) == list(range(written))
    # The index says of every number where its event stands: once, and without a gap.
    spans = rig.rows(
        "agency, first, last FROM kept.feed_index WHERE agency = %s ORDER BY first", first
    )
    assert spans[0][1] == 1
    assert all(before[2] + 1 == after[1] for before, after in itertools.pairwise(spans))
    assert spans[-1][2] == written


def test_every_event_type_has_a_shape() -> None:
    from streams.feeds.shapes import SENT  # noqa: PLC0415

    assert set(catalogue()) - SENT == {
        "hub.source_complete",
        "hub.identity_linked",
        "hub.identity_unlinked",
        "hub.erasure_decided",
        "hub.quarantine_released",
    }
