"""What each event states, folded without any of the hub's own code. Pure.

One row of ``_STATES`` per event type. An annulment states one fact, ``annulled``, and
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ops.verify.values import Closure, Complete, Event, Fact, Replacement

SOURCE_COMPLETE = "hub.source_complete"
ERASURE = "hub.erasure_decided"
_DECIDED = {"erase": "erased", "restrict": "restricted", "refuse": "erasure_refused"}


def facts_of(event: Event) -> list[Fact]:
    """Return the facts that ``event`` states; none for a source that is complete."""
    if event.type == SOURCE_COMPLETE:
        return []
    if event.change == "ANNULLED":
        return [_fact(event.subject, "annulled", {"type": event.type})]
    return _STATES[event.type](event, event.content)


def closure_of(event: Event) -> Closure | None:
    """Return what ``event`` closes: every lower version of its record, if there can be one."""
    if event.type == SOURCE_COMPLETE or (event.change == "CREATED" and event.version == 1):
        return None
    return Closure(event.id, event.record, event.version, event.change, event.recorded_at)


def replacement_of(event: Event) -> Replacement | None:
    """Return what a record replaces from its first version on: an event of another record."""
    if event.version != 1 or event.corrects is None:
        return None
    return Replacement(event.id, event.corrects, event.recorded_at)


def completeness_of(event: Event) -> Complete | None:
    """Return what a ``hub.source_complete`` says, or None for another event."""
    if event.type != SOURCE_COMPLETE:
        return None
    content = event.content
    return Complete(
        event_id=event.id,
        registry=content["registry"],
        partition=event.place.partition,
        through=content["through"],
        snapshot=content["snapshot"],
        known_from=event.recorded_at,
        digest=event.digest,
    )


def canonical(value: object) -> bytes:
    """Return JSON with sorted keys and no spaces.

    As a copy: what orjson returns keeps the kilobyte in which it was written.
    """
    return bytes(memoryview(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)))


def _fact(
    person: str,
    kind: str,
    value: dict[str, Any],
    sealed: bytes | None = None,
    between: tuple[str | None, str | None] = (None, None),
) -> Fact:
    return Fact(person, kind, canonical(value), sealed, *between)


def _some(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: content[name] for name in names}


def _one(kind: str, *names: str, block: str | None = None) -> Callable[..., list[Fact]]:
    """Return how a type states one fact on its subject: these fields, this sealed block."""

    def state(event: Event, content: dict[str, Any]) -> list[Fact]:
        sealed = None if block is None else event.sealed[block]
        return [_fact(event.subject, kind, _some(content, *names), sealed)]

    return state


def _person(event: Event, content: dict[str, Any]) -> list[Fact]:
    own = _some(content, "born_on", "sex", "district")
    facts = [_fact(event.subject, "person", own, event.sealed["identity"])]
    provisional = content.get("provisional")  # version 1 of the schema had none
    if provisional is not None:
        facts += _link("linked", event.subject, provisional, {"reason": "identifier"})
    return facts


def _link(word: str, person: str, alias: str, more: dict[str, Any]) -> list[Fact]:
    """Return a link, or its end, as it is stated: at the person and at the alias."""
    return [
        _fact(person, f"{word}_from", {"alias": alias, **more}),
        _fact(alias, f"{word}_to", {"person": person, **more}),
    ]


def _decision(word: str, **more: str) -> Callable[..., list[Fact]]:
    """Return how an operator's decision about a link is stated."""

    def state(event: Event, content: dict[str, Any]) -> list[Fact]:
        said = _some(content, "reason") | more
        return _link(word, content["person"], content["alias"], said)

    return state


def _erasure(event: Event, content: dict[str, Any]) -> list[Fact]:
    """Return what an operator decided of one class of somebody's data."""
    value = {"class": content["sensitivity"]} | _some(content, "basis", "until")
    return [_fact(event.subject, _DECIDED[content["decision"]], value)]


def _birth(event: Event, content: dict[str, Any]) -> list[Fact]:
    own = _some(content, "born_on", "sex", "district", "mother", "father")
    child = {"child": event.subject, "born_on": content["born_on"]}
    parents = [content[name] for name in ("mother", "father") if content[name] is not None]
    return [
        _fact(event.subject, "birth", own, event.sealed["identity"]),
        *(_fact(parent, "child", child) for parent in parents),
    ]


def _couple(kind: str, day: str) -> Callable[..., list[Fact]]:
    """Return how an act between two spouses is stated: once on each."""

    def state(event: Event, content: dict[str, Any]) -> list[Fact]:
        first, second = event.subject, content["spouse"]
        return [
            _fact(one, kind, {"spouse": other, day: content[day]})
            for one, other in ((first, second), (second, first))
        ]

    return state


def _residence(event: Event, content: dict[str, Any]) -> list[Fact]:
    value = _some(content, "district", "dwelling", "kind")
    between = content["from_on"], content["until_on"]
    return [_fact(event.subject, "residence", value, event.sealed["contact"], between)]


def _guardianship(event: Event, content: dict[str, Any]) -> list[Fact]:
    between = content["from_on"], content["until_on"]
    guardian = content["guardian"]
    return [
        _fact(event.subject, "guardian", {"guardian": guardian}, None, between),
        _fact(guardian, "ward", {"ward": event.subject}, None, between),
    ]


def _patient(event: Event, content: dict[str, Any]) -> list[Fact]:
    person = content["person"]
    value = {"person": person, "reason": content["reason"]}
    facts = [_fact(event.subject, "linked_to", value, event.sealed["identity"])]
    if person is not None:
        alias = {"alias": event.subject, "reason": content["reason"]}
        facts.append(_fact(person, "linked_from", alias))
    return facts


_STATES: dict[str, Callable[..., list[Fact]]] = {
    "civil.person_identifier_assigned": _person,
    "civil.birth_registered": _birth,
    "civil.death_registered": _one("death", "died_on", "district"),
    "civil.marriage_registered": _couple("marriage", "married_on"),
    "civil.divorce_registered": _couple("divorce", "divorced_on"),
    "civil.name_changed": _one("name", "changed_on", block="identity"),
    "civil.residence_registered": _residence,
    "civil.guardianship_established": _guardianship,
    "tax.employment_started": _one("employment", "employer", "started_on", block="identity"),
    "tax.employment_ended": _one("employment_end", "employer", "ended_on", block="identity"),
    "tax.income_reported": _one("income", "employer", "month", "gross_minor", block="identity"),
    "tax.self_employment_registered": _one(
        "self_employment", "activity", "registered_on", "ended_on", block="identity"
    ),
    "tax.property_registered": _one(
        "property", "property", "kind", "share_percent", "registered_on", block="identity"
    ),
    "tax.benefit_paid": _one("benefit", "benefit", "month", "amount_minor", block="identity"),
    "health.patient_linked": _patient,
    "health.disability_assessed": _one("disability", "assessed_on", block="health"),
    "health.condition_diagnosed": _one("condition", "diagnosed_on", block="health"),
    "health.pregnancy_registered": _one("pregnancy", "registered_on", block="health"),
    "health.care_dependency_assessed": _one("care", "assessed_on", block="health"),
    "health.psychological_support_referred": _one(
        "psychological_support", "referred_on", block="health"
    ),
    "hub.identity_linked": _decision("linked", by="operator"),
    "hub.identity_unlinked": _decision("unlinked"),
    ERASURE: _erasure,
}
DATED_KINDS = frozenset({"residence", "guardian", "ward"})
EVENT_TYPES = frozenset(_STATES)
OPERATOR_TYPES = frozenset({"hub.identity_linked", "hub.identity_unlinked", ERASURE})
