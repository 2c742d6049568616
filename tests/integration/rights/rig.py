"""Two families in two regions, what was found of them, and who may look: rights on real tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

from projections import agencies
from projections.rights_context import Admission, admit
from schemas.rights import Access, Grant, Policy, load_policy
from tests.integration.assessment.country import Country, person

POLICY: Policy = load_policy()
NOW = datetime.now(UTC)  # the database has its own clock: a grant must count there too
LONG_AGO = datetime(2026, 2, 3, tzinfo=UTC)
WHO = "tests"

ANDIJAN, TASHKENT = "1703202", "1726266"
# Who lives where; cem is the child of anna, bora her record at the hospital.
HOMES = {"anna": ANDIJAN, "cem": ANDIJAN, "dina": TASHKENT}
NEEDS = {
    "anna": ("family_low_income", "employment_help", "disability_support"),
    "cem": ("child_benefit",),
    "dina": ("employment_help", "pension_age_approaching"),
}


def uid(name: str) -> UUID:
    return UUID(bytes=person(name))


class World:
    """The owner's hands: people, needs, agencies and what they were granted."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.country = Country(dsn)
        self.connection = self.country.connection

    def close(self) -> None:
        self.connection.close()

    def as_role(self, role: str, **options: Any) -> psycopg.Connection[Any]:
        """Return a real connection of another role, not in autocommit."""
        return psycopg.connect(make_conninfo(self.dsn, user=role), **options)

    def settle(self) -> None:
        """Write both families into the tables."""
        country = self.country
        country.complete()
        for name, district in HOMES.items():
            self.house(name, district)
        country.born("anna", "1990-05-05")
        country.born("dina", "1970-05-05")
        country.born("cem", "2020-05-05", mother="anna")
        country.employed("anna")
        country.earns_once("anna", "2026-01-01", 1_000_000)
        country.employed("dina")
        country.state(
            "patient bora",
            ("bora", "linked_to", {"person": "anna"}),
            ("anna", "linked_from", {"alias": "bora"}),
        )
        country.state("disability bora", ("bora", "disability", {"assessed_on": "2025-01-01"}))
        for household, members in (("home anna", ("anna", "cem")), ("home dina", ("dina",))):
            self.household(household, members)
        for name, kinds in NEEDS.items():
            for kind in kinds:
                self.need(name, kind)

    def house(self, name: str, district: str, since: str = "2015-01-01", **more: Any) -> None:
        value = {"district": district, "dwelling": f"flat {district}", "kind": "home"}
        self.country.state(
            f"residence {name} {district}",
            (name, "residence", value),
            days=(since, more.pop("until", None)),
            **more,
        )

    def household(self, household: str, members: Iterable[str]) -> None:
        ids = [uid(one) for one in members]
        for one in ids:
            self.connection.execute(
                "INSERT INTO live.memberships (person, household, anchor, assessed_on)"
                " VALUES (%s, %s, %s, '2026-03-10')",
                [one, uid(household), min(ids)],
            )
        self.connection.execute(
            "INSERT INTO live.assessments (household, anchor, members, assessed_on, outcome, seen)"
            " VALUES (%s, %s, %s, '2026-03-10', 'assessed', 0)",
            [uid(household), min(ids), ids],
        )

    def need(self, name: str, kind: str) -> None:
        """Say a need that rests on the person's residence and on what anna earned."""
        cited = [
            uid(f"event residence {name} {HOMES[name]} 1"),
            uid("event income anna 2026-01-01 1"),
        ]
        values = [uid(f"{kind} {name}"), 1, uid(name), uid(f"home {name}"), kind, "detected"]
        values += ["2026-01-01", "normal", "uz", cited, b"sealed", uuid4()]
        self.connection.execute(
            "INSERT INTO live.need_history (need, version, person, household, kind, status, since,"
            " urgency, rule, evidence, reason, event_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            values,
        )
        self.connection.execute(
            "INSERT INTO live.needs (need, version, person, household, kind, status, since,"
            " urgency, rule, evidence, reason, event_id, reason_digest, assessed_on)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'd', '2026-03-10')",
            values,
        )

    def grant(self, agency: str, basis: str, purpose: str, **more: Any) -> Grant:
        """Grant something to an agency, which is made known if need be."""
        agencies.add_agency(self.connection, agency, agency.title(), now=LONG_AGO, who=WHO)
        since = more.pop("since", LONG_AGO)
        return agencies.grant(
            self.connection, POLICY, agency, basis, purpose, now=NOW, who=WHO, since=since, **more
        )

    def leaves(self, kind: str = "operator") -> list[dict[str, Any]]:
        rows = self.connection.execute(
            "SELECT body FROM kept.audit_leaves WHERE kind = %s ORDER BY id", [kind]
        ).fetchall()
        return [row[0] for row in rows]

    def access_leaf(self, name: str) -> None:
        """Put on record that somebody looked."""
        self.connection.execute(
            "INSERT INTO kept.audit_leaves (kind, body) VALUES ('read', %s)",
            [Jsonb({"what": "needs", "person": str(uid(name))})],
        )


def asked(
    connection: psycopg.Connection[Any],
    grant: Grant,
    operation: str,
    name: str,
    own: str | None = None,
) -> Admission:
    """Ask about somebody under a grant, in the transaction that is open."""
    access = Access(grant.agency, grant.purpose, grant.basis, operation)
    return admit(
        connection,
        POLICY,
        agencies.grants_of(connection, grant.agency),
        access,
        uid(name),
        now=datetime.now(UTC) + timedelta(milliseconds=1),
        own=None if own is None else uid(own),
    )


def people(connection: psycopg.Connection[Any], table: str) -> set[str]:
    """Return whose rows a role sees in a table."""
    names = {uid(name): name for name in (*HOMES, "bora")}
    rows = connection.execute(f"SELECT DISTINCT person FROM live.{table}".encode()).fetchall()
    return {names.get(row[0], "somebody") for row in rows}
