"""Two assessors and a busy registry on real PostgreSQL end where one, alone, would have ended."""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest

from streams.assessor import Assessor
from tests.integration.assessment.conftest import MakeAssessor
from tests.integration.assessment.country import NOW, ON, Country, person

PEOPLE = [f"{number % 10}p{number}" for number in range(24)]


def work(assessor: Assessor, done: threading.Event) -> None:
    while True:
        finished = done.is_set()
        if assessor.assess_batch(ON, NOW) is None:
            if finished:
                return
            time.sleep(0.005)


def live(country: Country, chance: random.Random) -> None:
    """Marry, divorce by annulment, move, earn."""
    versions: dict[str, int] = {}
    for _ in range(120):
        one, other = chance.sample(PEOPLE, 2)
        what = chance.choice(("marry", "annul", "earn", "move", "die", "revive"))
        record = {"earn": f"income {one}", "move": f"residence {one}"}.get(what, f"m {one}")
        record = f"death {one}" if what in {"die", "revive"} else record
        version = versions[record] = versions.get(record, 0) + 1
        change = "CREATED" if version == 1 else "CORRECTED"
        if what == "marry":
            country.married(one, other, record=record, version=version)
        elif what in {"annul", "revive"}:
            country.annul(record, one, version)
        elif what == "earn":
            value = {"employer": "e", "month": "2026-02-01", "gross_minor": chance.randrange(9**9)}
            days = ("2026-02-01", None)
            country.state(record, (one, "income", value), version=version, days=days)
        elif what == "move":
            value = {"dwelling": f"d{chance.randrange(4)}", "kind": "home"}
            days = ("2020-01-01", None)
            country.state(record, (one, "residence", value), version=version, days=days)
        else:
            value = {"died_on": "2026-01-01"}
            country.state(record, (one, "death", value), version=version, change=change)


def tables(country: Country) -> dict[str, list[tuple[Any, ...]]]:
    """What must be the same whatever the order of work was."""
    queries = {
        "needs": "SELECT person, kind, household, amount_minor, rule, reason_digest, evidence"
        " FROM live.needs WHERE status <> 'ended' ORDER BY person, kind",
        "assessments": "SELECT household, anchor, members, outcome, next_change_on, near_misses"
        " FROM live.assessments ORDER BY household",
    }
    return {name: country.connection.execute(query).fetchall() for name, query in queries.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_assessors_end_where_one_would(
    country: Country, make_assessor: MakeAssessor, seed: int
) -> None:
    chance = random.Random(seed)
    country.complete()
    for name in PEOPLE:
        country.born(name, f"{chance.randrange(1945, 2000)}-01-01", chance.choice("MF"))
        country.lives(name, f"d{chance.randrange(4)}")
    done = threading.Event()

    with ThreadPoolExecutor(2) as pool:
        working = []
        for _ in range(2):
            assessor = make_assessor()
            assessor.most_causes = 5
            working.append(pool.submit(work, assessor, done))
        live(country, chance)
        done.set()
        for future in working:
            future.result(timeout=120)
    together = tables(country)

    country.connection.execute("TRUNCATE live.needs, live.need_history, live.assessments")
    country.connection.execute(
        "INSERT INTO live.causes (person, event_id)"
        " SELECT DISTINCT person, gen_random_uuid() FROM live.facts"
    )
    alone = make_assessor()
    while alone.assess_batch(ON, NOW) is not None:
        pass
    assert together == tables(country)
    assert together["needs"]


def test_a_person_dirtied_often_is_judged_once(country: Country, assessor: Assessor) -> None:
    country.complete()
    country.born("1ali", "1990-01-01", "M")
    for number in range(50):
        country.state(f"name {number}", ("1ali", "name", {}), version=2)
    assessor.most_causes = 1

    batch = assessor.assess_batch(ON, NOW)

    assert batch is not None
    assert (batch.causes, batch.households) == (101, 1)
    assert assessor.assess_batch(ON, NOW) is None


def test_a_circle_too_large_for_one_transaction_is_split(
    country: Country, assessor: Assessor
) -> None:
    country.complete()
    for number in range(40):
        country.born(f"p{number}", "1990-01-01", "M")
    assessor.most_persons = 10

    batches = []
    while (batch := assessor.assess_batch(ON, NOW)) is not None:
        batches.append(batch.households)

    assert sum(batches) == 40
    assert max(batches) <= 12


def test_a_marriage_while_the_assessor_waits_for_its_locks_is_not_missed(
    country: Country, database: str, assessor: Assessor
) -> None:
    country.complete()
    country.born("1ali", "1990-01-01", "M")
    country.born("2vali", "1990-01-01", "F")
    while assessor.assess_batch(ON, NOW) is not None:
        pass
    country.earns_once("1ali", "2026-02-01", 1)
    with closing(psycopg.connect(database)) as other, ThreadPoolExecutor(1) as pool:
        key = int.from_bytes(person("1ali")[:8], signed=True)
        other.execute("SELECT pg_advisory_xact_lock(%s)", [key])
        working = pool.submit(assessor.assess_batch, ON, NOW)
        _wait_for_waiter(country, "advisory")
        country.married("1ali", "2vali")
        other.rollback()
        batch = working.result(timeout=30)

    assert batch is not None
    assert batch.households == 1  # together, in the very transaction that had found them apart
    assert country.outcomes() == {person("1ali"): "assessed"}


def test_who_was_watched_is_judged_if_somebody_else_judged_them_meanwhile(
    country: Country, database: str, make_assessor: MakeAssessor
) -> None:
    """The old man is judged alone, not yet committed; then a guest arrives, who must count."""
    country.complete()
    country.born("1old", "1950-01-01", "M")
    country.lives("1old", "hut")
    first, second = make_assessor(), make_assessor()
    with closing(psycopg.connect(database)) as other, ThreadPoolExecutor(2) as pool:
        other.execute("LOCK TABLE live.needs IN EXCLUSIVE MODE")  # whoever would write waits
        one = pool.submit(first.assess_batch, ON, NOW)
        _wait_for_waiter(country, "relation")
        country.born("2guest", "1990-01-01", "F")
        country.lives("2guest", "hut")
        two = pool.submit(second.assess_batch, ON, NOW)
        _wait_for_waiter(country, "advisory")
        other.rollback()
        one.result(timeout=30)
        two.result(timeout=30)

    row = country.connection.execute(
        "SELECT status FROM live.needs WHERE kind = 'lonely_care'"
    ).fetchone()
    assert row == ("ended",)


def _wait_for_waiter(country: Country, lock: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        row = country.connection.execute(
            "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE d.datname = current_database() AND l.locktype = %s AND NOT l.granted",
            [lock],
        ).fetchone()
        if row is not None and row[0]:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the lock")
