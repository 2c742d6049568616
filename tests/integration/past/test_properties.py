"""Judging again is judging: as the assessor did, or as one would have done that stopped at T."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ops.bench.families import Families
from ops.bench.fill import fill
from projections.past_store import PastStore
from schemas.catalogue import catalogue
from streams.assessor import Assessor
from streams.decision import Decider
from streams.lifecycle import WINDOWS, Fact, holding
from streams.past import Past
from streams.person import KINDS
from streams.rules.uz import PACK
from tests.integration.assessment.country import KEYS, PARTITIONS, person
from tests.integration.past.conftest import Asking
from tests.integration.past.timeline import Timeline, moment

Said = dict[bytes, set[tuple[Any, ...]]]

_LIVE = """
SELECT person, kind, household, urgency, amount_minor, rule, reason_digest
  FROM live.needs WHERE status <> 'ended'
"""


def substance(connection: psycopg.Connection[Any], ids: list[bytes]) -> Said:
    """What the assessor said, by person: all but when it was found and when it is reviewed."""
    found: Said = {one: set() for one in ids}
    for row in connection.execute(_LIVE).fetchall():
        found[row[0].bytes].add((row[1], row[2].bytes, *row[3:6], bytes(row[6])))
    return found


def judged_again(asking: Asking, past: Past, one: bytes, on: date, at: datetime) -> set[Any]:
    """The same of one person, judged again."""
    decider = Decider(KEYS, PACK.by_kind(), PACK.name)
    with asking.connection.transaction():
        judged = past.judged(PastStore(asking.connection, at), one, on)
    if judged.person != one:
        return set()  # an alias: what is said is said of the person
    own = judged.own()
    drafts = decider.decide([own] if own else [], {}, {}, {}, on)
    rows = [draft.row for draft in drafts if draft.row.person == one]
    return {
        (row.kind, row.household, row.urgency, row.amount_minor, row.rule, row.reason_digest)
        for row in rows
    }


def everybody(country: Timeline) -> list[bytes]:
    rows = country.connection.execute("SELECT DISTINCT person FROM live.facts ORDER BY 1")
    return [one.bytes for (one,) in rows.fetchall()]


def test_today_as_known_now_is_what_is_said(
    country: Timeline, database: str, assessor: Assessor, asking: Asking, past: Past
) -> None:
    day, through = date(2026, 9, 30), date(2026, 8, 31)
    assert country.keystore is not None
    for _ in fill(database, country.keystore, Families(160, day), PARTITIONS, through):
        pass
    now = datetime.now(UTC)
    while assessor.assess_batch(day, now) is not None:
        pass
    ids = everybody(country)
    said = substance(country.connection, ids)

    assert sum(map(len, said.values())) > 50
    assert {one: judged_again(asking, past, one, day, now) for one in ids} == said


DAY = date(2026, 3, 10)
BEGIN = moment("2026-03-01")
NAMES = [f"{number % 10}p{number}" for number in range(14)]
_TYPES = {
    "marriage": "civil.marriage_registered",
    "death": "civil.death_registered",
    "residence": "civil.residence_registered",
    "income": "tax.income_reported",
    "link": "health.patient_linked",
}


def happen(country: Timeline, chance: random.Random) -> list[datetime]:
    """State, correct, annul and link at random; return moments between."""
    country.at = BEGIN
    versions: dict[str, int] = {}
    for number, name in enumerate(NAMES):
        parents: dict[str, Any] = {}
        if number >= 9:
            parents = {"mother": NAMES[number - 9], "father": NAMES[number - 8]}
        year = 2014 + number % 4 if parents else 1940 + 9 * (number % 6)
        country.born(name, f"{year}-05-01", "FM"[number % 2], **parents)
        if number % 3:
            country.lives(name, f"hut {number % 4}")
        if number % 4 == 0:
            country.earns(name, chance.choice((500_000, 1_500_000, 3_000_000)))
            versions[f"income {name} 2026-02-01"] = 1
    country.complete()
    moments = []
    for _ in range(60):
        country.at += timedelta(minutes=chance.randrange(1, 60 * 12))
        moments.append(country.at + timedelta(seconds=1))
        change(country, chance, versions)
    return moments


def change(country: Timeline, chance: random.Random, versions: dict[str, int]) -> None:
    one, other = chance.sample(NAMES, 2)
    what = chance.choice(list(_TYPES))
    record = {"income": f"income {one} 2026-02-01", "link": f"link {one}"}.get(what)
    record = record or f"{what} {one}"
    version = versions[record] = versions.get(record, 0) + 1
    if version > 1 and chance.random() < 0.5:
        country.annul_type(record, one, _TYPES[what], version)
        if what == "marriage" and chance.random() < 0.5:  # the clerk meant somebody else
            country.at += timedelta(hours=1)
            first = person(f"event {record} 1")
            country.married(one, other, record=f"{record} for {version}", replaces=first)
        return
    how: dict[str, Any] = {"version": version}
    if what == "marriage":
        country.married(one, other, record=record, **how)
    elif what == "death":
        country.died(one, "2026-02-01", **how)
    elif what == "residence":
        value = {"district": "1703", "dwelling": f"hut {chance.randrange(4)}", "kind": "home"}
        country.state(record, (one, "residence", value), days=("2020-01-01", None), **how)
    elif what == "income":
        country.earns_once(one, "2026-02-01", chance.randrange(4_000_000), **how)
    else:
        patient = f"patient {one}"
        if version == 1:
            country.disabled(patient, chance.choice((1, 2, 3)))
        to = {"person": other, "reason": "identifier"}
        back = {"alias": patient, "reason": "identifier"}
        country.state(record, (patient, "linked_to", to), (other, "linked_from", back), **how)


def stop_at(country: Timeline, at: datetime) -> None:
    """Forget whatever became known later, and all that was concluded; queue everybody."""
    for table in ("facts", "closures", "completeness", "replacements"):
        country.connection.execute(f"DELETE FROM live.{table} WHERE known_from > %s".encode(), [at])
    country.connection.execute(
        "TRUNCATE live.needs, live.need_history, live.assessments, live.memberships, live.causes"
    )
    country.connection.execute(
        "INSERT INTO live.causes (person, event_id)"
        " SELECT DISTINCT ON (person) person, event_id FROM live.facts"
    )


@pytest.mark.parametrize("seed", [11, 12])
def test_known_at_t_is_what_an_assessor_says_that_stopped_at_t(
    seed: int,
    country: Timeline,
    assessor: Assessor,
    asking: Asking,
    past: Past,
) -> None:
    chance = random.Random(seed)
    moments = happen(country, chance)
    ids = everybody(country)
    chosen = sorted(chance.sample(moments, 4), reverse=True)
    again = {at: {one: judged_again(asking, past, one, DAY, at) for one in ids} for at in chosen}

    assert len({str(sorted(map(str, said.items()))) for said in again.values()}) > 1
    for at in chosen:  # the latest first: each time more is forgotten
        stop_at(country, at)
        while assessor.assess_batch(DAY, at) is not None:
            pass
        assert again[at] == substance(country.connection, ids), at


@pytest.mark.parametrize("seed", [13, 14])
def test_sql_and_python_agree_on_which_facts_hold(
    seed: int, country: Timeline, asking: Asking, past: Past
) -> None:
    chance = random.Random(seed)
    moments = happen(country, chance)
    held = 0
    for at in chance.sample(moments, 5):
        day = chance.choice((date(2015, 1, 1), date(2026, 2, 15), DAY))
        for one in everybody(country):
            with asking.connection.transaction():
                store = PastStore(asking.connection, at)
                rows = [Fact(*row) for row in store.facts([one], KINDS, date.min)]
                by_sql = asking.connection.execute(
                    "SELECT event_id, kind FROM live.facts_at(%s, %s, %s)",
                    [UUID(bytes=one), day, at],
                ).fetchall()
                canonical = asking.connection.execute(
                    "SELECT kept.canonical(%s, %s, %s)", [UUID(bytes=one), at, at]
                ).fetchone()
                person_then, _ = past.ids(store, one)
            by_python = [
                (fact.event_id, fact.kind)
                for fact in holding(rows, at)
                if (fact.valid_from is None or fact.valid_from <= day)
                and (fact.valid_to is None or fact.valid_to >= day)
            ]
            assert sorted((event.bytes, kind) for event, kind in by_sql) == sorted(by_python)
            assert canonical is not None
            assert canonical[0].bytes == person_then
            held += len(by_python)
    assert held > 200


def test_the_settle_windows_are_the_same_in_sql(country: Timeline) -> None:
    rows = country.connection.execute(
        "SELECT type, live.settle_window(type) FROM unnest(%s::text[]) AS type", [list(catalogue())]
    ).fetchall()
    assert {name: window for name, window in rows if window} == WINDOWS


def test_the_examples_for_analysts_run(country: Timeline) -> None:
    page = Path(__file__).parents[3] / "docs" / "past.md"
    examples = re.findall("```sql\n(.*?)```", page.read_text("utf-8"), re.DOTALL)

    assert examples
    for example in examples:
        country.connection.execute(example.encode())


def test_a_function_follows_its_schema(country: Timeline) -> None:
    """Bound bodies: a schema that is renamed takes its functions' tables with it."""
    country.born("1ali", "1990-05-01", "M")
    with country.connection.transaction():
        country.connection.execute("ALTER SCHEMA live RENAME TO previous")
        row = country.connection.execute(
            "SELECT kind FROM previous.facts_at(%s, '2026-03-01', now())",
            [UUID(bytes=person("1ali"))],
        ).fetchone()
        assert row == ("person",)
        country.connection.execute("ALTER SCHEMA previous RENAME TO live")
