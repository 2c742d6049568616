"""Agencies, grants and clients: one leaf each, the same again is none, and nothing overlaps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from projections import agencies
from projections.migrations import migrate
from schemas.errors import PermanentError
from schemas.rights import Access, Grant, decide, load_policy

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
POLICY = load_policy()
WHO = "clerk"


@pytest.fixture
def hub(database: str) -> Iterator[Connection]:
    migrate(database)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def leaves(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.execute("SELECT kind, body FROM kept.audit_leaves ORDER BY id").fetchall()
    return [{"kind": kind, **body} for kind, body in rows]


def whats(connection: Connection) -> list[str]:
    return [leaf["what"] for leaf in leaves(connection)]


def add(connection: Connection, name: str = "jobs") -> None:
    agencies.add_agency(connection, name, "An office", now=NOW, who=WHO)


def give(connection: Connection, name: str = "jobs", **more: Any) -> Grant:
    now = more.pop("now", NOW)
    terms: dict[str, Any] = {"regions": ["1703"]} | more
    return agencies.grant(
        connection, POLICY, name, "employment-law", "employment-help", now=now, who=WHO, **terms
    )


def test_doing_the_same_again_changes_nothing_and_leaves_nothing(hub: Connection) -> None:
    for moment in (NOW, LATER):
        agencies.add_agency(hub, "jobs", "An office", now=moment, who=WHO)
    first = give(hub)
    assert give(hub, now=NOW + timedelta(days=1)) == first
    for moment in (LATER, LATER + timedelta(days=1)):
        ended = agencies.revoke_grant(hub, first.id, now=moment, who=WHO)
        assert ended == replace(first, revoked_at=LATER)
    for moment in (LATER, LATER + timedelta(days=1)):
        assert agencies.revoke_agency(hub, "jobs", now=moment, who=WHO).revoked_at == LATER

    assert whats(hub) == ["agency-added", "granted", "grant-revoked", "agency-revoked"]
    assert {leaf["kind"] for leaf in leaves(hub)} == {"operator"}
    assert {leaf["who"] for leaf in leaves(hub)} == {WHO}
    assert leaves(hub)[1]["grant"] == str(first.id)


def test_what_was_granted_is_what_is_decided_on(hub: Connection) -> None:
    add(hub)
    granted = give(hub, regions=["1703", "17"], history_from=date(2026, 9, 1))

    held = agencies.grants_of(hub, "jobs")

    assert held.granted == (granted,)
    assert granted.regions == frozenset({"17", "1703"})
    assert granted.expires_at == NOW + timedelta(days=366)
    ask = Access("jobs", "employment-help", "employment-law", "needs", "1703202")
    assert decide(POLICY, held, ask, NOW).rule == "allowed"
    assert decide(POLICY, held, ask, NOW - timedelta(seconds=1)).rule == "grant-not-yet"
    assert decide(POLICY, agencies.grants_of(hub, "x"), ask, NOW).rule == "unknown-agency"


def test_two_grants_of_one_basis_never_count_at_once(hub: Connection) -> None:
    add(hub)
    first = give(hub, expires_at=LATER)
    for overlapping in (
        {"regions": ["1726"]},
        {"since": LATER - timedelta(seconds=1)},
        {"since": NOW - timedelta(days=9), "expires_at": NOW + timedelta(seconds=1)},
    ):
        with pytest.raises(PermanentError, match=f"has grant {first.id}"):
            give(hub, **overlapping)

    following = give(hub, since=LATER, regions=["1726"])
    assert following.since == LATER
    agencies.revoke_grant(hub, first.id, now=NOW, who=WHO)
    assert give(hub, expires_at=LATER, regions=["1726"]).id not in {first.id, following.id}


def test_an_expired_grant_can_be_given_again(hub: Connection) -> None:
    add(hub)
    first = give(hub, expires_at=LATER)

    again = give(hub, now=LATER)

    assert again.id != first.id
    assert again.since == LATER


def test_an_agency_that_comes_back_has_nothing_of_before(hub: Connection) -> None:
    add(hub)
    give(hub)
    agencies.add_client(hub, "jobs-andijan", "jobs", b"s" * 32, now=NOW, who=WHO)
    agencies.revoke_agency(hub, "jobs", now=LATER, who=WHO)
    with pytest.raises(agencies.UnknownAgencyError):
        give(hub)
    with pytest.raises(agencies.UnknownAgencyError):
        agencies.add_client(hub, "jobs-2", "jobs", b"s" * 32, now=NOW, who=WHO)

    add(hub)

    assert agencies.grants_of(hub, "jobs").revoked_at is None
    assert {one.revoked_at for one in agencies.grants_of(hub, "jobs")} == {LATER}
    assert {one.revoked_at for one in agencies.clients(hub)} == {LATER}


def test_clients(hub: Connection) -> None:
    add(hub)
    add(hub, "other")
    made = agencies.add_client(hub, "jobs-andijan", "jobs", b"s" * 32, now=NOW, who=WHO)
    assert agencies.add_client(hub, "jobs-andijan", "jobs", b"s" * 32, now=LATER, who=WHO) == made
    for agency, secret in (("jobs", b"t" * 32), ("other", b"s" * 32)):
        with pytest.raises(PermanentError, match="take another name"):
            agencies.add_client(hub, "jobs-andijan", agency, secret, now=NOW, who=WHO)
    assert agencies.client(hub, "jobs-andijan") == made
    assert agencies.client(hub, "nobody") is None
    for _ in range(2):
        ended = agencies.revoke_client(hub, "jobs-andijan", now=LATER, who=WHO)
        assert ended.revoked_at == LATER
    with pytest.raises(PermanentError, match="take another name"):
        agencies.add_client(hub, "jobs-andijan", "jobs", b"s" * 32, now=LATER, who=WHO)
    assert whats(hub)[2:] == ["client-added", "client-revoked"]
    assert b"s" * 32 not in str(leaves(hub)).encode()


def test_what_is_no_name_is_refused(hub: Connection) -> None:
    for name in ("", "a", "Jobs", "jobs.", "1jobs", "j" * 32, "jöbs", "jobs\n"):
        with pytest.raises(PermanentError, match="an agency's name is"):
            add(hub, name)
    assert leaves(hub) == []


def test_what_the_policy_does_not_allow_is_refused(hub: Connection) -> None:
    add(hub)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"regions": None}, "reaches regions only"),
        ({"regions": []}, "beginning of a SOATO code"),
        ({"regions": ["Andijan"]}, "beginning of a SOATO code"),
        ({"expires_at": NOW}, "must expire after it begins"),
        ({"expires_at": NOW + timedelta(days=367)}, "at most 366 days"),
        ({"since": datetime(2026, 9, 30)}, "time zone"),  # noqa: DTZ001 - that is what is tried
    ]
    for terms, named in refused:
        with pytest.raises(PermanentError, match=named):
            give(hub, **terms)
    for basis, purpose, named in (
        ("no-law", "employment-help", "no legal basis"),
        ("employment-law", "curiosity", "no purpose"),
        ("employment-law", "pension", "is not for purpose pension but for employment-help"),
    ):
        with pytest.raises(PermanentError, match=named):
            agencies.grant(hub, POLICY, "jobs", basis, purpose, now=NOW, who=WHO, regions=["17"])
    with pytest.raises(agencies.UnknownAgencyError):
        give(hub, "nobody")
    with pytest.raises(PermanentError, match="no such grant"):
        agencies.revoke_grant(hub, uuid4(), now=NOW, who=WHO)
    with pytest.raises(agencies.UnknownAgencyError):
        agencies.revoke_agency(hub, "nobody", now=NOW, who=WHO)
    assert whats(hub) == ["agency-added"]


def test_effect_and_leaf_are_one(hub: Connection) -> None:
    """What fails after the change, as a crash would, takes the change back."""
    add(hub)
    with hub.transaction(force_rollback=True):
        give(hub)
    assert len(agencies.grants_of(hub, "jobs")) == 0
    hub.execute("ALTER TABLE kept.audit_leaves ADD CHECK (body ->> 'what' <> 'granted')")
    with pytest.raises(psycopg.errors.CheckViolation):
        give(hub)
    assert len(agencies.grants_of(hub, "jobs")) == 0
    assert whats(hub) == ["agency-added"]


def test_two_clerks_at_once_grant_once(hub: Connection, database: str) -> None:
    add(hub)
    ready, made = threading.Barrier(4), []

    def clerk() -> None:
        with closing(psycopg.connect(database, autocommit=True)) as connection:
            ready.wait()
            made.append(give(connection).id)

    clerks = [threading.Thread(target=clerk) for _ in range(4)]
    for each in clerks:
        each.start()
    for each in clerks:
        each.join()

    assert len(made) == 4
    assert len(set(made)) == 1
    assert whats(hub) == ["agency-added", "granted"]


def test_the_database_is_told_of_the_policy_once(hub: Connection) -> None:
    assert len(agencies.store_policy(hub, POLICY, who=WHO)) == 7
    assert agencies.store_policy(hub, POLICY, who=WHO) == []
    bases = dict(POLICY.bases)
    bases.pop("pension-law")
    narrower = replace(bases["social-registry"], need_kinds=frozenset({"lonely_care"}))
    changed = replace(POLICY, bases=bases | {"social-registry": narrower})

    assert agencies.store_policy(hub, changed, who=WHO) == ["social-registry", "pension-law"]
    row = hub.execute("SELECT is_dropped FROM kept.bases WHERE basis = 'pension-law'").fetchone()
    assert row == (True,)
    assert agencies.store_policy(hub, POLICY, who=WHO) == ["pension-law", "social-registry"]
    assert whats(hub) == ["policy"] * 3
