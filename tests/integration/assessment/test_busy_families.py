"""Three assessors while families change and incomes arrive: they end where the oracle ends."""

from __future__ import annotations

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from streams.assessor import Assessor
from tests.histories import NOW, ON, families
from tests.integration.assessment.conftest import MakeAssessor
from tests.integration.assessment.country import THROUGH, Country
from tests.integration.assessment.feed import Feed
from tests.integration.assessment.oracle import Conclusion, conclude
from tests.integration.streams.store_rig import Rig

SEED = int(os.environ.get("HUB_TEST_SEED", "1"))
_COMPARED = {
    "needs": "SELECT need, person, household, kind, amount_minor, rule, evidence, reason_digest"
    " FROM live.needs WHERE status <> 'ended' ORDER BY 1",
    "assessments": "SELECT household, members, outcome, near_misses, income_through, settles_at"
    " FROM live.assessments ORDER BY 1",
}


def work(assessor: Assessor, done: threading.Event, now: datetime) -> None:
    while True:
        finished = done.is_set()
        if assessor.assess_batch(ON, now) is None:
            if finished:
                return
            time.sleep(0.002)


def concluded(country: Country) -> Conclusion:
    needs = country.connection.execute(
        "SELECT person::text, kind, household::text, amount_minor FROM live.needs"
        " WHERE status <> 'ended'"
    ).fetchall()
    groups = country.connection.execute(
        "SELECT members::text[] FROM live.assessments WHERE outcome <> 'institution'"
    ).fetchall()
    return set(needs), {frozenset(members) for (members,) in groups}


def tables(country: Country) -> dict[str, list[Any]]:
    return {
        name: country.connection.execute(query.encode()).fetchall()
        for name, query in _COMPARED.items()
    }


def everybody_is_in_one_household(country: Country) -> bool:
    row = country.connection.execute(
        "SELECT count(member), count(DISTINCT member) FROM live.assessments, unnest(members) member"
    ).fetchone()
    assert row is not None
    return bool(row[0] == row[1] > 0)


@pytest.mark.parametrize("seed", [SEED])
def test_families_change_while_incomes_arrive(
    country: Country, make_assessor: MakeAssessor, database: str, seed: int
) -> None:
    chance = random.Random(seed)
    events = families(seed)
    chance.shuffle(events)
    country.complete()
    done = threading.Event()
    assessors = [make_assessor() for _ in range(3)]
    for assessor, most in zip(assessors, (2, 7, 40), strict=True):
        assessor.most_causes = most
    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, assessor, done, NOW) for assessor in assessors]
        try:
            for _ in Feed(Rig(database), chance).parts(events, 3, 12):
                assert everybody_is_in_one_household(country) or not country.outcomes()
        finally:
            done.set()
        for future in working:
            future.result(timeout=120)

    assert concluded(country) == conclude(events, ON, NOW, THROUGH)
    assert everybody_is_in_one_household(country)

    later = NOW + timedelta(days=9)  # whatever had to settle has settled
    assert assessors[0].queue_due(ON, later) > 0
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(work, assessor, done, later) for assessor in assessors]:
            future.result(timeout=120)
    assert concluded(country) == conclude(events, ON, later, THROUGH)

    together = tables(country)
    country.connection.execute("TRUNCATE live.needs, live.need_history, live.assessments")
    country.connection.execute(
        "INSERT INTO live.causes (person, event_id)"
        " SELECT DISTINCT person, gen_random_uuid() FROM live.facts"
    )
    work(make_assessor(), done, later)
    assert together == tables(country)
