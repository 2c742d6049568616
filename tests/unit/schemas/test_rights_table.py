"""Principal by basis by purpose by operation by place by field: every cell against a table.

The table was written by hand from the prose of docs/rights.md and knows no groups of fields.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_DNS, uuid5

import pytest

from schemas import rights_fields
from schemas.rights import Access, Grant, Grants, decide, load_policy

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)

BASES = (
    "social-registry",
    "employment-law",
    "pension-law",
    "benefit-payments",
    "planning-figures",
    "data-subject",
    "oversight-audit",
    "no-such-law",
)
PURPOSES = (
    "social-support",
    "employment-help",
    "pension",
    "benefit-payment",
    "planning",
    "own-data",
    "oversight",
    "curiosity",
)
OPERATIONS = (
    "lookup",
    "needs",
    "facts",
    "household",
    "history",
    "identities",
    "statistics",
    "access_log",
    "subscribe",
    "delete",
)
REGIONS = ("1703202", "17", "1726266", "21703", None)


class Row(NamedTuple):
    """A line of the table."""

    principal: str
    basis: str
    purpose: str
    operation: str
    where: str
    what: str


def rows() -> list[Row]:
    lines = (HERE / "rights_table.txt").read_text("utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    return [Row(*(part.strip() for part in line.split("|"))) for line in wanted]


@cache
def events() -> frozenset[str]:
    """The fields of every event, read from the Avro files themselves."""
    found = set()
    for path in (ROOT / "schemas" / "avro").glob("*.avsc"):
        name = path.name.rpartition(".v")[0]
        if name not in {"meta", "hub.quarantine_entry", "hub.checkpoint"}:
            schema = json.loads(path.read_text("utf-8"))
            found |= {f"{name}.{f['name']}" for f in schema["fields"] if f["name"] != "meta"}
    return frozenset(found)


@cache
def expand(what: str) -> frozenset[str]:
    """The fields that a cell of the last column names."""
    answers = {f"{op}.{name}" for op, names in rights_fields.ANSWERS.items() for name in names}
    found: set[str] = set()
    for pattern in what.split():
        expression = pattern.lstrip("-").replace(".", r"\.").replace("*", "[^.]*")
        matched = {name for name in events() | answers if re.fullmatch(expression, name)}
        assert matched, pattern
        found = found - matched if pattern.startswith("-") else found | matched
    return frozenset(found)


def is_there(where: str, region: str | None, *, is_own: bool) -> bool:
    if where == "anywhere":
        return True
    if where == "own":
        return is_own
    if region is None:
        return "nowhere" in where
    return region.startswith(where.partition(",")[0])


def grant(agency: str, basis: str, purpose: str, more: dict[str, object]) -> Grant:
    terms: dict[str, object] = {
        "regions": None,
        "since": BEGAN,
        "expires_at": None,
        "revoked_at": None,
        "history_from": None,
    }
    name = uuid5(NAMESPACE_DNS, f"{agency} {basis} {purpose}")
    return Grant(id=name, agency=agency, basis=basis, purpose=purpose, **(terms | more))  # type: ignore[arg-type]


def principals() -> dict[str, Grants]:
    """What each principal of the table was granted."""
    moment, andijan = timedelta(microseconds=1), frozenset({"1703"})
    welfare, jobs = ("social-registry", "social-support"), ("employment-law", "employment-help")
    payer = ("benefit-payments", "benefit-payment")
    granted: dict[str, list[tuple[tuple[str, str], dict[str, object]]]] = {
        "welfare": [(welfare, {})],
        "jobs": [(jobs, {"regions": andijan})],
        "pensions": [(("pension-law", "pension"), {})],
        "payer": [(payer, {})],
        "ministry": [(("planning-figures", "planning"), {})],
        "citizens": [(("data-subject", "own-data"), {})],
        "auditors": [(("oversight-audit", "oversight"), {})],
        "both": [(jobs, {"regions": andijan}), (payer, {})],
        "revoked": [
            (welfare, {"revoked_at": NOW}),
            (jobs, {"revoked_at": NOW, "regions": andijan}),
        ],
        "expired": [
            (welfare, {"expires_at": NOW}),
            (jobs, {"expires_at": NOW, "regions": andijan}),
        ],
        "future": [(welfare, {"since": NOW + moment})],
        "ended": [(welfare, {})],
        "stranger": [],
        "unbounded": [(jobs, {})],
    }
    made = {
        name: Grants(
            name,
            revoked_at=NOW if name == "ended" else None,
            granted=tuple(grant(name, *which, more) for which, more in each),
        )
        for name, each in granted.items()
    }
    return made | {"unknown": Grants("unknown", is_known=False)}


@pytest.mark.parametrize("principal", principals())
def test_every_cell_is_as_the_table_says(principal: str) -> None:
    grants, policy = principals()[principal], load_policy()
    table = {row[1:4]: row for row in rows() if row.principal == principal}
    everything = events() | {
        f"{op}.{name}" for op, names in rights_fields.ANSWERS.items() for name in names
    }
    cells = product(BASES, PURPOSES, OPERATIONS, REGIONS, (False, True))
    tried = 0
    for basis, purpose, operation, region, is_own in cells:
        row = table.get((basis, purpose, operation))
        allowed: frozenset[str] = frozenset()
        if row is not None and is_there(row.where, region, is_own=is_own):
            allowed = expand(row.what)
        access = Access(principal, purpose, basis, operation, region, is_own)

        found = decide(policy, grants, access, NOW)

        assert found.fields & everything == allowed, access
        assert found.fields <= everything
        assert found.allowed == (found.rule == "allowed") == bool(allowed), access
        tried += len(everything)
    assert tried > 1_000_000


def test_the_table_speaks_of_every_basis_and_everybody_else_gets_nothing() -> None:
    assert {row.basis for row in rows()} == set(load_policy().bases)
    assert {row.principal for row in rows()} < set(principals())
    nothing = set(principals()) - {row.principal for row in rows()}
    assert nothing == {
        "revoked", "expired", "future", "ended", "stranger", "unknown", "unbounded"
    }  # fmt: skip


def test_the_fields_of_events_are_those_of_the_files() -> None:
    assert {field for own in rights_fields.event_fields().values() for field in own} == events()
