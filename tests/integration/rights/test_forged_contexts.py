"""A context that claims more than was granted shows nothing, whoever was there before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from projections import agencies
from projections.rights_context import Subject, enter, judging, resolve, show
from schemas.rights import Access, Grant
from tests.integration.rights.rig import WHO, World, asked, people, uid

Api = psycopg.Connection[Any]
SECOND = timedelta(seconds=1)
_NAMES = ("agency", "purpose", "basis", "operation", "grant", "own", "persons", "seal")
_SETTINGS = "SELECT " + ", ".join(f"current_setting('hub.{name}', true)" for name in _NAMES)


def sees(api: Api) -> set[str]:
    """Whose rows are seen in any table, and what judging adds."""
    found = people(api, "facts") | people(api, "needs") | people(api, "need_history")
    found |= people(api, "memberships")
    with judging(api):
        found |= people(api, "facts")
    return found


def force(api: Api, access: Access, grant: Grant, name: str, own: str | None = None) -> None:
    """Do what a broken API would: enter and show, whatever was decided."""
    enter(api, access, grant.id, None if own is None else uid(own))
    show(api, Subject(uid(name), (uid(name),), None, None))


def access_of(grant: Grant, operation: str = "needs") -> Access:
    return Access(grant.agency, grant.purpose, grant.basis, operation)


@pytest.fixture
def welfare(world: World) -> Grant:
    return world.grant("welfare", "social-registry", "social-support")


@pytest.fixture
def jobs(world: World) -> Grant:
    return world.grant("jobs", "employment-law", "employment-help", regions=["1703"])


def test_settings_without_a_seal_show_nothing(api: Api, welfare: Grant) -> None:
    enter(api, access_of(welfare), welfare.id)
    api.execute("SELECT set_config('hub.persons', %s, true)", [f"{{{uid('anna')}}}"])
    for seal in ("", "x", "0" * 64):
        api.execute("SELECT set_config('hub.seal', %s, true)", [seal])
        assert sees(api) == set()


def test_a_seal_is_of_one_question_only(api: Api, welfare: Grant, jobs: Grant) -> None:
    """Other persons, another operation, grant or transaction: another seal."""
    force(api, access_of(welfare), welfare, "anna")
    seal = api.execute("SELECT current_setting('hub.seal'), current_setting('hub.persons')")
    kept = seal.fetchone()
    assert kept is not None
    assert "anna" in sees(api)
    changes = {
        "hub.persons": f"{{{uid('anna')},{uid('dina')}}}",
        "hub.operation": "facts",
        "hub.own": str(uid("anna")),
        "hub.agency": "jobs",
        "hub.grant": str(jobs.id),
        "hub.purpose": "pension",
        "hub.basis": "pension-law",
    }
    for name, value in changes.items():
        with api.transaction(force_rollback=True):
            api.execute("SELECT set_config(%s, %s, true)", [name, value])
            assert sees(api) == set(), name
    api.rollback()
    enter(api, access_of(welfare), welfare.id)
    api.execute(
        "SELECT set_config('hub.seal', %s, true), set_config('hub.persons', %s, true)", kept
    )
    assert sees(api) == set()


def test_a_grant_that_does_not_count_shows_nobody(world: World, api: Api) -> None:
    now = datetime.now(UTC)
    grants = {
        "expired": world.grant(
            "late", "social-registry", "social-support", expires_at=now - SECOND
        ),
        "not yet": world.grant(
            "early", "social-registry", "social-support", since=now + timedelta(hours=1)
        ),
        "too long ago": world.grant("gone", "benefit-payments", "benefit-payment"),
        "revoked": world.grant("bad", "social-registry", "social-support"),
        "of an agency that was": world.grant("was", "social-registry", "social-support"),
    }
    agencies.revoke_grant(world.connection, grants["revoked"].id, now=now - SECOND, who=WHO)
    agencies.revoke_agency(world.connection, "was", now=now - SECOND, who=WHO)
    world.connection.execute("UPDATE kept.grants SET revoked_at = NULL WHERE agency = 'was'")
    world.connection.execute(
        "UPDATE kept.grants SET since = now() - interval '731 days', expires_at = NULL"
        " WHERE agency = 'gone'"
    )
    for why, grant in grants.items():
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            force(api, access_of(grant), grant, "anna")
        api.rollback()
        enter(api, access_of(grant), grant.id)
        assert resolve(api, uid("anna")) is None, why
        assert sees(api) == set(), why
        api.rollback()


def test_a_grant_counts_for_its_agency_purpose_basis_and_operations(
    api: Api, welfare: Grant, jobs: Grant
) -> None:
    forged = [
        (Access("jobs", "social-support", "social-registry", "needs"), welfare),
        (Access("welfare", "employment-help", "social-registry", "needs"), welfare),
        (Access("welfare", "social-support", "pension-law", "needs"), welfare),
        (Access("welfare", "social-support", "social-registry", "access_log"), welfare),
        (Access("welfare", "social-support", "social-registry", "statistics"), welfare),
        (Access("welfare", "social-support", "social-registry", "needs"), jobs),
        (Access("", "", "", ""), welfare),
    ]
    for access, grant in forged:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            force(api, access, grant, "anna")
        api.rollback()


def test_what_is_no_grant_at_all_shows_nobody(api: Api, welfare: Grant) -> None:
    enter(api, access_of(welfare), welfare.id)
    for forged in ("", "x", str(uid("nobody")), "' OR true --"):
        api.execute("SELECT set_config('hub.grant', %s, true)", [forged])
        assert sees(api) == set()


def test_a_region_that_is_not_granted_is_not_shown(world: World, api: Api, jobs: Grant) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        force(api, access_of(jobs), jobs, "dina")
    api.rollback()
    enter(api, access_of(jobs), jobs.id)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        show(api, Subject(uid("anna"), (uid("anna"), uid("dina")), "1703202", None))
    api.rollback()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        force(api, access_of(jobs), jobs, "nobody knows them")
    api.rollback()

    # Whoever has moved is shown where they are registered now.
    world.house("dina", "1703999", since="2026-01-01")
    force(api, access_of(jobs), jobs, "dina")
    assert people(api, "needs") == {"dina"}


def test_who_is_registered_nowhere_has_the_last_place_and_else_the_first_to_come(
    world: World, api: Api, jobs: Grant
) -> None:
    def place(name: str) -> str | None:
        found = asked(api, jobs, "needs", name).subject
        api.rollback()
        return found.region if found else None

    assert place("nobody knows them") is None
    world.house("eva", "1718401", since="2999-06-01")
    world.house("eva", "1703202", since="2999-02-01", until="2999-03-01")
    assert place("eva") == "1703202"
    world.house("eva", "1726266", since="2001-01-01", until="2002-01-01")
    world.house("eva", "1703999", since="2000-01-01", until="2001-01-01")
    assert place("eva") == "1726266"
    world.house("eva", "1714216", since="1990-01-01")
    assert place("eva") == "1714216"
    world.country.state("residence eva 1714216", ("eva", "annulled", {}), version=2)
    assert place("eva") == "1726266"


def test_of_own_data_only_ones_own(world: World, api: Api) -> None:
    portal = world.grant("portal", "data-subject", "own-data")
    access = access_of(portal, "facts")
    for own in ("dina", None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            force(api, access, portal, "anna", own=own)
        api.rollback()
    assert asked(api, portal, "facts", "anna", own="dina").decision.rule == "not-own"
    api.rollback()
    # Any id of one's own will do, on either side.
    assert asked(api, portal, "facts", "bora", own="anna").decision.allowed
    assert people(api, "facts") == {"anna", "bora"}
    api.rollback()
    assert asked(api, portal, "facts", "anna", own="bora").decision.allowed


def test_what_the_policy_took_back_is_taken_back(world: World, api: Api, welfare: Grant) -> None:
    """The database goes by what it was told of the policy, not by who asks."""
    force(api, access_of(welfare), welfare, "cem")
    assert "cem" in people(api, "needs")
    api.rollback()
    for narrower in (
        "is_dropped = true",
        "since = (now() + interval '2 days')::date",
        "until = (now() - interval '2 days')::date",
        "operations = '{lookup}'",
        "purposes = '{pension}'",
        "longest_days = 1",
        "reach = 'regional'",
    ):
        with world.connection.transaction(force_rollback=True):
            world.connection.execute(f"UPDATE kept.bases SET {narrower}".encode())
            assert _held_by(world.connection, welfare) == 0, narrower
    world.connection.execute("UPDATE kept.bases SET need_kinds = '{lonely_care}'")
    force(api, access_of(welfare), welfare, "cem")
    assert people(api, "needs") == set()


def _held_by(connection: Api, grant: Grant) -> int:
    """How many grants count for this question, asked in the owner's transaction."""
    enter(connection, access_of(grant), grant.id)
    row = connection.execute("SELECT count(*) FROM kept.right_in_force()").fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def pool(world: World) -> Iterator[ConnectionPool[Api]]:
    """One connection, which everybody gets in turn."""
    with (
        closing(world.as_role("hub_api")) as probe,
        ConnectionPool(probe.info.dsn, min_size=1, max_size=1, open=True) as made,
    ):
        yield made


def test_two_tenants_on_one_connection(
    world: World, pool: ConnectionPool[Api], welfare: Grant, jobs: Grant
) -> None:
    backends = set()
    for _ in range(2):
        with pool.connection() as connection:
            backends.add(connection.info.backend_pid)
            asked(connection, welfare, "facts", "dina")
            assert people(connection, "facts") == {"dina"}
        with pool.connection() as connection:
            backends.add(connection.info.backend_pid)
            left = connection.execute(_SETTINGS.encode()).fetchone()
            assert left is not None
            assert not any(left)
            assert sees(connection) == set()
            asked(connection, jobs, "needs", "anna")
            assert people(connection, "facts") == set()
            assert people(connection, "needs") == {"anna"}
        with pytest.raises(psycopg.errors.DivisionByZero), pool.connection() as connection:
            _fail_while_judging(connection, welfare)
        with pool.connection() as connection:
            backends.add(connection.info.backend_pid)
            assert connection.execute("SELECT current_user").fetchone() == ("hub_api",)
            assert sees(connection) == set()
    assert len(backends) == 1


def _fail_while_judging(connection: Api, grant: Grant) -> None:
    asked(connection, grant, "needs", "anna")
    with judging(connection):
        connection.execute("SELECT 1 / 0")


def test_judging_ends_with_an_error_of_ours(api: Api, welfare: Grant) -> None:
    asked(api, welfare, "needs", "anna")
    with pytest.raises(LookupError), judging(api):
        raise LookupError

    assert api.execute("SELECT current_user").fetchone() == ("hub_api",)
    assert people(api, "facts") == {"anna"}
