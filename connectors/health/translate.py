"""Turn a version of a FHIR resource into a draft. Pure.

A table per resource and code: what they hold is in docs/sources.md, what becomes of it in
docs/contract.md. R5 is read; where R4B differs (a code without ``concept``), both are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from connectors.health import fhir
from connectors.source import Change, Draft, SourceRecord, Translate
from connectors.uz.identifiers import validate_pinfl
from connectors.uz.text import normalise_name, optional_text
from schemas.errors import InvalidRecord
from schemas.ids import ZERO, Keys, PersonId

PINFL_SYSTEM: Final = "https://dhp.uz/fhir/core/sid/pid/uz/ni"
UNTIL: Final = "https://hub.example/until"
DUE: Final = "https://hub.example/due"
FOLLOW_UP: Final = "https://hub.example/follow-up"

_VOID: Final = "entered-in-error"
_MOST: Final = 3  # groups of disability, levels of care

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a resource of one kind says."""

    type: str
    occurred_on: date
    fields: Mapping[str, Any]
    sealed: Mapping[str, Mapping[str, Any] | None]


def translator(keys: Keys, check_digit: bool) -> Translate:
    """Return the translator of FHIR resources.

    Args:
        keys: under which ids are derived.
        check_digit: whether a PINFL with a wrong check digit is refused.
    """

    def pinfl_of(text: str, field: str) -> str:
        return validate_pinfl(text, check_digit, field)

    def translate(record: SourceRecord) -> Draft:
        content = record.content
        if not content:
            raise InvalidRecord("not_a_record")
        type_, id_, version = content["type"], content["id"], content["version"]
        resource: Resource | None = content["resource"]
        day: date = content["updated_at"].date()  # UTC
        if resource is None:
            subject, meaning = ZERO, _deleted(type_, day)
        elif type_ == "Patient":
            subject = keys.pseudonym("fhir.patient", id_)
            meaning = _patient(resource, keys, pinfl_of, day)
        else:
            read = _reader(type_, resource)
            subject, meaning = _subject(resource, keys, pinfl_of), read(resource)
        return Draft(
            type=meaning.type,
            source_key=record.source_key,
            record_key=f"{type_}/{id_}",
            version=version,
            subject=subject,
            change=_change(resource, version),
            occurred_on=meaning.occurred_on,
            fields=meaning.fields,
            sealed=meaning.sealed,
            corrects=f"{type_}/{id_}/{version - 1}" if version > 1 else None,
        )

    return translate


def _change(resource: Resource | None, version: int) -> Change:
    """Return the change; the date until which a finding holds does not end its record."""
    if resource is None or resource.get("status") == _VOID:
        return "ANNULLED"
    verification = resource.get("verificationStatus")
    if verification == _VOID or fhir.first_code(verification) == _VOID:
        return "ANNULLED"
    return "CORRECTED" if version > 1 else "CREATED"


PinflOf = Callable[[str, str], str]


def _subject(resource: Resource, keys: Keys, pinfl_of: PinflOf) -> PersonId:
    """Return the person by PINFL, else the provisional patient."""
    subject = fhir.element(resource, "subject")
    if subject is None:
        raise InvalidRecord("identifier_missing", "subject")
    identifier = fhir.element(subject, "identifier")
    if identifier is not None and identifier.get("system") == PINFL_SYSTEM:
        value = fhir.required(identifier.get("value"), "subject.identifier.value")
        return keys.pseudonym("uz.pinfl", pinfl_of(value, "subject.identifier.value"))
    patient = fhir.patient_reference(subject.get("reference"))
    if patient is None:
        raise InvalidRecord("identifier_missing", "subject.reference")
    return keys.pseudonym("fhir.patient", patient)


def _patient(resource: Resource, keys: Keys, pinfl_of: PinflOf, day: date) -> _Meaning:
    pinfl = _pinfl(resource, pinfl_of)
    names = fhir.elements(resource, "name")
    name = names[0] if names else {}
    given = name.get("given", [])
    if not isinstance(given, list):
        raise InvalidRecord("not_a_record", "name.given")
    identity = {
        "pinfl": pinfl,
        "surname": _name(name.get("family"), "name.family"),
        "given_name": _name(given[0] if given else None, "name.given"),
        "patronymic": _name(given[1] if len(given) > 1 else None, "name.given"),
        "born_on": _born_on(resource),
    }
    person, reason = None, "none"
    if (other := _replaced_by(resource)) is not None:
        person, reason = keys.pseudonym("fhir.patient", other), "replaced_by"
    elif pinfl is not None:
        person, reason = keys.pseudonym("uz.pinfl", pinfl), "identifier"
    fields = {"person": person, "reason": reason}
    return _Meaning("health.patient_linked", day, fields, {"identity": identity})


def _pinfl(resource: Resource, pinfl_of: PinflOf) -> str | None:
    found = {
        pinfl_of(fhir.required(identifier.get("value"), "identifier.value"), "identifier.value")
        for identifier in fhir.elements(resource, "identifier")
        if identifier.get("system") == PINFL_SYSTEM
    }
    if len(found) > 1:
        raise InvalidRecord("identifier_missing", "identifier")  # two people in one file
    return next(iter(found), None)


def _name(value: object, field: str) -> str | None:
    written = fhir.optional(value, field)
    return normalise_name(written) if written is not None else None


def _born_on(resource: Resource) -> str | None:
    written = optional_text(resource.get("birthDate"), "birthDate")
    return fhir.day(written, "birthDate").isoformat() if written is not None else None


def _replaced_by(resource: Resource) -> str | None:
    """Return the id of the patient that replaces this one."""
    for link in fhir.elements(resource, "link"):
        if link.get("type") == "replaced-by":
            other = fhir.element(link, "other") or {}
            patient = fhir.patient_reference(other.get("reference"))
            if patient is None:
                raise InvalidRecord("identifier_missing", "link.other.reference")
            return patient
    return None


_Read = Callable[[Resource], _Meaning]


def _reader(type_: str, resource: Resource) -> _Read:
    if type_ == "Condition":
        return _condition
    code = fhir.first_code(resource.get("code"))
    if code is None:
        raise InvalidRecord("missing", "code")
    read = _BY_CODE.get((type_, code))
    if read is None:
        raise InvalidRecord("unknown_type", "code")
    return read


def _disability(resource: Resource) -> _Meaning:
    return _assessment(resource, "health.disability_assessed", "group")


def _care(resource: Resource) -> _Meaning:
    return _assessment(resource, "health.care_dependency_assessed", "level")


def _assessment(resource: Resource, type_: str, name: str) -> _Meaning:
    assessed_on = fhir.day(resource.get("effectiveDateTime"), "effectiveDateTime")
    value = resource.get("valueInteger")
    if value is None:
        raise InvalidRecord("missing", "valueInteger")
    if type(value) is not int or not 1 <= value <= _MOST:
        raise InvalidRecord("number", "valueInteger")
    until = fhir.extension_date(resource, UNTIL, "until")
    if until is not None and until < assessed_on:
        raise InvalidRecord("date_order", "until")
    health = {name: value, "until": until and until.isoformat()}
    return _Meaning(type_, assessed_on, {"assessed_on": assessed_on}, {"health": health})


def _pregnancy(resource: Resource) -> _Meaning:
    registered_on = fhir.day(resource.get("effectiveDateTime"), "effectiveDateTime")
    due_on = fhir.extension_date(resource, DUE, "due")
    follow_up = fhir.extension(resource, FOLLOW_UP, "valueBoolean", "follow-up")
    if follow_up is None:
        raise InvalidRecord("missing", "follow-up")
    if not isinstance(follow_up, bool):
        raise InvalidRecord("code", "follow-up")
    health = {"due_on": due_on and due_on.isoformat(), "follow_up": follow_up}
    fields = {"registered_on": registered_on}
    return _Meaning("health.pregnancy_registered", registered_on, fields, {"health": health})


def _condition(resource: Resource) -> _Meaning:
    code = fhir.first_code(resource.get("code"))
    if code is None:
        raise InvalidRecord("missing", "code")
    if not fhir.is_icd10(code):
        raise InvalidRecord("code", "code")
    diagnosed_on = fhir.day(resource.get("recordedDate"), "recordedDate")
    fields = {"diagnosed_on": diagnosed_on}
    health = {"chapter": code[0]}
    return _Meaning("health.condition_diagnosed", diagnosed_on, fields, {"health": health})


def _referral(resource: Resource) -> _Meaning:
    referred_on = fhir.day(resource.get("authoredOn"), "authoredOn")
    reasons = fhir.elements(resource, "reason")
    concept = fhir.element(reasons[0], "concept") if reasons else None
    reason = fhir.required((concept or {}).get("text"), "reason")
    fields = {"referred_on": referred_on}
    type_ = "health.psychological_support_referred"
    return _Meaning(type_, referred_on, fields, {"health": {"reason": reason}})


_BY_CODE: Final[dict[tuple[str, str], _Read]] = {
    ("Observation", "disability-group"): _disability,
    ("Observation", "care-dependency"): _care,
    ("Observation", "pregnancy"): _pregnancy,
    ("ServiceRequest", "psychological-support"): _referral,
}

# What a deletion is called, which no longer says what was deleted: type, date, sealed block.
_DELETED: Final = {
    "Condition": ("health.condition_diagnosed", "diagnosed_on"),
    "Observation": ("health.disability_assessed", "assessed_on"),
    "ServiceRequest": ("health.psychological_support_referred", "referred_on"),
}


def _deleted(type_: str, day: date) -> _Meaning:
    if type_ == "Patient":
        fields = {"person": None, "reason": "none"}
        return _Meaning("health.patient_linked", day, fields, {"identity": None})
    name, date_field = _DELETED[type_]
    return _Meaning(name, day, {date_field: day}, {"health": None})
