"""Read elements of a FHIR resource. Pure; errors name rule and element, never the value.

An element of the wrong JSON type makes the whole resource no record: nobody knows what it means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from connectors.uz.text import optional_text, parse_date
from schemas.errors import InvalidRecord

# FHIR R5, 2.1.28.0.1: dateTime; a time needs a zone.
_DATE_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_PATIENT: Final = re.compile(r"Patient/([A-Za-z0-9\-.]{1,64})")
_ICD10: Final = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")


def element(parent: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Return an element that is an object, None if it is absent.

    Raises:
        InvalidRecord: ``not_a_record``: it is something else.
    """
    if name not in parent:
        return None
    value = parent[name]
    if not isinstance(value, dict):
        raise InvalidRecord("not_a_record", name)
    return value


def elements(parent: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """Return an element that is a list of objects, empty if it is absent.

    Raises:
        InvalidRecord: ``not_a_record``: it is something else.
    """
    value = parent.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidRecord("not_a_record", name)
    return value


def optional(value: object, field: str) -> str | None:
    """Return a text, None if it is absent or blank.

    Raises:
        InvalidRecord: ``text``: none, or with control characters or half a surrogate pair.
    """
    text = optional_text(value, field)
    if text is not None and not _is_encodable(text):
        raise InvalidRecord("text", field)
    return text


def required(value: object, field: str) -> str:
    """Return a text.

    Raises:
        InvalidRecord: as in ``optional``; ``missing`` if there is none.
    """
    text = optional(value, field)
    if text is None:
        raise InvalidRecord("missing", field)
    return text


def day(value: object, field: str) -> date:
    """Return the day of a ``date`` or ``dateTime``, as it was where it was written.

    Raises:
        InvalidRecord: ``missing`` or ``date``, also for a year or a month alone.
    """
    text = required(value, field).strip()
    with_time = _DATE_TIME.fullmatch(text)
    return parse_date(with_time[1] if with_time else text, field)


def first_code(concept: object) -> str | None:
    """Return ``coding[0].code`` of a CodeableConcept or CodeableReference, None if absent."""
    if not isinstance(concept, dict):
        return None
    inner = element(concept, "concept")
    codings = elements(inner if inner is not None else concept, "coding")
    return optional(codings[0].get("code"), "code") if codings else None


def is_icd10(code: str) -> bool:
    """Return whether ``code`` has the shape of an ICD-10 code.

    >>> is_icd10("F32.1"), is_icd10("f32.1"), is_icd10("Z")
    (True, False, False)
    """
    return bool(_ICD10.fullmatch(code))


def patient_reference(value: object) -> str | None:
    """Return the id in ``Patient/<id>``, None if the reference is of another form."""
    found = _PATIENT.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def extension(resource: Mapping[str, Any], url: str, name: str, field: str) -> Any:
    """Return the value ``name`` of the extension ``url``, None if the extension is absent.

    Raises:
        InvalidRecord: ``missing``: it has no such value; ``not_a_record``: it stands twice.
    """
    found = [item for item in elements(resource, "extension") if item.get("url") == url]
    if not found:
        return None
    if len(found) > 1:
        raise InvalidRecord("not_a_record", field)
    if name not in found[0]:
        raise InvalidRecord("missing", field)
    return found[0][name]


def extension_date(resource: Mapping[str, Any], url: str, field: str) -> date | None:
    """Return the date in the extension ``url``, None if it is absent."""
    value = extension(resource, url, "valueDate", field)
    return day(value, field) if value is not None else None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
