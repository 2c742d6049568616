"""A short way to write down a person's facts, for worked examples. Everybody lives at home 1."""

from __future__ import annotations

from datetime import date
from typing import Any

from ops.verify.ids import keyed
from ops.verify.needs import expected_needs
from ops.verify.values import Event, Need
from tests.unit.ops.verify.makers import NOW, ON, Maker, home
from tests.unit.ops.verify.makers import PERSON_KEY as KEY
from tests.unit.ops.verify.makers import person as person_of

JOB = keyed(KEY, "uz.stir.org", "200000009")


class People:
    """Facts by short names; each statement is a record of its own."""

    def __init__(self, tax: str | None = "2026-08-31") -> None:
        self.make = Maker()
        self._ids: dict[str, str] = {}
        self._number = 0
        if tax:
            self.make.complete("tax", tax)

    def id(self, name: str) -> str:
        return self._ids.setdefault(name, person_of(len(self._ids) + 100))

    def civil(self, table: str, type_: str, who: str, **content: Any) -> Event:
        self._number += 1
        return self.make.civil(table, self._number, type_, self.id(who), **content)

    def adult(self, name: str, born_on: str, sex: str = "F", **options: Any) -> People:
        content = {"born_on": born_on, "sex": sex, "district": "1703202", "identity": None}
        self.civil("person", "person_identifier_assigned", name, **content, **options)
        return self.lives(name)

    def child(
        self, name: str, born_on: str, mother: str | None, father: str | None = None, sex: str = "F"
    ) -> People:
        self.civil(
            "birth",
            "birth_registered",
            name,
            born_on=born_on,
            sex=sex,
            district="1703202",
            mother=mother and self.id(mother),
            father=father and self.id(father),
            identity=None,
        )
        return self.lives(name)

    def lives(self, name: str, dwelling: int = 1, kind: str = "home", **between: Any) -> People:
        content = {"district": "1703202", "dwelling": home(dwelling), "kind": kind, "contact": None}
        span = {"from_on": "2020-01-01", "until_on": None} | between
        self.civil("residence", "residence_registered", name, **content, **span)
        return self

    def died(self, name: str, on: str) -> People:
        self.civil("death", "death_registered", name, died_on=on, district="1703202")
        return self

    def married(self, one: str, other: str, on: str = "2014-01-01") -> People:
        self.civil("marriage", "marriage_registered", one, spouse=self.id(other), married_on=on)
        return self

    def divorced(self, one: str, other: str, on: str) -> People:
        self.civil("divorce", "divorce_registered", one, spouse=self.id(other), divorced_on=on)
        return self

    def guarded(self, ward: str, guardian: str, until_on: str | None = None) -> People:
        span = {"from_on": "2025-01-01", "until_on": until_on}
        content = {"guardian": self.id(guardian)} | span
        self.civil("guardianship", "guardianship_established", ward, **content)
        return self

    def tax(self, kind: str, type_: str, who: str, **content: Any) -> People:
        self._number += 1
        content["identity"] = None
        key, version = f"{kind}/9/{self._number}", 9_000_000 + self._number
        self.make.say("tax", key, f"tax.{type_}", self.id(who), content, version=version)
        return self

    def works(self, who: str, since: str = "2020-01-01", until: str | None = None) -> People:
        self.tax("employment", "employment_started", who, employer=JOB, started_on=since)
        if until:
            self.tax("employment_end", "employment_ended", who, employer=JOB, ended_on=until)
        return self

    def trades(self, who: str, since: str, until: str | None = None) -> People:
        content = {"activity": "trade", "registered_on": since, "ended_on": until}
        return self.tax("self_employment", "self_employment_registered", who, **content)

    def earns(self, who: str, soum: int, *months: int) -> People:
        """State what ``JOB`` paid in each of these months of 2026; June to August if none."""
        for month in months or (6, 7, 8):
            content = {"month": f"2026-{month:02d}-01", "gross_minor": soum * 100}
            self.tax("income", "income_reported", who, employer=JOB, **content)
        return self

    def health(self, resource: str, type_: str, who: str, **content: Any) -> People:
        self._number += 1
        self.make.health(f"{resource}/{self._number}", type_, self.id(who), **content)
        return self

    def disabled(self, who: str, group: int, on: str = "2024-01-01", until: Any = None) -> People:
        block = {"group": group, "until": until}
        return self.health("Observation", "disability_assessed", who, assessed_on=on, health=block)

    def pregnant(self, who: str, on: str, due: str | None, follow_up: bool = False) -> People:
        block = {"due_on": due, "follow_up": follow_up}
        return self.health(
            "Observation", "pregnancy_registered", who, registered_on=on, health=block
        )

    def referred(self, who: str, on: str, block: Any = None) -> People:
        type_ = "psychological_support_referred"
        return self.health("ServiceRequest", type_, who, referred_on=on, health=block)

    def needs(self, on: date | str = ON, now: int = NOW) -> list[Need]:
        day = date.fromisoformat(on) if isinstance(on, str) else on
        return expected_needs(self.make.events, day, now)

    def find(self, kind: str, who: str, on: date | str = ON, now: int = NOW) -> Need | None:
        """Return the need of a kind that ``who`` has on a day."""
        found = [need for need in self.needs(on, now) if need[:2] == (self.id(who), kind)]
        assert len(found) <= 1
        return found[0] if found else None

    def kinds(self, who: str, on: date | str = ON, now: int = NOW) -> set[str]:
        return {need.kind for need in self.needs(on, now) if need.person == self.id(who)}

    def days(self, kind: str, who: str, *days: str) -> list[bool]:
        """Return for each day whether the need is there."""
        return [self.find(kind, who, day) is not None for day in days]
