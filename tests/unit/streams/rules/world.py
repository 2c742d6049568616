"""A few people as facts, judged in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

from schemas.ids import text, uuid8
from streams.assessment import Assessment, assess
from streams.household import Household, households
from streams.lifecycle import Fact, holding
from streams.person import Person, people
from streams.rules.pack import Judgement, RulePack, Surroundings
from streams.rules.reason import MISSED
from streams.rules.uz import PACK

ON = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MONTHS = ("2025-12-01", "2026-01-01", "2026-02-01")
_PERSONS = {"mother", "father", "child", "spouse", "guardian", "ward", "person", "alias"}


def ident(name: str) -> bytes:
    """An id by name; a name that begins with a digit sorts by it."""
    raw = uuid8(sha256(name.encode()).digest())
    return bytes([int(name[0]) * 16]) + raw[1:] if name[0].isdigit() else raw


@dataclass
class World:
    """Facts in the order stated; ``tax`` is the day up to which incomes are reported."""

    facts: list[Fact] = field(default_factory=list)
    opened: dict[bytes, Mapping[str, Any] | None] = field(default_factory=dict)
    tax: date | None = date(2026, 2, 28)
    pack: RulePack = PACK

    def state(
        self,
        record: str,
        *facts: tuple[str, str, dict[str, Any]],
        version: int = 1,
        days: tuple[str | None, str | None] = (None, None),
        change: str = "CREATED",
        health: dict[str, Any] | None = None,
    ) -> World:
        event = ident(f"event {record} {version}")
        for who, kind, value in facts:
            named = {k: text(ident(v)) if k in _PERSONS and v else v for k, v in value.items()}
            begin, end = (None if day is None else date.fromisoformat(day) for day in days)
            self.facts.append(
                Fact(
                    event,
                    ident(who),
                    kind,
                    named,
                    None,
                    "health" if health else None,
                    begin,
                    end,
                    datetime(2026, 1, 1, tzinfo=UTC),
                    ident(f"record {record}"),
                    version,
                    change,
                    version,
                )
            )
        if health is not None:
            self.opened[event] = health
        return self

    def born(
        self,
        who: str,
        on: str,
        sex: str = "F",
        mother: str | None = None,
        father: str | None = None,
    ) -> World:
        value = {"born_on": on, "sex": sex, "mother": mother, "father": father}
        facts = [(who, "birth" if mother or father else "person", value)]
        facts += [(p, "child", {"child": who, "born_on": on}) for p in (mother, father) if p]
        return self.state(f"birth {who}", *facts)

    def man(self, who: str, on: str = "1990-01-01") -> World:
        return self.born(who, on, "M")

    def woman(self, who: str, on: str = "1990-01-01") -> World:
        return self.born(who, on, "F")

    def married(self, one: str, other: str, on: str = "2010-01-01") -> World:
        return self.state(
            f"marriage {one} {other} {on}",
            (one, "marriage", {"spouse": other, "married_on": on}),
            (other, "marriage", {"spouse": one, "married_on": on}),
        )

    def divorced(self, one: str, other: str, on: str) -> World:
        return self.state(
            f"divorce {one} {other} {on}",
            (one, "divorce", {"spouse": other, "divorced_on": on}),
            (other, "divorce", {"spouse": one, "divorced_on": on}),
        )

    def died(self, who: str, on: str) -> World:
        return self.state(f"death {who}", (who, "death", {"died_on": on}))

    def lives(
        self,
        who: str,
        dwelling: str,
        since: str = "2015-01-01",
        until: str | None = None,
        kind: str = "home",
    ) -> World:
        value = {"dwelling": dwelling, "kind": kind}
        return self.state(
            f"residence {who} {dwelling} {since}", (who, "residence", value), days=(since, until)
        )

    def guarded(
        self, ward: str, guardian: str, since: str = "2020-01-01", until: str | None = None
    ) -> World:
        return self.state(
            f"guardianship {ward} {guardian}",
            (ward, "guardian", {"guardian": guardian}),
            (guardian, "ward", {"ward": ward}),
            days=(since, until),
        )

    def earns(self, who: str, soum: int, months: Iterable[str] = MONTHS) -> World:
        for month in months:
            value = {"employer": "e", "month": month, "gross_minor": soum * 100}
            self.state(f"income {who} {month}", (who, "income", value), days=(month, None))
        return self

    def employed(
        self, who: str, since: str = "2020-01-01", until: str | None = None, employer: str = "e"
    ) -> World:
        job = {"employer": employer, "started_on": since}
        self.state(f"job {who} {employer} {since}", (who, "employment", job))
        if until is not None:
            end = {"employer": employer, "ended_on": until}
            self.state(f"end {who} {employer} {until}", (who, "employment_end", end))
        return self

    def disabled(
        self, who: str, group: int | None, since: str = "2024-01-01", until: str | None = None
    ) -> World:
        return self.state(
            f"disability {who} {since}",
            (who, "disability", {"assessed_on": since}),
            days=(since, None),
            health={"group": group, "until": until},
        )

    def self_employed(self, who: str, since: str = "2020-01-01", until: str | None = None) -> World:
        value = {"activity": "trade", "registered_on": since, "ended_on": until}
        return self.state(
            f"own {who} {since}", (who, "self_employment", value), days=(since, until)
        )

    def pregnant(
        self, who: str, since: str, due: str | None = None, follow_up: bool = False
    ) -> World:
        return self.state(
            f"pregnancy {who} {since}",
            (who, "pregnancy", {"registered_on": since}),
            days=(since, None),
            health={"due_on": due, "follow_up": follow_up},
        )

    def referred(self, who: str, since: str) -> World:
        """The reason of a referral is sealed, and nobody opens it."""
        value = {"referred_on": since}
        return self.state(
            f"referral {who} {since}", (who, "psychological_support", value), days=(since, None)
        )

    def linked(self, alias: str, person: str, record: str = "") -> World:
        return self.state(
            record or f"link {alias}",
            (alias, "linked_to", {"person": person, "reason": "identifier"}),
            (person, "linked_from", {"alias": alias, "reason": "identifier"}),
        )

    def households(self, on: date = ON) -> list[Household]:
        return households(self.people(), on, self.pack.family_law(on))

    def groups(self, on: date = ON) -> set[frozenset[bytes]]:
        return {
            frozenset(member.id for member in household.members)
            for household in self.households(on)
            if not household.in_institution
        }

    def people(self) -> dict[bytes, Person]:
        return people(holding(self.facts, NOW), self.opened)

    def assess(self, on: date = ON, known: dict[bytes, Person] | None = None) -> list[Assessment]:
        found = self.people() if known is None else known
        registered: dict[str, list[bytes]] = {}
        for person in found.values():
            for residence in person.residences:
                registered.setdefault(residence.dwelling, []).append(person.id)
        surroundings = Surroundings(found, registered)
        complete = {"civil": ON, "health": ON, self.pack.income_registry: self.tax}
        return [
            assess(household, on, self.pack, complete=complete, surroundings=surroundings)
            for household in households(found, on, self.pack.family_law(on))
        ]

    def needs(self, on: date = ON) -> dict[tuple[str, bytes], int | None]:
        """Soum a month by kind and person."""
        return {
            (need.kind, need.person): need.amount_minor and need.amount_minor // 100
            for assessment in self.assess(on)
            for need in assessment.needs()
        }

    def judgements(self, on: date = ON) -> dict[tuple[bytes, str], Judgement]:
        found = self.assess(on)
        return {key: one for each in found for key, one in each.judgements.items()}

    def result(self, need: str, on: date = ON) -> str:
        """Met, missed or unknown; who is not judged has no need. ``need`` is kind and person."""
        kind, who = need.split()
        judgement = self.judgements(on).get((ident(who), kind))
        return MISSED if judgement is None else judgement.reason.result

    def since(self, need: str, on: date = ON) -> date | None:
        kind, who = need.split()
        return self.judgements(on)[ident(who), kind].since

    def outcomes(self, on: date = ON) -> dict[bytes, str]:
        return {found.household.anchor: found.outcome for found in self.assess(on)}


def named(needs: dict[str, int | None]) -> dict[tuple[str, bytes], int | None]:
    """Turn ``{"child_benefit son": 100}`` into what ``World.needs`` returns."""
    return {(key.split()[0], ident(key.split()[1])): value for key, value in needs.items()}


def couple(soum: int, children: tuple[str, ...] = ()) -> World:
    """A married couple; he earns ``soum`` a month; children by birth date, c1 and so on."""
    world = World().man("1he").woman("2she").married("1he", "2she").earns("1he", soum)
    for number, born_on in enumerate(children, start=1):
        world.born(f"c{number}", born_on, mother="2she", father="1he")
    return world


def single(who: str = "1she", soum: int = 5_000_000, **person: str) -> World:
    return (
        World().born(who, person.get("born", "1990-01-01"), person.get("sex", "F")).earns(who, soum)
    )
