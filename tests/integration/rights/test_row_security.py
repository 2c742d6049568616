"""What the database itself shows the query API, whatever the API asks for."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from projections.rights_context import Subject, counting, enter, judging, show
from schemas.rights import Access
from tests.integration.rights.rig import World, asked, people, uid

Api = psycopg.Connection[Any]
TABLES = ("facts", "needs", "need_history", "memberships")


@pytest.mark.parametrize("table", [*TABLES, "closures", "replacements", "assessments"])
def test_without_a_context_there_is_no_row(api: Api, table: str) -> None:
    assert api.execute(f"SELECT count(*) FROM live.{table}".encode()).fetchone() == (0,)


def test_a_grant_shows_the_person_asked_about_and_nobody_else(world: World, api: Api) -> None:
    grant = world.grant("welfare", "social-registry", "social-support")

    found = asked(api, grant, "facts", "anna")

    assert found.decision.allowed
    assert found.subject is not None
    assert set(found.subject.ids) == {uid("anna"), uid("bora")}
    assert found.subject.region == "1703202"
    assert people(api, "facts") == {"anna", "bora"}
    assert people(api, "needs") == set()


def test_of_needs_only_the_kinds_of_the_basis(world: World, api: Api) -> None:
    grant = world.grant("jobs", "employment-law", "employment-help", regions=["1703"])

    assert asked(api, grant, "needs", "anna").decision.allowed

    rows = api.execute("SELECT person, kind FROM live.needs").fetchall()
    assert rows == [(uid("anna"), "employment_help")]
    assert people(api, "facts") == set()  # no reasons, so no evidence
    assert people(api, "memberships") == {"anna", "cem"}


def test_evidence_is_shown_where_reasons_are(world: World, api: Api) -> None:
    grant = world.grant("welfare", "social-registry", "social-support")

    assert asked(api, grant, "needs", "cem").decision.allowed

    kinds = api.execute("SELECT person, kind FROM live.facts ORDER BY kind").fetchall()
    assert kinds == [(uid("anna"), "income"), (uid("cem"), "residence")]


def test_evidence_of_needs_out_of_sight_is_not_shown(world: World, api: Api) -> None:
    """A basis that covers no need for disability shows no fact about it either."""
    grant = world.grant("welfare", "social-registry", "social-support")
    connection = world.connection
    connection.execute(
        "UPDATE live.need_history SET evidence = %s WHERE kind = 'disability_support'",
        [[uid("event disability bora 1")]],
    )
    shown = [{"income", "residence", "disability"}, {"income", "residence"}]
    for expected in shown:
        asked(api, grant, "needs", "anna")
        kinds = {row[0] for row in api.execute("SELECT kind FROM live.facts").fetchall()}
        assert kinds == expected
        api.rollback()
        connection.execute("UPDATE kept.bases SET need_kinds = '{family_low_income}'")


def test_whoever_was_once_linked_is_somebody_else(world: World, api: Api) -> None:
    welfare = world.grant("welfare", "social-registry", "social-support")
    portal = world.grant("portal", "data-subject", "own-data")
    world.country.state(
        "not the patient",
        ("bora", "unlinked_to", {"person": "anna", "reason": "another woman"}),
        ("anna", "unlinked_from", {"alias": "bora", "reason": "another woman"}),
    )

    for name in ("anna", "bora"):
        found = asked(api, welfare, "facts", name)
        assert found.subject is not None
        assert found.subject.ids == (uid(name),)
        assert people(api, "facts") == {name}
        api.rollback()
    for own, other in (("anna", "bora"), ("bora", "anna")):
        assert asked(api, portal, "facts", other, own=own).decision.rule == "not-own"
        api.rollback()
        assert asked(api, portal, "facts", own, own=own).decision.allowed
        assert people(api, "facts") == {own}
        api.rollback()


def test_judging_sees_neighbours_and_only_within(world: World, api: Api) -> None:
    grant = world.grant("welfare", "social-registry", "social-support")
    asked(api, grant, "needs", "cem")

    with judging(api):
        assert people(api, "facts") == {"anna", "bora", "cem", "dina"}
        flat = ["flat 1703202"]
        near = api.execute("SELECT kept.registered_at(%s)", [flat]).fetchall()
        assert {row[0] for row in near} == {uid("anna"), uid("cem")}
    assert people(api, "facts") == {"anna", "cem"}


def test_counting_wants_statistics(world: World, api: Api) -> None:
    grant = world.grant("ministry", "planning-figures", "planning")

    enter(api, Access("ministry", "planning", "planning-figures", "statistics"), grant.id)

    assert people(api, "facts") == set()
    with counting(api):
        assert people(api, "need_history") == {"anna", "cem", "dina"}
    with judging(api):
        assert people(api, "facts") == set()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        show(api, Subject(uid("anna"), (uid("anna"),), None, None))
