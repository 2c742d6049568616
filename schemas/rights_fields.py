"""What rights are about: operations, fields, kinds of needs. Pure.

A field has one name everywhere: ``<event type>.<field>`` for what an event holds,
``<operation>.<field>`` for what an answer holds; a field of an object in an answer, or of each
object of a list, is ``<operation>.<field>.<field>``. Whoever adds a field to an answer adds it here
and to a group of the policy; until then nobody is allowed to see it.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from schemas.catalogue import catalogue

OPERATIONS: Final = (
    "lookup",
    "needs",
    "facts",
    "household",
    "history",
    "identities",
    "statistics",
    "access_log",
    "subscribe",
)
# Not about one person: a region is asked for, or there is none.
ABOUT_NOBODY: Final = frozenset({"statistics", "subscribe"})
# Their answers hold what events hold, so the events' fields count too.
OF_EVENTS: Final = frozenset({"facts", "subscribe"})

_FRAME: Final = ("person", "mode", "as_of", "known_at", "freshness", "next")
_HOUSEHOLD: Final = (
    "household.household",
    "household.anchor",
    "household.members",
    "household.in_institution",
    "household.assessed_on",
    "household.next_change_on",
    "household.outcome",
    "household.known_from",
)
_NEED: Final = (
    "need",
    "version",
    "person",
    "household",
    "kind",
    "status",
    "since",
    "review_on",
    "urgency",
    "amount_minor",
    "rule",
    "evidence",
    "reason",
    "event_id",
    "known_from",
)
ANSWERS: Final[dict[str, tuple[str, ...]]] = {
    "lookup": ("person", "is_known"),
    "needs": (
        *_FRAME,
        *(f"needs.{name}" for name in _NEED),
        "needs.assessed_on",
        "near_misses",
        "unknown",
        "evidence",
        *_HOUSEHOLD,
    ),
    "facts": (
        *_FRAME,
        "ids",
        "facts.event_id",
        "facts.ordinal",
        "facts.person",
        "facts.kind",
        "facts.value",  # its keys are fields of events: see FACTS
        "facts.valid_from",
        "facts.valid_to",
        "facts.known_from",
        "facts.record",
        "facts.version",
        "facts.change",
        "facts.sensitivity",
        "facts.is_sealed",
        "facts.topic",
        "facts.partition",
        "facts.offset",
        "facts.registry",
    ),
    "household": (*_FRAME, *_HOUSEHOLD),
    "history": (*_FRAME, *(f"history.{name}" for name in _NEED), "history.cause"),
    "identities": (
        *_FRAME,
        "identities.id",
        "identities.is_provisional",
        "identities.linked_to",
        "identities.since",
        "identities.until",
        "identities.by",
        "identities.reason",
        "identities.event_id",
    ),
    "statistics": ("on", "known_at", "region", "figures", "freshness", "next"),
    "access_log": (
        "person",
        "accesses.at",
        "accesses.what",
        "accesses.agency",
        "accesses.purpose",
        "accesses.basis",
        "accesses.who",
        "accesses.request",
        "accesses.fields",
        "accesses.rule",
        "accesses.is_refused",
        "freshness",
        "next",
    ),
    "subscribe": (),
}

# Why somebody is entitled to something, or not: a condition may be a disability or a diagnosis.
_RESTS_ON_HEALTH: Final = frozenset(
    {
        "needs.needs.reason",
        "needs.near_misses",
        "needs.unknown",
        "needs.evidence",
        "history.history.reason",
        "history.history.cause",
        "hub.need_detected.needs",
        "hub.need_changed.needs",
        "hub.need_ended.needs",
    }
)
SENSITIVE_NEEDS: Final = frozenset(
    {"disability_support", "psychological_support", "medical_follow_up"}
)
NEED_KINDS: Final = SENSITIVE_NEEDS | {
    "family_state_supported",
    "family_low_income",
    "family_at_risk",
    "child_benefit",
    "material_assistance",
    "lonely_care",
    "infant_care",
    "survivor_support",
    "pension_age_approaching",
    "employment_help",
    "guardianship_check",
}

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


@cache
def event_fields() -> dict[str, frozenset[str]]:
    """Return the fields of each event type, by their full names."""
    return {
        name: frozenset(f"{name}.{field}" for field in row.fields)
        for name, row in catalogue().items()
    }


@cache
def answer_fields() -> dict[str, frozenset[str]]:
    """Return the fields of each operation's answer, by their full names."""
    return {
        operation: frozenset(f"{operation}.{field}" for field in fields)
        for operation, fields in ANSWERS.items()
    }


@cache
def all_fields() -> frozenset[str]:
    """Return every field that there is."""
    return frozenset().union(*event_fields().values(), *answer_fields().values())


def is_sensitive(field: str) -> bool:
    """Return whether the law names what ``field`` holds: health, or reasons that rest on it."""
    return field in _RESTS_ON_HEALTH or field.startswith("health.")


def event_type_of(field: str) -> str | None:
    """Return the event type whose field this is; None: it is one of an answer."""
    name = field.rpartition(".")[0]
    return name if name in event_fields() else None


@cache
def kinds_of(event_types: frozenset[str]) -> frozenset[str]:
    """Return the kinds of facts that events of these types state."""
    return frozenset(
        kind
        for kind, keys in FACTS.items()
        if any(event_type_of(field) in event_types for field in keys.values())
    )
