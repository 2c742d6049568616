"""Whose business an entry of a health history is."""

from __future__ import annotations

import json

import pytest

from connectors.health.entry import CODES, place
from connectors.health.translate import _BY_CODE


def entry(type_: str, code: object) -> str:
    resource = {
        "resourceType": type_,
        "id": "a1",
        "meta": {"versionId": "3", "lastUpdated": "2026-09-01T00:00:00Z"},
        "code": code,
    }
    return json.dumps({"resource": resource, "request": {"method": "PUT", "url": f"{type_}/a1"}})


def coded(code: str) -> dict[str, object]:
    return {"coding": [{"code": code}]}


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        pytest.param(entry("Observation", coded("disability-group")), True, id="our code"),
        pytest.param(entry("Observation", coded("blood-pressure")), False, id="another code"),
        pytest.param(
            entry("ServiceRequest", {"concept": coded("x-ray")}), False, id="another request"
        ),
        pytest.param(entry("Observation", None), True, id="no code: the translator refuses it"),
        pytest.param(entry("Observation", {"coding": 7}), True, id="no readable code"),
        pytest.param(entry("Condition", coded("F32.1")), True, id="every diagnosis"),
        pytest.param(entry("Medication", coded("x")), False, id="another type"),
        pytest.param("{", True, id="no entry at all"),
    ],
)
def test_only_our_types_and_codes_are_ours(text: str, ours: bool) -> None:
    assert place(text).ours is ours


def test_what_is_let_in_is_what_the_translator_reads() -> None:
    assert {(type_, code) for type_, codes in CODES.items() for code in codes} == set(_BY_CODE)
