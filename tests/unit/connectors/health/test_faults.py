"""What is wrong with a resource, by rule and element."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.health.entry import place
from connectors.health.translate import translator
from schemas.errors import InvalidRecord
from tests.unit.connectors.health.resources import (
    CARE,
    CONDITION,
    DUE,
    FOLLOW_UP,
    GROUP,
    KEYS,
    OTHER_PINFL,
    PATIENT_BODY,
    PINFL,
    PREGNANCY,
    REFERRAL,
    SYSTEM,
    UNTIL,
    coded,
    translate,
    without,
)


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
