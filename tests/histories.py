"""What registries may state of a few people: every event type, created, corrected, annulled, ended.

The same seed gives the same events. Records are annulled and created again by another record, as a
civil registry corrects; versions have gaps; some annulments are younger than their window.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.ids import days
from streams.facts import closes, facts, replaces
from streams.lifecycle import Fact
from tests.builders import REGISTRY_TYPES, person, record, some_id

Event = dict[str, Any]
Sealer = Callable[[bytes, bytes, dict[str, Any]], bytes]

NAMES = ("a", "b", "c", "d", "e", "f")
ON = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPES = tuple(name for name in REGISTRY_TYPES if name != "hub.source_complete")
_DAY_MICROSECONDS = 86_400_000_000
_BIRTHS = {"a": 1958, "b": 1985, "c": 1987, "d": 2012, "e": 2024, "f": 1950}


def history(seed: int, records: int = 30, seal: Sealer | None = None) -> list[Event]:
    """Return the events of ``records`` records, and of those that replace them."""
    chance = random.Random(seed)
    found: list[Event] = []
    for name, year in _BIRTHS.items():
        born = {"born_on": days(date(year, 5, 1)), "sex": "MF"[year % 2]}
        found += _record(chance, f"{seed} person {name}", TYPES[0], name, fields=born, seal=seal)[
            :1
        ]
    for number in range(records):
        kind = TYPES[(number + seed) % len(TYPES)]
        who = chance.choice(NAMES)
        events = _record(chance, f"{seed} {number}", kind, who, seal=seal)
        found += events
        last = events[-1]["meta"]
        is_civil = kind.startswith("civil.") and last["change"] == "ANNULLED"
        if is_civil and chance.random() < 0.5:
            again = _record(chance, f"{seed} {number} again", kind, who, seal=seal)[:1]
            again[0]["meta"] |= {
                "corrects": chance.choice(events[-2:])["meta"]["id"],
                "change": "CORRECTED",
                "recorded_at": last["recorded_at"] + 1_000_000,
            }
            found += again
    return found


def families(seed: int, adults: int = 16, children: int = 8, records: int = 100) -> list[Event]:
    """Return marriages, divorces, moves, births, deaths, guardianships and incomes of some people.

    Nobody is a parent or a guardian before growing up, and everybody's birth is known.
    """
    chance = random.Random(seed)
    grown = [f"adult {number}" for number in range(adults)]
    young = [f"child {number}" for number in range(children)]
    found: list[Event] = []
    for who in grown:
        born = {
            "born_on": days(date(chance.randrange(1950, 2000), 5, 1)),
            "sex": chance.choice("MF"),
        }
        found += _record(chance, f"{seed} {who}", TYPES[0], who, fields=born, seal=None)[:1]
    for who in young:
        born = {"born_on": days(date(chance.randrange(2009, 2026), 5, 1)), "sex": "F"}
        one, other = chance.sample(grown, 2)
        parents = {"mother": person(one), "father": person(other)}
        kind = "civil.birth_registered"
        found += _record(chance, f"{seed} {who}", kind, who, fields=born | parents, seal=None)[:1]
    for event in found:
        event["meta"]["change"] = "CREATED"
    kinds = [kind for kind in TYPES if kind.split(".")[1] in _OF_FAMILIES]
    for number in range(records):
        kind = chance.choice(kinds)
        is_ward = kind == "civil.guardianship_established"
        who = chance.choice(young if is_ward else grown)
        key = f"{seed} {number}"
        found += _record(chance, key, kind, who, seal=None, others=[o for o in grown if o != who])
        last = found[-1]["meta"]
        if last["change"] == "ANNULLED" and kind.startswith("civil.") and chance.random() < 0.5:
            again = _record(chance, f"{key} again", kind, who, seal=None, others=grown[:3])[:1]
            again[0]["meta"] |= {"corrects": last["id"], "change": "CORRECTED"}
            found += again if again[0]["meta"]["subject"] != again[0].get("spouse") else []
    return found


# An end of employment without its begin is read differently by the rules and by `hub verify`.
_OF_FAMILIES = {
    "marriage_registered",
    "divorce_registered",
    "residence_registered",
    "guardianship_established",
    "death_registered",
    "income_reported",
    "employment_started",
    "self_employment_registered",
}


def _record(
    chance: random.Random,
    key: str,
    kind: str,
    who: str,
    *,
    fields: Event | None = None,
    seal: Sealer | None,
    others: Sequence[str] = NAMES,
) -> list[Event]:
    version = 1 if not kind.startswith("tax.") else 1_000_000 * chance.randrange(1, 4)
    changes = chance.choice(
        (
            ("CREATED",),
            ("CREATED", "CORRECTED"),
            ("CREATED", "ANNULLED"),
            ("CREATED", "CORRECTED", "ANNULLED"),
            ("CREATED", "ANNULLED", "CORRECTED"),
            ("CREATED", "ENDED"),
            ("CREATED", "ENDED", "CORRECTED", "ANNULLED"),
            ("ANNULLED",),
        )
    )
    ago = chance.randrange(_DAY_MICROSECONDS, 9 * _DAY_MICROSECONDS)
    at = _microseconds(NOW) - ago
    found: list[Event] = []
    for change in changes:
        event_id = some_id(f"{key} {version}")
        stated = _fields(chance, kind, who, others) | (fields or {})
        if change == "ENDED" and "until_on" in stated:
            stated["until_on"] = days(ON) - chance.randrange(60)
        if "health" in stated:
            block, owner = stated["health"], person(who)
            stated["health"] = b"sealed" if seal is None else seal(owner, event_id, block)
        meta = {
            "id": event_id,
            "record": some_id(f"record {key}"),
            "version": version,
            "change": change,
            "recorded_at": at,
            "corrects": found[-1]["meta"]["id"] if found else None,
        }
        found.append(record(kind, person(who), meta=meta, **stated))
        version += chance.randrange(1, 3)
        at += chance.randrange(1, ago // 4)  # nothing is known later than now
    return found


def _fields(chance: random.Random, kind: str, who: str, others: Sequence[str]) -> Event:
    """Return what matters of an event; the builder makes up the rest."""
    other = person(chance.choice([name for name in others if name != who]))
    past = days(ON) - chance.randrange(1, 4000)
    month = days(date(2025, 12, 1)) + chance.choice((0, 31, 62))
    employer = some_id(f"employer {chance.randrange(2)}")
    group = {"group": chance.randrange(1, 4), "until": None}
    found: dict[str, Event] = {
        "civil.person_identifier_assigned": {"born_on": past, "sex": chance.choice("MF")},
        "civil.birth_registered": {
            "born_on": days(ON) - chance.randrange(1, 9000),
            "mother": other,
            "father": chance.choice((None, person("f"))),
        },
        "civil.death_registered": {"died_on": past},
        "civil.marriage_registered": {"spouse": other, "married_on": past},
        "civil.divorce_registered": {"spouse": other, "divorced_on": past},
        "civil.residence_registered": {
            "dwelling": some_id(f"dwelling {chance.randrange(3)}"),
            "kind": chance.choice(("home", "home", "institution")),
            "from_on": past - 100,
        },
        "civil.guardianship_established": {
            "guardian": other,
            "from_on": past - 100,
            "until_on": chance.choice((None, days(ON) + 30)),
        },
        "tax.employment_started": {"employer": employer, "started_on": past},
        "tax.employment_ended": {"employer": employer, "ended_on": past + 30},
        "tax.income_reported": {
            "employer": employer,
            "month": month,
            "gross_minor": chance.randrange(2_000_000_00),
        },
        "tax.self_employment_registered": {"registered_on": past},
        "health.patient_linked": {"person": other},
        "health.disability_assessed": {"assessed_on": past, "health": group},
        "health.condition_diagnosed": {"health": {"chapter": "F"}},
        "health.pregnancy_registered": {
            "registered_on": days(ON) - 30,
            "health": {"due_on": None, "follow_up": chance.random() < 0.5},
        },
        "health.care_dependency_assessed": {"health": {"level": 1, "until": None}},
        "health.psychological_support_referred": {
            "referred_on": days(ON) - 30,
            "health": {"reason": "loss"},
        },
        "hub.identity_linked": {"alias": other, "person": person(who)},
        "hub.identity_unlinked": {"alias": other, "person": person(who)},
    }
    return found.get(kind, {})


def rows(events: Iterable[Event]) -> list[Fact]:
    """Return the facts of ``events`` with what is known of their records, as the tables give it."""
    events = list(events)
    found = []
    for event in events:
        meta = event["meta"]
        same = [each for each in events if each["meta"]["record"] == meta["record"]]
        latest = [e["meta"]["version"] for e in same if e["meta"]["change"] != "ANNULLED"]
        above = [
            (e["meta"]["recorded_at"], e["meta"]["id"])
            for e in same
            if e["meta"]["change"] == "ANNULLED" and e["meta"]["version"] > meta["version"]
        ]
        ids = {each["meta"]["id"] for each in same}
        is_replaced = any(replaces(each) in ids for each in events)
        first = min(above, default=None)
        assert first is None or any(closes(each) for each in same)
        known = (
            _moment(meta["recorded_at"]),
            meta["record"],
            meta["version"],
            meta["change"],
            max(latest, default=None),
            None if first is None else EPOCH if is_replaced else _moment(first[0]),
            None if first is None else meta["type"],
            None if first is None else first[1],
        )
        found += [
            Fact(
                meta["id"],
                fact.person,
                fact.kind,
                fact.value,
                fact.sealed if fact.sensitivity == "health" else None,
                fact.sensitivity,
                _on(fact.valid_from),
                _on(fact.valid_to),
                *known,
            )
            for fact in facts(meta["type"], event)
        ]
    return found


def _on(day: int | None) -> date | None:
    return None if day is None else date(1970, 1, 1) + timedelta(days=day)


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
