"""What the database shows the query API, row by row, of random countries under random grants.

``HUB_TEST_EXAMPLES`` sets how many countries; `make soak` takes more.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import agencies
from projections.migrations import migrate
from projections.rights_context import Subject, admit, enter, show
from schemas.rights import Access, Grant
from tests.integration.rights.rig import POLICY, WHO, World, uid
from tests.integration.rights.small_country import (
    LAWS,
    OPERATIONS,
    Law,
    Sight,
    SmallCountry,
    Somebody,
    rows,
    sight,
)

EXAMPLES = int(os.environ.get("HUB_TEST_EXAMPLES", "3"))
QUESTIONS = 20
REGIONS = (["1703"], ["17"], ["1726"], ["1703202", "1726"])
Api = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Held:
    law: Law
    grant: Grant
    counts: bool


@pytest.fixture
def empty(database: str) -> Any:
    migrate(database)
    made = World(database)
    yield made
    made.close()


def granted(world: World, chance: random.Random, name: str) -> Held:
    """Grant something to an agency of its own, and perhaps end it."""
    law = chance.choice(LAWS)
    regions = chance.choice(REGIONS) if law.wants_regions or chance.random() < 0.4 else None
    now = datetime.now(UTC)
    fate = chance.choice(("counts", "counts", "counts", "expired", "early", "revoked", "agency"))
    terms: dict[str, Any] = {"regions": regions}
    if fate == "expired":
        terms["expires_at"] = now - timedelta(seconds=1)
    if fate == "early":
        terms["since"] = now + timedelta(hours=1)
    grant = world.grant(name, law.basis, law.purpose, **terms)
    if fate == "revoked":
        agencies.revoke_grant(world.connection, grant.id, now=now, who=WHO)
    if fate == "agency":
        agencies.revoke_agency(world.connection, name, now=now, who=WHO)
    return Held(law, grant, fate == "counts")


def whose(people: list[Somebody], asked: str) -> Somebody | None:
    """Return whom an id means: who was once taken for somebody is somebody without a home."""
    for each in people:
        if asked in each.ids:
            return each
        if asked in each.once:
            return Somebody([asked], [])
    return None


def look(api: Api, access: Access, asked: str, own: UUID | None) -> tuple[bool, Any]:
    """Ask as the API does; return whether it was allowed, and all that is in sight then."""
    grants = agencies.grants_of(api, access.agency)
    now = datetime.now(UTC) + timedelta(milliseconds=1)
    found = admit(api, POLICY, grants, access, uid(asked), now=now, own=own)
    return found.decision.allowed, rows(api)


def force(api: Api, held: Held, access: Access, who: Somebody, own: UUID | None) -> Any:
    """Ask as a broken API would, whatever was decided; None: the database refuses."""
    enter(api, access, held.grant.id, own)
    ids = tuple(map(uid, who.ids))
    try:
        show(api, Subject(ids[0], ids, None, None))
    except psycopg.errors.InsufficientPrivilege:
        return None
    return rows(api)


def question(chance: random.Random, country: SmallCountry, held: Held) -> tuple[str, str, str]:
    """Return the operation, an id that is asked about, and for whom a portal asks."""
    operation = chance.choice(sorted(held.law.operations if chance.random() < 0.8 else OPERATIONS))
    each = chance.choice(country.people)
    asked = chance.choice([*each.ids, *each.once])
    return operation, asked, chance.choice(chance.choice([each, *country.people]).ids)


def compare(found: Any, expected: Sight, about: object) -> None:
    for table, seen in found.items():
        assert seen == expected.rows[table], (table, about)


def test_the_database_shows_what_the_document_says(empty: World) -> None:
    world, told = empty, {"runs": 0, "shown": 0, "refused": 0, "rows": 0}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.integers(0, 2**32))
    def tried(seed: int) -> None:
        chance = random.Random(seed)
        told["runs"] += 1  # a seed that comes again gets names of its own
        run = told["runs"]
        country = SmallCountry(world, chance, f"{seed} {run}")
        country.settle()
        everything = rows(world.connection)
        held = [granted(world, chance, f"agency-{run}-{number}") for number in range(5)]
        with world.as_role("hub_api") as api:
            for _ in range(QUESTIONS):
                one = chance.choice(held)
                operation, asked, for_whom = question(chance, country, one)
                own = uid(for_whom) if one.law.is_own else None
                who = whose(country.people, asked)
                assert who is not None
                access = Access(one.grant.agency, one.law.purpose, one.law.basis, operation)
                may = sight(everything, one.law, one.grant, operation, who, own, counts=one.counts)
                about = (seed, one, operation, asked, for_whom)

                allowed, seen = look(api, access, asked, own)
                assert allowed == may.is_shown, about
                compare(seen, may, about)
                api.rollback()

                seen = force(api, one, access, who, own)
                assert (seen is not None) == may.is_shown, about
                if seen is not None:
                    compare(seen, may, about)
                api.rollback()

                told["shown" if may.is_shown else "refused"] += 1
                told["rows"] += sum(map(len, may.rows.values())) if may.is_shown else 0

    tried()
    # That something was tried: questions of both kinds, and answers with rows.
    assert min(told.values()) > 0
