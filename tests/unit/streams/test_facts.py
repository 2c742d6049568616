"""Which facts each event states, about whom."""

from __future__ import annotations

from typing import Any

import pytest

from projections.chunk_rows import Fact
from schemas.catalogue import catalogue
from schemas.errors import InvalidRecord
from schemas.ids import text
from streams.facts import SOURCE_COMPLETE, STATED_TYPES, closes, facts
from tests.builders import DAY, person, record, some_id

ME = person("subject")
IDENTITY = (b"sealed", "identity")
HEALTH = (b"sealed", "health")
ON = "2024-03-01"
MONTH = (DAY, DAY + 30)

STATED: dict[str, list[Fact]] = {
    "civil.person_identifier_assigned": [
        Fact(ME, "person", {"born_on": ON, "sex": "F", "district": "1726"}, DAY, None, *IDENTITY)
    ],
    "civil.birth_registered": [
        Fact(
            ME,
            "birth",
            {
                "born_on": ON,
                "sex": "F",
                "district": "1726",
                "mother": text(person("mother")),
                "father": text(person("father")),
            },
            DAY,
            None,
            *IDENTITY,
        ),
        Fact(person("mother"), "child", {"child": text(ME), "born_on": ON}, DAY),
        Fact(person("father"), "child", {"child": text(ME), "born_on": ON}, DAY),
    ],
    "civil.death_registered": [Fact(ME, "death", {"died_on": ON, "district": "1726"}, DAY)],
    "civil.marriage_registered": [
        Fact(ME, "marriage", {"spouse": text(person("spouse")), "married_on": ON}, DAY),
        Fact(person("spouse"), "marriage", {"spouse": text(ME), "married_on": ON}, DAY),
    ],
    "civil.divorce_registered": [
        Fact(ME, "divorce", {"spouse": text(person("spouse")), "divorced_on": ON}, DAY),
        Fact(person("spouse"), "divorce", {"spouse": text(ME), "divorced_on": ON}, DAY),
    ],
    "civil.name_changed": [Fact(ME, "name", {"changed_on": ON}, DAY, None, *IDENTITY)],
    "civil.residence_registered": [
        Fact(
            ME,
            "residence",
            {"district": "1726", "dwelling": text(some_id("dwelling")), "kind": "home"},
            DAY,
            None,
            b"sealed",
            "contact",
        )
    ],
    "civil.guardianship_established": [
        Fact(ME, "guardian", {"guardian": text(person("guardian"))}, DAY, DAY + 30),
        Fact(person("guardian"), "ward", {"ward": text(ME)}, DAY, DAY + 30),
    ],
    "tax.employment_started": [
        Fact(ME, "employment", {"employer": text(some_id("employer")), "started_on": ON}, DAY)
    ],
    "tax.employment_ended": [
        Fact(ME, "employment_end", {"employer": text(some_id("employer")), "ended_on": ON}, DAY)
    ],
    "tax.income_reported": [
        Fact(
            ME,
            "income",
            {"employer": text(some_id("employer")), "month": ON, "gross_minor": 50_000_000},
            *MONTH,
        )
    ],
    "tax.self_employment_registered": [
        Fact(
            ME,
            "self_employment",
            {"activity": "trade", "registered_on": ON, "ended_on": None},
            DAY,
        )
    ],
    "tax.property_registered": [
        Fact(
            ME,
            "property",
            {
                "property": text(some_id("property")),
                "kind": "house",
                "share_percent": 50,
                "registered_on": ON,
            },
            DAY,
        )
    ],
    "tax.benefit_paid": [
        Fact(ME, "benefit", {"benefit": "child", "month": ON, "amount_minor": 30_000_000}, *MONTH)
    ],
    "health.patient_linked": [
        Fact(
            ME,
            "linked_to",
            {"person": text(person("linked")), "reason": "identifier"},
            None,
            None,
            *IDENTITY,
        ),
        Fact(person("linked"), "linked_from", {"alias": text(ME), "reason": "identifier"}),
    ],
    "health.disability_assessed": [Fact(ME, "disability", {"assessed_on": ON}, DAY, None, *HEALTH)],
    "health.condition_diagnosed": [Fact(ME, "condition", {"diagnosed_on": ON}, DAY, None, *HEALTH)],
    "health.pregnancy_registered": [
        Fact(ME, "pregnancy", {"registered_on": ON}, DAY, None, *HEALTH)
    ],
    "health.care_dependency_assessed": [Fact(ME, "care", {"assessed_on": ON}, DAY, None, *HEALTH)],
    "health.psychological_support_referred": [
        Fact(ME, "psychological_support", {"referred_on": ON}, DAY, None, *HEALTH)
    ],
    "hub.identity_linked": [
        Fact(
            ME,
            "linked_from",
            {"alias": text(person("alias")), "reason": "same passport", "by": "operator"},
        ),
        Fact(
            person("alias"),
            "linked_to",
            {"person": text(ME), "reason": "same passport", "by": "operator"},
        ),
    ],
    "hub.identity_unlinked": [
        Fact(ME, "unlinked_from", {"alias": text(person("alias")), "reason": "another man"}),
        Fact(person("alias"), "unlinked_to", {"person": text(ME), "reason": "another man"}),
    ],
}


def test_every_event_of_registries_and_operators_about_links_states_facts() -> None:
    registry_events = {name for name in catalogue() if not name.startswith("hub.")}

    decided = {"hub.identity_linked", "hub.identity_unlinked", "hub.erasure_decided"}
    assert registry_events | decided == STATED_TYPES
    assert STATED.keys() == STATED_TYPES - {"hub.erasure_decided"}  # that is in test_erasures.py
    assert SOURCE_COMPLETE not in STATED_TYPES


@pytest.mark.parametrize("event_type", STATED)
def test_facts_of(event_type: str) -> None:
    assert facts(event_type, record(event_type)) == STATED[event_type]


@pytest.mark.parametrize("event_type", STATED)
def test_an_annulment_states_that_it_is_one(event_type: str) -> None:
    annulled = record(event_type, meta={"change": "ANNULLED"})

    assert facts(event_type, annulled) == [Fact(ME, "annulled", {"type": event_type})]


def test_a_number_given_later_links_the_id_of_the_birth_record() -> None:
    assigned = record("civil.person_identifier_assigned", provisional=person("newborn"))

    stated = facts("civil.person_identifier_assigned", assigned)

    assert stated[1:] == [
        Fact(ME, "linked_from", {"alias": text(person("newborn")), "reason": "identifier"}),
        Fact(person("newborn"), "linked_to", {"person": text(ME), "reason": "identifier"}),
    ]


def test_an_event_of_schema_version_1_links_nobody() -> None:
    assigned = record("civil.person_identifier_assigned")
    del assigned["provisional"]

    assert [fact.kind for fact in facts("civil.person_identifier_assigned", assigned)] == ["person"]


def test_unknown_parents_and_persons_state_nothing() -> None:
    orphan = facts(
        "civil.birth_registered", record("civil.birth_registered", mother=None, father=None)
    )
    unlinked = facts(
        "health.patient_linked", record("health.patient_linked", person=None, reason="none")
    )

    assert [fact.kind for fact in orphan] == ["birth"]
    assert [(fact.kind, fact.value["person"]) for fact in unlinked] == [("linked_to", None)]


@pytest.mark.parametrize(
    ("event_type", "fields", "rule", "field"),
    [
        ("civil.death_registered", {"died_on": 10**6}, "date", "died_on"),
        ("civil.death_registered", {"died_on": -(10**6)}, "date", "died_on"),
        ("civil.death_registered", {"district": "17\x0026"}, "text", "district"),
        ("civil.residence_registered", {"until_on": DAY - 1}, "date_order", "until_on"),
        ("civil.guardianship_established", {"until_on": 2**31 - 1}, "date", "until_on"),
        ("tax.income_reported", {"month": 2**31 - 1}, "date", "month"),
        ("tax.income_reported", {"month": -(2**31)}, "date", "month"),
        ("tax.benefit_paid", {"benefit": "\x1b[31m"}, "text", "benefit"),
        ("hub.identity_linked", {"reason": "a\nb"}, "text", "reason"),
        ("hub.identity_linked", {"alias": ME}, "code", "alias"),
        ("hub.identity_unlinked", {"person": person("other")}, "meta", "subject"),
    ],
)
def test_what_no_table_could_hold_is_refused(
    event_type: str, fields: dict[str, Any], rule: str, field: str
) -> None:
    with pytest.raises(InvalidRecord) as caught:
        facts(event_type, record(event_type, **fields))

    assert (caught.value.rule, caught.value.field) == (rule, field)


@pytest.mark.parametrize(
    ("change", "version", "closing"),
    [
        ("CREATED", 1, False),
        ("CREATED", 2, True),
        ("CORRECTED", 1, True),
        ("ENDED", 1, True),
        ("ANNULLED", 3, True),
    ],
)
def test_what_closes_lower_versions(change: str, version: int, closing: bool) -> None:
    assert closes(record(meta={"change": change, "version": version})) is closing
