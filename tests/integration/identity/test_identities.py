"""All ids of a person: since when, until when, by whom and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from projections.identities import Span, Step, identities, spans
from projections.queries import Queries, UnknownPersonError, open_pool
from schemas.ids import text
from tests.integration.assessment.country import Country, person
from tests.integration.identity.operators import Operators

P, Q = UUID(int=1), UUID(int=2)


def at(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


def test_the_same_said_again_goes_on() -> None:
    steps = [
        Step(at(1), P, "health", "identifier", UUID(int=7)),
        Step(at(2), P, "health", "identifier", UUID(int=8)),
        Step(at(3), P, "operator", "passport"),
        Step(at(4), None),
        Step(at(5), Q, "health", "identifier"),
    ]

    assert spans(steps) == [
        Span(P, at(1), at(3), "health", "identifier", UUID(int=7)),
        Span(P, at(3), at(4), "operator", "passport", None),
        Span(Q, at(5), None, "health", "identifier", None),
    ]
    assert spans([]) == spans([Step(at(1), None)]) == []


@pytest.fixture
def queries(country: Country, database: str) -> Iterator[Queries]:
    assert country.keystore is not None
    with closing(open_pool(database)) as pool:
        yield Queries(pool, country.keystore)


def rows(queries: Queries, who: str) -> list[tuple[Any, ...]]:
    answer = identities(queries, UUID(bytes=person(who)), {"who": "test"})
    return [
        (row["id"], row["is_provisional"], row["until"] is None, row["by"], row["reason"])
        for row in answer["identities"]
    ]


def linked(country: Country, alias: str, who: str, **more: Any) -> None:
    country.state(
        f"link {alias}",
        (alias, "linked_to", {"person": who, "reason": "identifier"}),
        (who, "linked_from", {"alias": alias, "reason": "identifier"}),
        **more,
    )
    country.connection.execute(
        "UPDATE live.facts SET topic = 'registry.health.events.v1'"
        " WHERE kind IN ('linked_to', 'linked_from') AND value ->> 'by' IS NULL"
    )


def test_ids_come_and_go(country: Country, queries: Queries, operators: Operators) -> None:
    for who in ("1ali", "2vali"):
        country.born(who, "1990-05-01", "M")
    country.connection.execute("UPDATE live.facts SET topic = 'registry.civil.events.v1'")
    linked(country, "8patient", "1ali")
    country.disabled("9patient", 2)
    operators.decided("linked", "9patient", "1ali", "same passport")
    operators.decided("unlinked", "8patient", "1ali", "another man")
    operators.decided("linked", "8patient", "2vali", "his brother")

    ali, vali = text(person("1ali")), text(person("2vali"))
    one, other = text(person("8patient")), text(person("9patient"))
    assert sorted(rows(queries, "1ali")) == sorted(
        [
            (ali, False, True, "civil", None),
            (one, True, False, "health", "identifier"),
            (other, True, True, "operator", "same passport"),
        ]
    )
    assert rows(queries, "9patient") == rows(queries, "1ali")
    assert rows(queries, "2vali") == [
        (vali, False, True, "civil", None),
        (one, True, True, "operator", "his brother"),
    ]


def test_a_span_ends_when_the_registry_takes_its_link_back(
    country: Country, queries: Queries
) -> None:
    country.born("1ali", "1990-05-01", "M")
    linked(country, "8patient", "1ali")
    country.state(
        "link 8patient",
        ("8patient", "annulled", {"type": "health.patient_linked"}),
        version=2,
        change="ANNULLED",
        at=at(3),
    )

    answer = identities(queries, UUID(bytes=person("1ali")), {"who": "test"})

    row = next(row for row in answer["identities"] if row["id"] == text(person("8patient")))
    assert (row["since"], row["until"]) == (at(1).isoformat(), at(3).isoformat())


def test_a_chain_is_one_person(country: Country, queries: Queries) -> None:
    country.born("1ali", "1990-05-01", "M")
    linked(country, "9newest", "8older")
    linked(country, "8older", "1ali")

    assert rows(queries, "9newest")[0][0] == text(person("1ali"))
    assert {row[0] for row in rows(queries, "1ali")} == {
        text(person(one)) for one in ("1ali", "8older", "9newest")
    }


def test_nobody_is_on_record_as_asked_for(country: Country, queries: Queries) -> None:
    with pytest.raises(UnknownPersonError):
        identities(queries, UUID(bytes=person("7nobody")), {"who": "me"})

    leaves = country.connection.execute("SELECT kind, body FROM kept.audit_leaves").fetchall()
    asked = {"what": "identities", "person": text(person("7nobody"))}
    assert leaves == [("read", asked | {"who": "me", "rows": 0})]
