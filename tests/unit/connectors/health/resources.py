"""Resources as docs/sources.md describes them, and the translator over them."""

from __future__ import annotations

import json
from typing import Any

from connectors.health.entry import place
from connectors.health.translate import translator
from connectors.source import Draft
from schemas.ids import Keys

KEYS = Keys(person=b"p" * 32, event=b"e" * 32, digest=b"d" * 32)
PINFL = "30211975910033"
OTHER_PINFL = "30211975910040"
SYSTEM = "https://dhp.uz/fhir/core/sid/pid/uz/ni"
PERSON = KEYS.pseudonym("uz.pinfl", PINFL)
PATIENT = KEYS.pseudonym("fhir.patient", "p1")

SUBJECT = {"reference": "Patient/p1"}
NAMED = SUBJECT | {"identifier": {"system": SYSTEM, "value": PINFL}}
UNTIL = {"url": "https://hub.example/until", "valueDate": "2028-01-01"}
DUE = {"url": "https://hub.example/due", "valueDate": "2027-02-01"}
FOLLOW_UP = {"url": "https://hub.example/follow-up", "valueBoolean": False}


def coded(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


PATIENT_BODY: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"system": SYSTEM, "value": "3021 1975910033"}],
    "name": [{"family": "G`ulomov", "given": ["O'tkir", " Ali  o'g'li"]}],
    "birthDate": "1997-11-02",
}
GROUP: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "subject": SUBJECT,
    "code": coded("disability-group"),
    "valueInteger": 2,
    "effectiveDateTime": "2026-05-04",
    "extension": [UNTIL],
}
CARE = GROUP | {"code": coded("care-dependency"), "valueInteger": 3}
PREGNANCY: dict[str, Any] = {
    "resourceType": "Observation",
    "subject": SUBJECT,
    "code": coded("pregnancy"),
    "effectiveDateTime": "2026-06-01",
    "extension": [DUE, FOLLOW_UP],
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "subject": SUBJECT,
    "code": coded("F32.1"),
    "recordedDate": "2026-03-03",
}
REFERRAL: dict[str, Any] = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "subject": SUBJECT,
    "code": {"concept": coded("psychological-support")},
    "authoredOn": "2026-04-04",
    "reason": [{"concept": {"text": "bereavement"}}],
}


def translate(
    body: dict[str, Any], *, version: int = 1, id_: str = "x1", check_digit: bool = True
) -> Draft:
    meta = {"versionId": str(version), "lastUpdated": "2026-08-01T02:00:00+05:00"}
    resource = {"id": id_, "meta": meta, **body}
    return translator(KEYS, check_digit)(place(json.dumps({"resource": resource})).record)


def deletion(type_: str, version: int = 3) -> Draft:
    entry = {
        "request": {"method": "DELETE", "url": f"{type_}/x1"},
        "response": {"etag": f'W/"{version}"', "lastModified": "2026-08-02T10:00:00Z"},
    }
    return translator(KEYS, check_digit=True)(place(json.dumps(entry)).record)


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}
