"""Everybody in bulk is judged exactly as the live assessor judges them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ops.bench.families import Families
from ops.bench.fill import fill
from projections.everyone_store import EveryoneStore, ReplacedError
from streams.assessor import Assessor
from streams.decision import Decider
from streams.everyone import Batch, Everyone
from streams.lifecycle import Fact, holding, settling
from streams.person import KINDS
from streams.rules.uz import PACK
from streams.saying import Waiting, writes
from tests.integration.assessment.country import KEYS, PARTITIONS, Country, person

DAY = date(2026, 9, 30)
NOW = datetime(2026, 10, 1, 6, tzinfo=UTC)
THROUGH = date(2026, 8, 31)
PEOPLE = 700
Rows = list[tuple[Any, ...]]


@pytest.fixture
def families(country: Country, database: str) -> Country:
    assert country.keystore is not None
    for _ in fill(database, country.keystore, Families(PEOPLE, DAY), PARTITIONS, THROUGH):
        pass
    return country


def everyone(country: Country, database: str, **how: Any) -> Everyone:
    assert country.keystore is not None
    return Everyone(database, country.keystore, PACK, PARTITIONS, **how)


def drained(assessor: Assessor, on: date, now: datetime) -> None:
    while assessor.assess_batch(on, now) is not None:
        pass


def rows_of(country: Country, batches: Iterator[Batch]) -> tuple[Rows, Rows]:
    """What the live assessor would have stored, had it started with nothing."""
    assert country.keystore is not None
    decider = Decider(KEYS, PACK.by_kind(), PACK.name)
    needs: Rows = []
    assessments: Rows = []
    for batch in batches:
        found = batch.assess(PACK)
        drafts = decider.decide(found, {}, batch.persons, {}, batch.on)
        written = writes(
            drafts,
            found,
            before=(),
            waiting=Waiting(0, settling=batch.settles()),
            keys=KEYS,
            keys_of=country.keystore.keys,
        )
        for row in written.needs:
            needs.append(tuple(getattr(row, name) for name in _NEED))
        for each in written.assessments:
            columns = tuple(getattr(each, name) for name in _ASSESSMENT)
            assessments.append((*columns, json.loads(each.near_misses)))
    return sorted(needs), sorted(assessments, key=lambda row: row[0])


_NEED = (
    "need",
    "person",
    "household",
    "kind",
    "since",
    "review_on",
    "urgency",
    "amount_minor",
    "rule",
    "evidence",
    "reason_digest",
)
_ASSESSMENT = ("household", "anchor", "members", "outcome", "next_change_on", "settles_at")


def stored(country: Country) -> tuple[Rows, Rows]:
    needs = country.connection.execute(
        "SELECT uuid_send(need), uuid_send(person), uuid_send(household), kind, since, review_on,"
        " urgency, amount_minor, rule, ARRAY(SELECT uuid_send(e) FROM unnest(evidence) e),"
        " reason_digest FROM live.needs WHERE status <> 'ended'",
        binary=True,
    ).fetchall()
    assessments = country.connection.execute(
        "SELECT uuid_send(household), uuid_send(anchor),"
        " ARRAY(SELECT uuid_send(m) FROM unnest(members) m), outcome, next_change_on, settles_at,"
        " near_misses FROM live.assessments",
        binary=True,
    ).fetchall()
    return sorted(needs), sorted(assessments, key=lambda row: row[0])


@pytest.mark.parametrize("later", [0, 1, 40, -400])
def test_everybody_is_judged_as_the_assessor_judges_them(
    families: Country, database: str, assessor: Assessor, later: int
) -> None:
    on, now = DAY + timedelta(days=later), NOW + timedelta(days=later)
    drained(assessor, on, now)

    batches = everyone(families, database).batches(on, now, household_batch=60)
    needs, assessments = rows_of(families, batches)

    live_needs, live_assessments = stored(families)
    assert [row[:4] for row in assessments] == [row[:4] for row in live_assessments]
    for judged, live in zip(assessments, live_assessments, strict=True):
        assert judged == live
    for need, live in zip(needs, live_needs, strict=True):
        assert need == live
    assert len(assessments) > 200
    assert len({row[3] for row in assessments}) > 1


def test_a_child_is_found_with_a_father_whom_nothing_else_ties(
    country: Country, database: str
) -> None:
    country.complete()
    country.born("9mother", "1990-01-01")
    country.born("8father", "1990-01-01", "M")
    country.born("1child", "2020-01-01", mother="9mother", father="8father")
    country.died("9mother", "2025-01-01")

    found = everyone(country, database).assessments(DAY, NOW, household_batch=1)

    assert {tuple(member.id for member in one.household.members) for one in found} == {
        (person("1child"), person("8father"))
    }


def test_the_shares_of_processes_are_everybody_once(families: Country, database: str) -> None:
    whole = {a.household.id for a in everyone(families, database).assessments(DAY, NOW)}

    shares = [
        [
            found.household.id
            for found in everyone(families, database, share=(which, 3)).assessments(
                DAY, NOW, household_batch=20
            )
        ]
        for which in range(3)
    ]

    assert all(shares)
    assert sorted(each for share in shares for each in share) == sorted(whole)


def test_a_shared_snapshot_does_not_see_what_comes_later(families: Country, database: str) -> None:
    store = EveryoneStore(database)
    snapshot = store.export()
    families.born("9late", "1990-01-01")

    then = everyone(families, database, snapshot=snapshot).assessments(DAY, NOW)
    seen = {found.household.anchor for found in then}
    store.close()

    assert person("9late") not in seen
    now = everyone(families, database).assessments(DAY, NOW)
    assert person("9late") in {found.household.anchor for found in now}


def test_what_was_known_later_is_left_out(families: Country, database: str) -> None:
    early = NOW - timedelta(days=100)  # everything but a few corrections is 200 days old
    at = everyone(families, database, known_at=early)

    assert len(list(at.assessments(DAY, early))) > 200
    before_all = everyone(families, database, known_at=NOW - timedelta(days=300))
    assert list(before_all.assessments(DAY, early)) == []


@pytest.mark.parametrize("days", [0, 100])
def test_facts_in_bulk_are_those_of_the_assessor(
    families: Country, database: str, assessor: Assessor, days: int
) -> None:
    families.born("a child", "2010-01-01", mother="a mother")
    families.married("one", "other")
    families.married("one", "other", version=2)
    families.annul("marriage one other", "one", version=3)
    families.annul("birth a child", "a child")
    families.close("birth a child", 3)
    known_at = NOW - timedelta(days=days)
    with closing(EveryoneStore(database, known_at=known_at)) as store:
        ids = list(store.persons())
        bulk = list(map(Fact._make, store.facts(ids, KINDS, date(2000, 1, 1))))
    rows = assessor.store.facts(ids, KINDS, date(2000, 1, 1), known_at)
    single = list(map(Fact._make, rows))

    def plain(facts: list[Fact]) -> list[Any]:
        return sorted(repr((*fact[:12], *fact[13:])) for fact in facts)  # but for `latest`

    assert plain(holding(bulk, NOW)) == plain(holding(single, NOW))
    assert sorted((plain([f]), at) for f, at in settling(bulk, NOW)) == sorted(
        (plain([f]), at) for f, at in settling(single, NOW)
    )
    assert len(bulk) == len(single) > 2000
    assert any(fact.annulled_at for fact in bulk)


def test_a_swap_of_schemas_is_noticed(families: Country, database: str) -> None:
    batches = everyone(families, database).batches(DAY, NOW, household_batch=20)
    next(batches)

    families.connection.execute("ALTER SCHEMA live RENAME TO gone; CREATE SCHEMA live")
    families.connection.execute("CREATE TABLE live.facts (LIKE gone.facts)")
    families.connection.execute("CREATE TABLE live.closures (LIKE gone.closures)")
    families.connection.execute("CREATE TABLE live.replacements (LIKE gone.replacements)")

    with pytest.raises(ReplacedError, match="replaced"):
        list(batches)
