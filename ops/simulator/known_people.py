"""The hundred known people: read their tables and give the needs expected of them. Pure.

The tables are known_people.txt and known_needs.txt. Their dates are relative to the
reference date, so each person's PINFL is fixed for a given date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from ops.simulator.contract import Keys, derived_id
from ops.simulator.ledger import KnownNeed
from ops.simulator.pinfl import pinfl

KNOWN_DISTRICT = 900  # in their PINFLs; nobody else's
_TABLES = tuple(Path(__file__).parent / name for name in ("known_people.txt", "known_needs.txt"))
_AGO = re.compile(r"(-?)(?:(\d+)y)?(?:(\d+)d)?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: a verb, its words, its ``name=value`` options."""

    verb: str
    words: tuple[str, ...]
    options: dict[str, str]


@dataclass(frozen=True, slots=True)
class Need:
    """An expected need; on one of ``holders``, the one with the lowest person id."""

    holders: tuple[str, ...]
    kind: str
    amount: int | None  # soum
    why: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A need that none of ``holders`` has, though not for much."""

    holders: tuple[str, ...]
    kind: str
    why: str


def ago(text: str, until: date) -> date:
    """Return the date that lies ``text`` before ``until``; a minus means after.

    >>> ago("2y10d", date(2026, 9, 30)), ago("-30d", date(2026, 9, 30))
    (datetime.date(2024, 9, 20), datetime.date(2026, 10, 30))
    """
    match = _AGO.fullmatch(text)
    if not match or not text.strip("-"):
        raise ValueError(f"not a time such as 2y10d: {text}")
    back, years, days = match[1] != "-", int(match[2] or 0), int(match[3] or 0)
    leap_day = (until.month, until.day) == (2, 29)
    day = (until - timedelta(days=1) if leap_day and years % 4 else until).replace(
        year=until.year - years if back else until.year + years
    )
    return day - timedelta(days=days) if back else day + timedelta(days=days)


def _read() -> tuple[list[Line], list[Need], list[Miss]]:
    facts: list[Line] = []
    needs: list[Need] = []
    misses: list[Miss] = []
    house: tuple[str, ...] = ()
    for raw in (line for table in _TABLES for line in table.read_text("utf-8").splitlines()):
        if not raw or raw.startswith(("#", "family")):
            continue
        verb, *words = raw.split()
        if verb == "house":
            house = tuple(words)
        elif verb == "need":
            who, kind, amount, why = raw.split(maxsplit=4)[1:]
            holders = house if who == "@house" else (who,)
            needs.append(Need(holders, kind, None if amount == "-" else int(amount), why))
        elif verb == "miss":
            who, kind, why = raw.split(maxsplit=3)[1:]
            misses.append(Miss(house if who == "@house" else (who,), kind, why))
        else:
            options = dict(word.split("=", 1) for word in words if "=" in word)
            facts.append(Line(verb, tuple(w for w in words if "=" not in w), options))
    return facts, needs, misses


FACTS, NEEDS, MISSES = _read()
PEOPLE = tuple(line for line in FACTS if line.verb == "person")


def pinfl_of(name: str, until: date) -> str:
    """Return the national number of a known person."""
    number, line = next((n, p) for n, p in enumerate(PEOPLE) if p.words[0] == name)
    _, sex, age = line.words
    return pinfl(sex, ago(age, until), KNOWN_DISTRICT, number)


def patient_id(name: str) -> str:
    """Return the id of the Patient resource of a known person."""
    return f"known-{name.replace('.', '-')}"


def known_persons(until: date, keys: Keys) -> dict[str, str]:
    """Return the person id of each known person; provisional where no civil record is."""
    persons = {}
    for line in PEOPLE:
        name = line.words[0]
        if line.options.get("civil") == "no":
            persons[name] = derived_id(keys.person, "fhir.patient", patient_id(name))
        else:
            persons[name] = derived_id(keys.person, "uz.pinfl", pinfl_of(name, until))
    return persons


def known_needs(until: date, keys: Keys) -> list[KnownNeed]:
    """Return every need that the known people must have at ``until``; all others are wrong."""
    persons = known_persons(until, keys)
    needs = []
    for need in NEEDS:
        holder = min(need.holders, key=lambda name: persons[name])
        needs.append(KnownNeed(persons[holder], holder, need.kind, need.amount, need.why))
    return needs
