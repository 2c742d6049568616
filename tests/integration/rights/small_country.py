"""Small countries at random, and which rows of them somebody may see: by docs/rights.md.

Written from the document's words and the tables of this folder; nothing that is tried is called.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from schemas.rights import Grant
from tests.integration.rights.rig import World, uid

DISTRICTS: Final = ("1703202", "1703401", "1726266")
VALUES: Final[dict[str, dict[str, Any]]] = {
    "person": {"born_on": "1990-05-05", "sex": "F", "district": "1703"},
    "name": {"changed_on": "2024-05-05"},
    "marriage": {"spouse": "somebody", "married_on": "2010-01-01"},
    "death": {"died_on": "2026-01-01", "district": "1703"},
    "employment": {"employer": "e", "started_on": "2020-01-01"},
    "income": {"employer": "e", "month": "2026-01-01", "gross_minor": 5},
    "property": {"kind": "car"},
    "benefit": {"benefit": "child", "month": "2026-01-01", "amount_minor": 5},
    "disability": {"assessed_on": "2025-01-01"},
    "condition": {"diagnosed_on": "2025-01-01"},
    "pregnancy": {"registered_on": "2025-01-01"},
}
NEEDS: Final = (
    "family_low_income", "employment_help", "disability_support", "child_benefit",
    "pension_age_approaching",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Law:
    """What docs/rights.md says of a basis, as far as rows go."""

    basis: str
    purpose: str
    operations: frozenset[str]
    facts: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    shows_reasons: bool = False
    is_own: bool = False
    wants_regions: bool = False


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WELFARE: Final = "person name marriage death residence employment income property benefit"
LAWS: Final = (
    Law("social-registry", "social-support", _set("lookup needs facts household history"),
        _set(f"{_WELFARE} disability"),
        _set("family_low_income disability_support child_benefit"), shows_reasons=True),
    Law("employment-law", "employment-help", _set("lookup needs"),
        needs=_set("employment_help"), wants_regions=True),
    Law("pension-law", "pension", _set("lookup needs facts history"),
        _set("person death employment income"), _set("pension_age_approaching")),
    Law("benefit-payments", "benefit-payment", _set("lookup needs facts"),
        _set("person name death benefit"), _set("child_benefit")),
    Law("data-subject", "own-data", _set("lookup needs facts history access_log"),
        _set(f"{_WELFARE} disability condition pregnancy"), frozenset(NEEDS),
        shows_reasons=True, is_own=True),
    Law("oversight-audit", "oversight", _set("access_log")),
)  # fmt: skip
OPERATIONS: Final = _set("lookup needs facts household history identities access_log")


@dataclass(slots=True)
class Somebody:
    """One person: every id that is theirs, and where they are registered."""

    ids: list[str]
    once: list[str]  # ids that were taken for theirs, and are somebody of their own now
    district: str | None = None


@dataclass(slots=True)
class Sight:
    """What somebody may see: names of tables, and the rows by what tells them apart."""

    is_asked: bool = False  # a grant that counts allows the operation
    is_shown: bool = False  # and this person
    rows: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)


@dataclass(slots=True)
class SmallCountry:
    """A few people, written into the tables as the owner, and remembered."""

    world: World
    chance: random.Random
    word: str
    people: list[Somebody] = field(default_factory=list)
    events: list[UUID] = field(default_factory=list)

    def settle(self) -> None:
        for number in range(self.chance.randint(1, 4)):
            self._somebody(f"{self.word} {number}")
        for number in range(self.chance.randint(0, 4)):
            ids = [one for each in self.people for one in (*each.ids, *each.once)]
            members = self.chance.sample(ids, min(len(ids), self.chance.randint(1, 3)))
            self.world.household(f"{self.word} home {number}", members)
        for each in self.people:
            for kind in NEEDS:
                if self.chance.random() < 0.4:
                    self._need(self.chance.choice(each.ids), kind)
            for one in (*each.ids, *each.once):
                if self.chance.random() < 0.5:
                    self.world.access_leaf(one)

    def _somebody(self, name: str) -> None:
        aliases = [f"{name} alias {n}" for n in range(self.chance.randint(0, 2))]
        once = [f"{name} once"] if self.chance.random() < 0.4 else []
        made = Somebody([name, *aliases], once)
        state = self.world.country.state
        for alias in (*aliases, *once):
            state(f"link {alias}", (alias, "linked_to", {"person": name}),
                  (name, "linked_from", {"alias": alias}))  # fmt: skip
        for alias in once:
            state(f"unlink {alias}", (alias, "unlinked_to", {"person": name, "reason": "other"}),
                  (name, "unlinked_from", {"alias": alias, "reason": "other"}))  # fmt: skip
        self._homes(made, name)
        for one in (*made.ids, *once):
            for kind, value in VALUES.items():
                if self.chance.random() < 0.5:
                    event = state(f"{kind} {one}", (one, kind, value))
                    self.events.append(UUID(bytes=event))
                    if self.chance.random() < 0.2:
                        self.world.country.annul(f"{kind} {one}", one)
        self.people.append(made)

    def _homes(self, made: Somebody, name: str) -> None:
        """Register somewhere: earlier, today, later; today counts most, then earlier."""
        earlier, today, later = (self.chance.random() < 0.6 for _ in range(3))
        for holds, since, until in (
            (earlier, "2001-01-01", "2010-01-01"),
            (today, "2015-01-01", None),
            (later, "2150-01-01", None),
        ):
            if holds:
                district = self.chance.choice(DISTRICTS)
                value = {"district": district, "dwelling": f"flat {name}", "kind": "home"}
                who = self.chance.choice(made.ids)
                event = self.world.country.state(
                    f"residence {name} {since}", (who, "residence", value), days=(since, until)
                )
                self.events.append(UUID(bytes=event))
                if since < "2100" or not (earlier or today):
                    made.district = district

    def _need(self, name: str, kind: str) -> None:
        cited = self.chance.sample(self.events, min(len(self.events), self.chance.randint(0, 3)))
        values = [uid(f"{kind} {name}"), 1, uid(name), uid(f"home {name}"), kind, "detected"]
        values += ["2026-01-01", "normal", "uz", cited, b"sealed", uuid4()]
        execute = self.world.connection.execute
        columns = "need, version, person, household, kind, status, since, urgency, rule, evidence,"
        columns += " reason, event_id"
        marks = ", ".join(["%s"] * len(values))
        if self.chance.random() < 0.8:  # else it was said once, and does not stand
            more = f"INSERT INTO live.needs ({columns}, reason_digest, assessed_on) VALUES"
            execute(f"{more} ({marks}, 'd', '2026-03-10')".encode(), values)
        execute(f"INSERT INTO live.need_history ({columns}) VALUES ({marks})".encode(), values)


# Of each table: what tells a row apart, and what decides whether it is seen.
UNIVERSE: Final = {
    "facts": "SELECT event_id, ordinal, person, kind FROM live.facts",
    "needs": "SELECT need, version, person, kind, evidence FROM live.needs",
    "need_history": "SELECT need, version, person, kind, evidence FROM live.need_history",
    "memberships": "SELECT id, household, person FROM live.memberships",
    "assessments": "SELECT household, members FROM live.assessments",
    "closures": "SELECT event_id FROM live.closures",
    "replacements": "SELECT event_id FROM live.replacements",
    "audit_leaves": "SELECT id, kind, body ->> 'person' FROM kept.audit_leaves",
}


def rows(connection: Any) -> dict[str, set[tuple[Any, ...]]]:
    """Return what a connection sees of every table."""
    found = {}
    for table, query in UNIVERSE.items():
        plain = connection.execute(query.encode()).fetchall()
        found[table] = {
            tuple(tuple(each) if isinstance(each, list) else each for each in row) for row in plain
        }
    return found


def sight(  # noqa: PLR0917 - a question
    everything: dict[str, set[tuple[Any, ...]]],
    law: Law,
    grant: Grant,
    operation: str,
    asked: Somebody | None,
    own: UUID | None,
    *,
    counts: bool,
) -> Sight:
    """Return what docs/rights.md lets somebody see; ``asked`` is who is meant."""
    found = Sight(rows={table: set() for table in everything})
    found.is_asked = counts and operation in law.operations and (own is not None) == law.is_own
    ids = set(map(uid, asked.ids)) if asked is not None else set()
    district = asked.district if asked is not None else None
    regions = grant.regions
    found.is_shown = (
        found.is_asked
        and (not law.is_own or own in ids)
        and (regions is None or (district is not None and district.startswith(tuple(regions))))
    )
    if not found.is_asked:
        return found
    seen = found.rows
    seen["closures"] = everything["closures"]
    seen["replacements"] = everything["replacements"]
    seen["facts"] = {row for row in everything["facts"] if row[3] == "annulled"}
    if found.is_shown:
        _of_the_person(seen, everything, law, operation, ids)
    return found


def _of_the_person(
    seen: dict[str, set[tuple[Any, ...]]],
    everything: dict[str, set[tuple[Any, ...]]],
    law: Law,
    operation: str,
    ids: Iterable[UUID],
) -> None:
    mine = set(ids)
    if operation == "facts":
        seen["facts"] |= {
            row for row in everything["facts"] if row[2] in mine and row[3] in law.facts
        }
    if operation in {"needs", "history"}:
        for table in ("needs", "need_history"):
            seen[table] = {
                row for row in everything[table] if row[2] in mine and row[3] in law.needs
            }
        cited = {event for row in seen["need_history"] for event in row[4]}
        if law.shows_reasons:
            seen["facts"] |= {row for row in everything["facts"] if row[0] in cited}
    if operation in {"needs", "household"}:
        homes = {row[1] for row in everything["memberships"] if row[2] in mine}
        with_me = {row[2] for row in everything["memberships"] if row[1] in homes} | mine
        seen["memberships"] = {row for row in everything["memberships"] if row[2] in with_me}
        seen["assessments"] = {row for row in everything["assessments"] if mine & set(row[1])}
    if operation == "access_log":
        names = set(map(str, mine))
        seen["audit_leaves"] = {
            row
            for row in everything["audit_leaves"]
            if row[1] in {"read", "refusal"} and row[2] in names
        }
