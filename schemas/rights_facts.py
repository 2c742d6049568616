"""Which field of which event each key of a fact's value comes from. Pure: a table.

``streams.facts`` states the facts; a test holds the two against each other.
"""

from __future__ import annotations

from typing import Final

# Kind of fact -> key of its value -> the field of an event that it comes from. The relation of two
# people is one field, whichever end it is told from. A sealed block counts under its class.
FACTS: Final[dict[str, dict[str, str]]] = {
    "person": {
        name: f"civil.person_identifier_assigned.{name}"
        for name in ("born_on", "sex", "district", "identity")
    },
    "birth": {
        name: f"civil.birth_registered.{name}"
        for name in ("born_on", "sex", "district", "mother", "father", "identity")
    },
    "child": {
        "child": "civil.birth_registered.mother",
        "born_on": "civil.birth_registered.born_on",
    },
    "death": {
        "died_on": "civil.death_registered.died_on",
        "district": "civil.death_registered.district",
    },
    "marriage": {
        "spouse": "civil.marriage_registered.spouse",
        "married_on": "civil.marriage_registered.married_on",
    },
    "divorce": {
        "spouse": "civil.divorce_registered.spouse",
        "divorced_on": "civil.divorce_registered.divorced_on",
    },
    "name": {
        "changed_on": "civil.name_changed.changed_on",
        "identity": "civil.name_changed.identity",
    },
    "residence": {
        name: f"civil.residence_registered.{name}"
        for name in ("district", "dwelling", "kind", "contact")
    },
    "guardian": {"guardian": "civil.guardianship_established.guardian"},
    "ward": {"ward": "civil.guardianship_established.guardian"},
    "employment": {
        name: f"tax.employment_started.{name}" for name in ("employer", "started_on", "identity")
    },
    "employment_end": {
        name: f"tax.employment_ended.{name}" for name in ("employer", "ended_on", "identity")
    },
    "income": {
        name: f"tax.income_reported.{name}"
        for name in ("employer", "month", "gross_minor", "identity")
    },
    "self_employment": {
        name: f"tax.self_employment_registered.{name}"
        for name in ("activity", "registered_on", "ended_on", "identity")
    },
    "property": {
        name: f"tax.property_registered.{name}"
        for name in ("property", "kind", "share_percent", "registered_on", "identity")
    },
    "benefit": {
        name: f"tax.benefit_paid.{name}"
        for name in ("benefit", "month", "amount_minor", "identity")
    },
    "linked_to": {
        "person": "hub.identity_linked.person",
        "reason": "hub.identity_linked.reason",
        "by": "hub.identity_linked.reason",
        "identity": "health.patient_linked.identity",
    },
    "linked_from": {
        "alias": "hub.identity_linked.alias",
        "reason": "hub.identity_linked.reason",
        "by": "hub.identity_linked.reason",
    },
    "unlinked_to": {
        "person": "hub.identity_unlinked.person",
        "reason": "hub.identity_unlinked.reason",
    },
    "unlinked_from": {
        "alias": "hub.identity_unlinked.alias",
        "reason": "hub.identity_unlinked.reason",
    },
    "disability": {
        name: f"health.disability_assessed.{name}" for name in ("assessed_on", "health")
    },
    "condition": {
        name: f"health.condition_diagnosed.{name}" for name in ("diagnosed_on", "health")
    },
    "pregnancy": {
        name: f"health.pregnancy_registered.{name}" for name in ("registered_on", "health")
    },
    "care": {name: f"health.care_dependency_assessed.{name}" for name in ("assessed_on", "health")},
    "psychological_support": {
        name: f"health.psychological_support_referred.{name}" for name in ("referred_on", "health")
    },
}
