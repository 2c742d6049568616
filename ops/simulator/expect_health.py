"""What each version of a FHIR resource must become, read from the contract. Pure."""

from __future__ import annotations

from typing import Any

from ops.simulator.contract import ZERO_ID, Pseudonyms, clean_name, compact, optional_name
from ops.simulator.expectations import Statement
from ops.simulator.health_records import DUE, FOLLOW_UP, UNTIL, Resource, Version

Content = dict[str, object]

OURS = ("Patient", "Observation", "Condition", "ServiceRequest")
# What a deletion is called, which no longer says what was deleted.
_DELETED = {
    "Patient": ("health.patient_linked", None),
    "Condition": ("health.condition_diagnosed", "diagnosed_on"),
    "Observation": ("health.disability_assessed", "assessed_on"),
    "ServiceRequest": ("health.psychological_support_referred", "referred_on"),
}


def statement(version: Version, pseudonyms: Pseudonyms) -> Statement:
    """Return what ``version`` states; its type must be one of ``OURS``."""
    body = version.body
    if body is None:
        return _deletion(version)
    if version.type == "Patient":
        subject = pseudonyms.of("fhir.patient", version.id)
        return Statement(
            "health.patient_linked", subject, change(version), _patient(body, pseudonyms)
        )
    type_, content = _finding(body)
    return Statement(f"health.{type_}", _subject(body, pseudonyms), change(version), content)


def change(version: Version) -> str:
    """Return the change of the contract.

    The date until which an assessment holds is part of the sealed finding; it does not
    make the record one that has ended.
    """
    body = version.body
    if body is None or body.get("status") == "entered-in-error":
        return "ANNULLED"
    verification = body.get("verificationStatus", {}).get("coding", [{}])[0].get("code")
    if verification == "entered-in-error":
        return "ANNULLED"
    return "CORRECTED" if version.number > 1 else "CREATED"


def _deletion(version: Version) -> Statement:
    type_, day = _DELETED[version.type]
    if day is None:
        content: Content = {"person": None, "reason": "none", "identity": None}
    else:
        content = {day: version.on.isoformat(), "health": None}
    return Statement(type_, ZERO_ID, "ANNULLED", content)


def _subject(body: Resource, pseudonyms: Pseudonyms) -> str:
    subject = body["subject"]
    if "identifier" in subject:
        return pseudonyms.person(subject["identifier"]["value"])
    return pseudonyms.of("fhir.patient", subject["reference"].removeprefix("Patient/"))


def _patient(body: Resource, pseudonyms: Pseudonyms) -> Content:
    identifier = body.get("identifier")
    pinfl = compact(identifier[0]["value"]) if identifier else None
    person, reason = None, "none"
    if body.get("link"):
        other = body["link"][0]["other"]["reference"].removeprefix("Patient/")
        person, reason = pseudonyms.of("fhir.patient", other), "replaced_by"
    elif pinfl:
        person, reason = pseudonyms.person(pinfl), "identifier"
    name = body["name"][0]
    given = [*name["given"], None]
    identity = {
        "pinfl": pinfl,
        "surname": clean_name(name["family"]),
        "given_name": clean_name(given[0]),
        "patronymic": optional_name(given[1]),
        "born_on": body["birthDate"],
    }
    return {"person": person, "reason": reason, "identity": identity}


def _finding(body: Resource) -> tuple[str, Content]:
    extensions = {e["url"]: e for e in body.get("extension", [])}
    match body["resourceType"], _code(body):
        case "Observation", "disability-group":
            health: Content = {"group": body["valueInteger"], "until": _date(extensions, UNTIL)}
            return "disability_assessed", _dated(body, "assessed_on", health)
        case "Observation", "care-dependency":
            health = {"level": body["valueInteger"], "until": _date(extensions, UNTIL)}
            return "care_dependency_assessed", _dated(body, "assessed_on", health)
        case "Observation", "pregnancy":
            follow_up = extensions[FOLLOW_UP]["valueBoolean"]
            health = {"due_on": _date(extensions, DUE), "follow_up": follow_up}
            return "pregnancy_registered", _dated(body, "registered_on", health)
        case "Condition", code:
            return "condition_diagnosed", {
                "diagnosed_on": body["recordedDate"],
                "health": {"chapter": code[0]},
            }
        case _:
            return "psychological_support_referred", {
                "referred_on": body["authoredOn"],
                "health": {"reason": body["reason"][0]["concept"]["text"]},
            }


def _dated(body: Resource, name: str, health: Content) -> Content:
    return {name: body["effectiveDateTime"], "health": health}


def _date(extensions: dict[str, Any], url: str) -> str | None:
    return extensions[url]["valueDate"] if url in extensions else None


def _code(body: Resource) -> str:
    code = body["code"]
    concept = code.get("concept", code)  # R5: a ServiceRequest's code is a CodeableReference
    return str(concept["coding"][0]["code"])
