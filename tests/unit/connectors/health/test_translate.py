"""What each resource becomes: docs/contract.md and docs/sources.md, line by line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.source import Draft
from schemas.catalogue import catalogue
from schemas.ids import ZERO
from tests.unit.connectors.health.resources import (
    CARE,
    CONDITION,
    GROUP,
    KEYS,
    NAMED,
    PATIENT,
    PATIENT_BODY,
    PERSON,
    PINFL,
    PREGNANCY,
    REFERRAL,
    coded,
    deletion,
    translate,
    without,
)


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
