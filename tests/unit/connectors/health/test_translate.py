"""What each resource becomes: docs/contract.md and docs/sources.md, line by line."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from connectors.health.entry import place
from connectors.health.translate import translator
from connectors.source import Draft
from schemas.catalogue import catalogue
from schemas.errors import InvalidRecord
from schemas.ids import ZERO, Keys

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


@pytest.mark.parametrize(
    ("body", "type_", "on", "fields", "sealed"),
    [
        (
            GROUP,
            "health.disability_assessed",
            date(2026, 5, 4),
            {"assessed_on": date(2026, 5, 4)},
            {"group": 2, "until": "2028-01-01"},
        ),
        (
            without(GROUP, "extension"),
            "health.disability_assessed",
            date(2026, 5, 4),
            {"assessed_on": date(2026, 5, 4)},
            {"group": 2, "until": None},
        ),
        (
            CARE,
            "health.care_dependency_assessed",
            date(2026, 5, 4),
            {"assessed_on": date(2026, 5, 4)},
            {"level": 3, "until": "2028-01-01"},
        ),
        (
            PREGNANCY,
            "health.pregnancy_registered",
            date(2026, 6, 1),
            {"registered_on": date(2026, 6, 1)},
            {"due_on": "2027-02-01", "follow_up": False},
        ),
        (
            CONDITION,
            "health.condition_diagnosed",
            date(2026, 3, 3),
            {"diagnosed_on": date(2026, 3, 3)},
            {"chapter": "F"},
        ),
        (
            REFERRAL,
            "health.psychological_support_referred",
            date(2026, 4, 4),
            {"referred_on": date(2026, 4, 4)},
            {"reason": "bereavement"},
        ),
    ],
)
def test_each_finding(
    body: dict[str, Any], type_: str, on: date, fields: dict[str, Any], sealed: dict[str, Any]
) -> None:
    assert translate(body) == Draft(
        type=type_,
        source_key=f"{body['resourceType']}/x1/1",
        record_key=f"{body['resourceType']}/x1",
        version=1,
        subject=PATIENT,
        change="CREATED",
        occurred_on=on,
        fields=fields,
        sealed={"health": sealed},
    )
    assert {*fields, "health"} == set(catalogue()[type_].fields)
    assert translate(body | {"subject": NAMED}).subject == PERSON


def test_a_patient_with_pinfl() -> None:
    assert translate(PATIENT_BODY, id_="p1") == Draft(
        type="health.patient_linked",
        source_key="Patient/p1/1",
        record_key="Patient/p1",
        version=1,
        subject=PATIENT,
        change="CREATED",
        occurred_on=date(2026, 7, 31),  # in UTC
        fields={"person": PERSON, "reason": "identifier"},
        sealed={
            "identity": {
                "pinfl": PINFL,
                "surname": "G\u02bbulomov",
                "given_name": "O\u02bbtkir",
                "patronymic": "Ali o\u02bbg\u02bbli",
                "born_on": "1997-11-02",
            }
        },
    )


@pytest.mark.parametrize(
    "identifier",
    [None, [], [{"system": "https://other", "value": "1"}], [{"value": PINFL}]],
)
def test_a_patient_without_pinfl(identifier: object) -> None:
    body = without(PATIENT_BODY, "identifier")
    draft = translate(body if identifier is None else body | {"identifier": identifier})

    assert draft.fields == {"person": None, "reason": "none"}
    assert draft.sealed["identity"]
    assert draft.sealed["identity"]["pinfl"] is None


def test_a_patient_of_whom_nothing_is_known() -> None:
    draft = translate({"resourceType": "Patient"})

    assert draft.sealed["identity"] == dict.fromkeys(
        ("pinfl", "surname", "given_name", "patronymic", "born_on")
    )


def test_a_replaced_patient_is_the_other_one_whoever_it_is() -> None:
    link = [
        {"type": "seealso", "other": {"reference": "Patient/p8"}},
        {"type": "replaced-by", "other": {"reference": "Patient/p9"}},
    ]
    draft = translate(PATIENT_BODY | {"link": link}, version=2)

    assert draft.fields == {
        "person": KEYS.pseudonym("fhir.patient", "p9"),
        "reason": "replaced_by",
    }
    assert (draft.change, draft.version, draft.corrects) == ("CORRECTED", 2, "Patient/x1/1")


@pytest.mark.parametrize(
    ("body", "version", "change"),
    [
        (GROUP, 1, "CREATED"),
        (GROUP, 2, "CORRECTED"),
        (GROUP | {"status": "entered-in-error"}, 1, "ANNULLED"),
        (REFERRAL | {"status": "entered-in-error"}, 5, "ANNULLED"),
        (CONDITION | {"verificationStatus": coded("entered-in-error")}, 2, "ANNULLED"),
        (CONDITION | {"verificationStatus": "entered-in-error"}, 2, "ANNULLED"),
        (CONDITION | {"verificationStatus": coded("confirmed")}, 2, "CORRECTED"),
    ],
)
def test_change(body: dict[str, Any], version: int, change: str) -> None:
    draft = translate(body, version=version)

    assert draft.change == change
    assert draft.sealed["health"]  # an annulment carries the content too


@pytest.mark.parametrize(
    ("type_", "event", "fields", "block"),
    [
        ("Patient", "health.patient_linked", {"person": None, "reason": "none"}, "identity"),
        (
            "Condition",
            "health.condition_diagnosed",
            {"diagnosed_on": date(2026, 8, 2)},
            "health",
        ),
        (
            "Observation",
            "health.disability_assessed",
            {"assessed_on": date(2026, 8, 2)},
            "health",
        ),
        (
            "ServiceRequest",
            "health.psychological_support_referred",
            {"referred_on": date(2026, 8, 2)},
            "health",
        ),
    ],
)
def test_a_deletion_annuls(type_: str, event: str, fields: dict[str, Any], block: str) -> None:
    assert deletion(type_) == Draft(
        type=event,
        source_key=f"{type_}/x1/3",
        record_key=f"{type_}/x1",
        version=3,
        subject=ZERO,
        change="ANNULLED",
        occurred_on=date(2026, 8, 2),
        fields=fields,
        sealed={block: None},
        corrects=f"{type_}/x1/2",
    )


def test_the_day_of_a_time_is_the_day_where_it_was_written() -> None:
    draft = translate(GROUP | {"effectiveDateTime": "2026-05-04T01:00:00+05:00"})

    assert draft.occurred_on == date(2026, 5, 4)


def test_the_code_of_a_referral_may_stand_as_in_r4b() -> None:
    draft = translate(REFERRAL | {"code": coded("psychological-support")})

    assert draft.type == "health.psychological_support_referred"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (without(GROUP, "subject"), "identifier_missing: subject"),
        (GROUP | {"subject": {}}, "identifier_missing: subject.reference"),
        (GROUP | {"subject": {"reference": "Group/1"}}, "identifier_missing: subject.reference"),
        (GROUP | {"subject": []}, "not_a_record: subject"),
        (
            GROUP | {"subject": {"identifier": {"system": SYSTEM, "value": PINFL[:-1]}}},
            "pinfl_length: subject.identifier.value",
        ),
        (without(GROUP, "code"), "missing: code"),
        (GROUP | {"code": coded("blood-pressure")}, "unknown_type: code"),
        (REFERRAL | {"code": coded("x-ray")}, "unknown_type: code"),
        (GROUP | {"code": {"coding": "x"}}, "not_a_record: coding"),
        (without(GROUP, "valueInteger"), "missing: valueInteger"),
        (GROUP | {"valueInteger": 0}, "number: valueInteger"),
        (GROUP | {"valueInteger": 4}, "number: valueInteger"),
        (GROUP | {"valueInteger": 2.0}, "number: valueInteger"),
        (GROUP | {"valueInteger": True}, "number: valueInteger"),
        (GROUP | {"valueInteger": "two"}, "number: valueInteger"),
        (CARE | {"valueInteger": 4}, "number: valueInteger"),
        (without(GROUP, "effectiveDateTime"), "missing: effectiveDateTime"),
        (GROUP | {"effectiveDateTime": "2026-05"}, "date: effectiveDateTime"),
        (GROUP | {"effectiveDateTime": "04.05.2026"}, "date: effectiveDateTime"),
        (GROUP | {"effectiveDateTime": "2023-02-29"}, "date: effectiveDateTime"),
        (GROUP | {"effectiveDateTime": "2026-05-04T10:00:00"}, "date: effectiveDateTime"),
        (GROUP | {"extension": [UNTIL | {"valueDate": "1899-12-31"}]}, "date_order: until"),
        (GROUP | {"extension": [UNTIL, UNTIL]}, "not_a_record: until"),
        (GROUP | {"extension": [{"url": UNTIL["url"]}]}, "missing: until"),
        (PREGNANCY | {"extension": [DUE]}, "missing: follow-up"),
        (PREGNANCY | {"extension": [FOLLOW_UP | {"valueBoolean": "no"}]}, "code: follow-up"),
        (without(CONDITION, "code"), "missing: code"),
        (CONDITION | {"code": coded("f32")}, "code: code"),
        (CONDITION | {"code": coded("F")}, "code: code"),
        (CONDITION | {"recordedDate": "2026-02-30"}, "date: recordedDate"),
        (without(REFERRAL, "authoredOn"), "missing: authoredOn"),
        (without(REFERRAL, "reason"), "missing: reason"),
        (REFERRAL | {"reason": [{"concept": {"text": "a\0b"}}]}, "text: reason"),
        (REFERRAL | {"reason": [{"concept": {"text": "\ud800"}}]}, "text: reason"),
        (REFERRAL | {"reason": [{"concept": {"text": 5}}]}, "text: reason"),
        (PATIENT_BODY | {"name": [{"family": "a\x07b"}]}, "text: name.family"),
        (PATIENT_BODY | {"name": [{"given": "Ali"}]}, "not_a_record: name.given"),
        (PATIENT_BODY | {"name": {}}, "not_a_record: name"),
        (PATIENT_BODY | {"birthDate": "1997"}, "date: birthDate"),
        (
            PATIENT_BODY | {"identifier": [{"system": SYSTEM, "value": "30211975910034"}]},
            "pinfl_check_digit: identifier.value",
        ),
        (PATIENT_BODY | {"identifier": [{"system": SYSTEM}]}, "missing: identifier.value"),
        (
            PATIENT_BODY | {"link": [{"type": "replaced-by", "other": {"display": "x"}}]},
            "identifier_missing: link.other.reference",
        ),
    ],
)
def test_faults(body: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidRecord) as raised:
        translate(body)
    assert str(raised.value) == fault


def test_one_file_of_two_people_is_nobodys() -> None:
    both = [{"system": SYSTEM, "value": number} for number in (PINFL, OTHER_PINFL)]
    with pytest.raises(InvalidRecord, match="identifier_missing: identifier"):
        translate(PATIENT_BODY | {"identifier": both}, check_digit=False)


def test_the_check_digit_is_checked_by_setting() -> None:
    body = PATIENT_BODY | {"identifier": [{"system": SYSTEM, "value": "30211975910034"}]}

    assert translate(body, check_digit=False).fields["reason"] == "identifier"


def test_a_key_that_stands_twice_makes_no_element() -> None:
    meta = '"meta": {"versionId": "1", "lastUpdated": "2026-08-01T00:00:00Z"}'
    subject = '"subject": {"reference": "Patient/p1", "reference": "Patient/p2"}'
    text = f'{{"resource": {{"resourceType": "Condition", "id": "x1", {meta}, {subject}, '
    text += '"code": {"coding": [{"code": "F32"}]}, "recordedDate": "2026-01-01"}}'
    with pytest.raises(InvalidRecord, match="not_a_record: subject"):
        translator(KEYS, check_digit=True)(place(text).record)
