"""A few hundred people and all that will happen to them in ten years, known from the beginning."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tests.integration.assessment.country import Country, person

BEGIN, END = date(2026, 1, 1), date(2035, 12, 31)
_SPAN = (END - BEGIN).days


def settle(country: Country, chance: random.Random, families: int) -> None:
    """State everything; incomes of every month, so that the months move on for ten years."""
    with country.connection.transaction():
        country.complete(END)
        for number in range(families):
            _family(country, chance, number)


def _day(chance: random.Random, first: date = BEGIN) -> str:
    return str(first + timedelta(days=chance.randrange(_SPAN)))


def _family(country: Country, chance: random.Random, number: int) -> None:
    he, she, old = f"{number % 9}he{number}", f"{number % 7}she{number}", f"old{number}"
    country.born(he, _day(chance, date(1975, 1, 1)), "M")
    country.born(she, _day(chance, date(1976, 1, 1)), "F")
    country.born(old, _day(chance, date(1962, 1, 1)), chance.choice("MF"))
    country.lives(old, f"hut {number // 2}", until=_day(chance) if number % 3 else None)
    record = f"marriage {number}"
    country.married(he, she, str(_day(chance, date(2005, 1, 1))), record=record)
    for child in range(chance.randrange(3)):
        born_on = _day(chance, date(2009, 1, 1) if child else date(2025, 1, 1))
        country.born(f"{chance.randrange(9)}kid{number}-{child}", born_on, mother=she, father=he)
    if number % 4 == 0:
        country.disabled(old, chance.randrange(1, 4), on="2024-01-01", until=_day(chance))
    if number % 5 == 0:
        country.died(chance.choice((he, she, old)), _day(chance))
    if number % 6 == 0:
        value = {"spouse": she, "divorced_on": _day(chance)}
        other = {"spouse": he, "divorced_on": value["divorced_on"]}
        country.state(f"divorce {number}", (he, "divorce", value), (she, "divorce", other))
    if number % 7 == 0:  # annulled some day; replaced only sometimes
        at = datetime.combine(date.fromisoformat(_day(chance)), time(12), UTC)
        country.annul(record, he, kind="civil.marriage_registered", at=at)
        if number % 2:
            replaced = person(f"event {record} 1")
            country.married(he, old, "2010-01-01", record=f"{record} b", replaces=replaced, at=at)
    country.employed(he)
    if number % 3 == 1:
        ended = {"employer": "e", "ended_on": _day(chance)}
        country.state(f"end {he}", (he, "employment_end", ended))
    _incomes(country, he, chance)


def _incomes(country: Country, who: str, chance: random.Random) -> None:
    owner, months = (
        UUID(bytes=person(who)),
        [(y, m) for y in range(2025, 2036) for m in range(1, 13)],
    )
    with (
        country.connection.cursor() as cursor,
        cursor.copy(
            "COPY live.facts (event_id, ordinal, person, kind, value, valid_from, known_from,"
            ' record, version, change, digest, topic, partition, "offset") FROM STDIN'
        ) as copy,
    ):
        base = chance.randrange(800_000, 3_000_000)
        for year, month in months:
            first = date(year, month, 1)
            event = UUID(bytes=person(f"income {who} {first}"))
            gross = (base + chance.randrange(-50_000, 50_000) * (year - 2024)) * 100
            value = {"employer": "e", "month": str(first), "gross_minor": gross}
            known = datetime(2026, 1, 1, tzinfo=UTC)
            row = (event, 0, owner, "income", json.dumps(value), first, known, event)
            copy.write_row((*row, 1, "CREATED", "\\x64", "t", 0, 0))
