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
from schemas.rights_facts import FACTS

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
def types_of(operation: str) -> frozenset[str]:
    """Return the event types whose fields may be in an operation's answer."""
    if operation == "facts":
        fields = (field for keys in FACTS.values() for field in keys.values())
        return frozenset(name for name in map(event_type_of, fields) if name is not None)
    return frozenset(event_fields()) if operation in OF_EVENTS else frozenset()


@cache
def kinds_of(event_types: frozenset[str]) -> frozenset[str]:
    """Return the kinds of facts that events of these types state, and no others do.

    A fact does not say what its type was: links of people are an operator's decisions as well as a
    registry's, so they are for whom may see both.
    """
    return frozenset(
        kind
        for kind, keys in FACTS.items()
        if all(event_type_of(field) in event_types for field in keys.values())
    )
