"""Which rows each principal sees in each operation when row security alone decides: by a table."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from projections.rights_context import Subject, enter, judging, show
from schemas.rights import Access, Grant
from tests.integration.rights.rig import World, people, uid

TABLE = Path(__file__).parent / "rights_table_rows.txt"
OPERATIONS = (
    "lookup", "needs", "facts", "household", "history", "identities", "statistics", "access_log",
    "subscribe",
)  # fmt: skip
GRANTED = {
    "welfare": ("social-registry", "social-support"),
    "jobs": ("employment-law", "employment-help"),
    "pensions": ("pension-law", "pension"),
    "payer": ("benefit-payments", "benefit-payment"),
    "ministry": ("planning-figures", "planning"),
    "citizens": ("data-subject", "own-data"),
    "auditors": ("oversight-audit", "oversight"),
}


class Row(NamedTuple):
    facts: str
    needs: str
    household: str
    judging: str
    looks: str


def table() -> dict[tuple[str, str], Row]:
    lines = [line.split("|") for line in TABLE.read_text("utf-8").splitlines() if "|" in line]
    cells = [[cell.strip() for cell in line] for line in lines if not line[0].startswith("#")]
    return {(principal, operation): Row(*rest) for principal, operation, *rest in cells}


def words(connection: psycopg.Connection[Any], query: str) -> str:
    rows = connection.execute(query.encode()).fetchall()
    return " ".join(sorted({row[0] for row in rows})) or "-"


def look(api: psycopg.Connection[Any], grant: Grant, operation: str, name: str) -> Row | None:
    """Whatever the API's role sees in a context that nobody decided on; None: refused."""
    enter(api, Access(grant.agency, grant.purpose, grant.basis, operation), grant.id, uid(name))
    ids = (uid("anna"), uid("bora")) if name == "anna" else (uid(name),)
    try:
        show(api, Subject(ids[0], ids, None, None))
    except psycopg.errors.InsufficientPrivilege:
        return None
    needs = words(api, "SELECT kind FROM live.needs")
    if operation != "needs":  # what was said; the same kinds
        assert words(api, "SELECT kind FROM live.need_history") == needs
    household = " ".join(sorted(people(api, "memberships"))) or "-"
    homes = api.execute("SELECT count(*) FROM live.assessments").fetchone()
    assert homes == (0 if household == "-" else 1,)
    facts = words(api, "SELECT kind FROM live.facts")
    looks = api.execute("SELECT count(*) FROM kept.audit_leaves").fetchone()
    assert looks is not None
    with judging(api):
        judges = "yes" if people(api, "facts") >= {"dina", "cem"} else "no"
    return Row(facts, needs, household, judges, str(looks[0] or "-"))


def test_rows_are_as_the_table_says(world: World, api: psycopg.Connection[Any]) -> None:
    world.access_leaf("anna")
    world.access_leaf("dina")
    grants = {
        name: world.grant(name, *which, regions=["1703"] if name == "jobs" else None)
        for name, which in GRANTED.items()
    }
    expected = table()
    found = {}
    for principal, operation in product(GRANTED, OPERATIONS):
        seen = look(api, grants[principal], operation, "anna")
        if seen is not None:
            found[principal, operation] = seen
        api.rollback()

    assert found == expected


def test_somebody_elsewhere_is_shown_by_national_grants_only(
    world: World, api: psycopg.Connection[Any]
) -> None:
    world.access_leaf("dina")
    grants = {
        name: world.grant(name, *which, regions=["1703"] if name == "jobs" else None)
        for name, which in GRANTED.items()
    }
    for (principal, operation), row in table().items():
        seen = look(api, grants[principal], operation, "dina")
        assert (seen is None) == (principal == "jobs"), (principal, operation)
        if seen is not None:
            assert seen.household in {"-", "dina"}
            assert (seen.judging, seen.looks) == (row.judging, row.looks)
        api.rollback()
