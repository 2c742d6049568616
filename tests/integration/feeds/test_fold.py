"""Every feed is the fold of the source topics under the policy, by code that shares nothing."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.integration.feeds.test_rights import BENEFITS, EMPLOYMENT, NAME, PENSION, one_of_each

if TYPE_CHECKING:
    from schemas.ids import Id
    from tests.integration.feeds.rig import Rig
    from tests.integration.feeds.stated import Read, Written

# Fields that hold ids, those that hold dates; everything else is told as it is.
IDS = {"employer", "need", "household"}
DATES = {"born_on", "died_on", "changed_on", "started_on", "ended_on", "registered_on", "month"}
DATES |= {"since", "review_on"}


def name_of(key: bytes, agency: str, what: str, identifier: bytes) -> bytes:
    message = what.encode() + b"\0" + agency.encode() + b"\0" + identifier
    raw = bytearray(hmac.new(key, message, hashlib.sha256).digest()[:16])
    raw[6] = (raw[6] & 0x0F) | 0x80
    raw[8] = (raw[8] & 0x3F) | 0x80
    return bytes(raw)


def record_name(event_type: str) -> str:
    return "".join(part.capitalize() for part in event_type.partition(".")[2].split("_"))


def expected(
    written: list[Written],
    table: dict[str, set[str]],
    key: bytes,
    agency: str,
    people: set[Id],
) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for each in written:
        name = record_name(each.type)
        if name not in table or each.record["meta"]["subject"] not in people:
            continue
        meta = each.record["meta"]
        value: dict[str, Any] = {
            "event": name_of(key, agency, "feed event", meta["id"]),
            "person": name_of(key, agency, "feed", meta["subject"]),
            "change": meta["change"],
            "occurred_at": datetime.fromtimestamp(0, UTC)
            + timedelta(microseconds=meta["occurred_at"]),
            "corrects": meta["corrects"] and name_of(key, agency, "feed event", meta["corrects"]),
            "redacted": [],
        }
        for field in table[name]:
            said = each.record[field]
            if field in IDS:
                said = name_of(key, agency, "feed", said)
            elif field in DATES and said is not None:
                said = date(1970, 1, 1) + timedelta(days=said)
            elif field == "identity":
                said = {"pinfl": said, **NAME} if name != "NameChanged" else NAME
                said = said if name == "NameChanged" else said | {"pinfl": PINFLS[name]}
            value[field] = said
        found.append((name, value))
    return found


PINFLS = {"PersonIdentifierAssigned": "41503916310031", "BirthRegistered": None}


def told(read: list[Read]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            each.name,
            {"event": each.value["feed"]["event"]}
            | {name: value for name, value in each.value.items() if name != "feed"},
        )
        for each in read
    ]


def test_a_feed_is_the_fold_of_the_sources_under_the_policy(rig: Rig) -> None:
    chance = random.Random(11)
    laws = {
        "pension": (PENSION, "pension-law", "pension", None),
        "benefits": (BENEFITS, "benefit-payments", "benefit-payment", None),
        "work": (EMPLOYMENT, "employment-law", "employment-help", ["1726"]),
    }
    agencies = {}
    for word, (_, basis, purpose, regions) in laws.items():
        agencies[word] = rig.agency(word)
        rig.grant(agencies[word], basis, purpose, regions=regions)
    homes = {who: chance.choice(["1726266", "1718401"]) for who in range(8)}
    written: list[Written] = []
    for who, district in homes.items():
        written += rig.write(one_of_each(rig, who, district))
        rig.settle(2)
    work = []
    for n in range(60):
        kind = chance.choice(["tax.employment_started", "tax.employment_ended"])
        change = chance.choice(["CREATED", "CORRECTED", "ANNULLED"])
        meta = {"change": change, "corrects": None if change == "CREATED" else rig.person(n)}
        work.append(rig.event(kind, chance.randrange(8), ("again", n), meta=meta))
    written += rig.write(work)
    rig.settle()
    key = rig.settings.secrets.pseudonym_key
    for word, (table, _, _, regions) in laws.items():
        agency = agencies[word]
        wanted = expected(
            written,
            table,
            key,
            agency,
            {rig.person(who) for who, at in homes.items() if regions is None or at[:4] in regions},
        )
        found = told(rig.read(agency))
        assert Counter(map(repr_of, found)) == Counter(map(repr_of, wanted)), word
        assert by_person(found) == by_person(wanted), word


def by_person(listed: list[tuple[str, dict[str, Any]]]) -> dict[Any, list[Any]]:
    """Return each person's events in order, registry by registry: order across them is free."""
    found = defaultdict(list)
    for name, value in listed:
        registry = "tax" if name in TAX else "civil" if name in CIVIL else "hub"
        found[value["person"], registry].append(value["event"])
    return found


CIVIL = {"PersonIdentifierAssigned", "BirthRegistered", "DeathRegistered", "NameChanged"}
TAX = {*EMPLOYMENT, "IncomeReported", "SelfEmploymentRegistered", "BenefitPaid"}


def repr_of(one: tuple[str, dict[str, Any]]) -> str:
    return repr((one[0], sorted(one[1].items())))
