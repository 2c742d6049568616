"""What an operator may decide, what is on record of it, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from projections.decisions import ReasonError, check_reason
from schemas.errors import PermanentError
from schemas.ids import text
from tests.integration.assessment.country import KEYS, Country, person
from tests.integration.identity.operators import TODAY, Operators


@pytest.fixture
def patients(country: Country) -> Country:
    """Two people and two patients of whom nobody says who they are."""
    for who in ("1ali", "2vali"):
        country.born(who, "1990-05-01", "M")
    for alias in ("8patient", "9patient"):
        country.disabled(alias, 2)
    return country


def test_a_decision_is_an_outbox_row_and_an_audit_leaf(
    patients: Country, operators: Operators
) -> None:
    made = operators.decide("linked", "8patient", "1ali", "same passport")

    body = {
        "type": "hub.identity_linked",
        "alias": text(person("8patient")),
        "person": text(person("1ali")),
        "reason": "same passport",
        "version": operators.now_us,
        "before": None,
        "on": TODAY.isoformat(),
    }
    assert made.is_new
    assert operators.bodies() == [body]
    leaves = patients.connection.execute("SELECT kind, body FROM kept.audit_leaves").fetchall()
    leaf = body | {"what": "identity", "event": text(made.event_id)}
    assert leaves == [("operator", leaf)]


def test_neither_is_there_without_the_other(patients: Country, operators: Operators) -> None:
    patients.connection.execute("ALTER TABLE kept.audit_leaves RENAME body TO nobody")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        operators.decide("linked", "8patient", "1ali")

    assert operators.bodies() == []


def test_the_same_decision_again_changes_nothing(patients: Country, operators: Operators) -> None:
    first = operators.decide("linked", "8patient", "1ali")
    on_its_way = operators.decide("linked", "8patient", "1ali")
    operators.come_through()
    stored = operators.decide("linked", "8patient", "1ali")

    assert (on_its_way.is_new, on_its_way.is_on_its_way) == (False, True)
    assert on_its_way.event_id == stored.event_id == first.event_id
    assert (stored.is_new, stored.is_on_its_way, stored.said_by) == (False, False, "operator")
    assert len(operators.bodies()) == 1


def test_what_a_registry_links_is_so_already(patients: Country, operators: Operators) -> None:
    patients.state("link", ("8patient", "linked_to", {"person": "1ali", "reason": "identifier"}))
    patients.connection.execute(
        "UPDATE live.facts SET topic = 'registry.health.events.v1' WHERE kind = 'linked_to'"
    )

    again = operators.decide("linked", "8patient", "1ali")

    assert (again.is_new, again.is_on_its_way, again.said_by) == (False, False, "health")


def test_decisions_about_one_alias_are_versions_of_one_record(
    patients: Country, operators: Operators
) -> None:
    operators.decided("linked", "8patient", "1ali")
    operators.now_us -= 60_000_000  # the clock was set back
    operators.decided("unlinked", "8patient", "1ali")
    operators.decided("linked", "8patient", "2vali")
    operators.decided("linked", "9patient", "2vali")

    versions = [(body["version"], body["before"]) for body in operators.bodies()]
    assert versions[1] == (versions[0][0] + 1, versions[0][0])
    assert versions[2] == (versions[1][0] + 1, versions[1][0])
    assert versions[3][1] is None
    assert operators.canonical("8patient") == person("2vali")


def test_a_decision_lost_from_the_outbox_still_counts_in_the_version(
    patients: Country, operators: Operators
) -> None:
    operators.decided("linked", "8patient", "1ali")
    last = operators.bodies()[0]["version"]
    patients.connection.execute("DELETE FROM kept.outbox")
    operators.now_us = 1

    operators.decide("unlinked", "8patient", "1ali")

    assert [(one["version"], one["before"]) for one in operators.bodies()] == [(last + 1, last)]


def test_two_operators_at_once_decide_once(patients: Country, database: str) -> None:
    def link(_: int) -> bool:
        with psycopg.connect(database, autocommit=True) as connection:
            return Operators(connection).decide("linked", "8patient", "1ali").is_new

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(link, range(6))) == 1


def test_an_event_that_the_workers_refused_is_not_waited_for(
    patients: Country, operators: Operators
) -> None:
    made = operators.decide("linked", "8patient", "1ali")
    patients.connection.execute(
        "INSERT INTO live.quarantined VALUES ('t', 0, 0, gen_random_uuid(), 'conflict', NULL, %s)",
        [UUID(bytes=made.event_id)],
    )

    assert operators.decide("linked", "8patient", "1ali").is_new


@pytest.mark.parametrize(
    ("alias", "who", "words"),
    [
        ("7nobody", "1ali", "nothing|anything about this alias"),
        ("8patient", "7nobody", "anything about that person"),
        ("8patient", "8patient", "itself"),
        ("1ali", "2vali", "by a national number"),
    ],
)
def test_what_may_not_be_linked(
    patients: Country, operators: Operators, alias: str, who: str, words: str
) -> None:
    patients.connection.execute(
        "UPDATE live.facts SET topic = 'registry.civil.events.v1' WHERE kind = 'person'"
    )

    with pytest.raises(PermanentError, match=words):
        operators.decide("linked", alias, who)
    assert operators.bodies() == []


def test_a_circle_is_refused(patients: Country, operators: Operators) -> None:
    operators.decided("linked", "8patient", "9patient")

    with pytest.raises(PermanentError, match="circle"):
        operators.decide("linked", "9patient", "8patient")


def test_what_is_not_linked_cannot_be_unlinked(patients: Country, operators: Operators) -> None:
    with pytest.raises(PermanentError, match="linked to nobody"):
        operators.decide("unlinked", "8patient", "1ali")
    operators.decided("linked", "8patient", "1ali")
    with pytest.raises(PermanentError, match="somebody else"):
        operators.decide("unlinked", "8patient", "2vali")


def test_one_decision_about_an_alias_at_a_time(patients: Country, operators: Operators) -> None:
    operators.decide("linked", "8patient", "1ali")

    with pytest.raises(PermanentError, match="on its way"):
        operators.decide("linked", "8patient", "2vali")


def test_a_registry_cannot_undo_what_an_operator_decided(
    patients: Country, operators: Operators
) -> None:
    operators.decided("linked", "8patient", "1ali")
    link = {"person": "2vali", "reason": "identifier"}
    patients.state("link", ("8patient", "linked_to", link))
    assert operators.canonical("8patient") == person("1ali")

    operators.decided("unlinked", "8patient", "1ali")
    assert operators.canonical("8patient") == person("2vali")

    operators.decided("unlinked", "8patient", "2vali")
    assert operators.canonical("8patient") == person("8patient")


@pytest.mark.parametrize(
    "reason",
    [
        "",
        "  ",
        "x" * 201,
        "a\nb",
        "a\x1b[31m",
        "number 3021197",
        "30211 975910033",
        "3 0 2 1 1 9 7 5 9 1 0 0 3 3",
    ],
)
def test_reasons_that_may_not_be_published(reason: str) -> None:
    with pytest.raises(ReasonError) as refused:
        check_reason(reason)
    assert not reason.strip() or reason not in str(refused.value)


@pytest.mark.parametrize("reason", ["x" * 200, "same passport, seen on 2026-03-01", "Oʻgʻli, сын"])
def test_reasons_that_may(reason: str) -> None:
    assert check_reason(reason) == reason


def test_ids_are_as_the_contract_says(patients: Country, operators: Operators) -> None:
    made = operators.decide("linked", "8patient", "1ali")

    key = f"identity/{text(person('8patient'))}"
    assert made.record == KEYS.record_id("hub", key)
    assert made.event_id == KEYS.event_id("hub", f"{key}/{operators.now_us}")
