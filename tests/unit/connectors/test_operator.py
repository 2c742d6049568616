"""What an operator decided becomes an event that another program could have derived as well."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from connectors.operator.translate import translate
from connectors.source import SourceRecord
from schemas.errors import InvalidRecord
from schemas.ids import text
from tests.builders import person

ALIAS, PERSON = person("alias"), person("person")
BODY: dict[str, Any] = {
    "type": "hub.identity_linked",
    "alias": text(ALIAS),
    "person": text(PERSON),
    "reason": "same passport",
    "version": 1_700_000_000_000_000,
    "before": None,
    "on": "2026-03-10",
}


def row(**changed: Any) -> SourceRecord:
    body = BODY | changed
    key = f"identity/{body['alias']}/{body['version']}"
    return SourceRecord(key, orjson.dumps(body), body)


def test_the_first_decision_about_an_alias_creates_its_record() -> None:
    draft = translate(row())

    assert (draft.type, draft.subject, draft.change) == ("hub.identity_linked", PERSON, "CREATED")
    assert draft.record_key == f"identity/{text(ALIAS)}"
    assert draft.source_key == f"identity/{text(ALIAS)}/1700000000000000"
    assert (draft.version, draft.corrects) == (1_700_000_000_000_000, None)
    assert draft.occurred_on.isoformat() == "2026-03-10"
    assert draft.fields == {"alias": ALIAS, "person": PERSON, "reason": "same passport"}


def test_a_later_one_corrects_the_one_before() -> None:
    draft = translate(row(type="hub.identity_unlinked", before=7, version=8))

    assert (draft.type, draft.change) == ("hub.identity_unlinked", "CORRECTED")
    assert draft.corrects == f"identity/{text(ALIAS)}/7"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"type": "hub.need_detected"}, "unknown_type"),
        ({"alias": "nobody"}, "not_a_record"),
        ({"reason": "a\nb"}, "text"),
        ({"reason": ""}, "text"),
        ({"reason": "x" * 201}, "text"),
        ({"reason": None}, "not_a_record"),
        ({"on": "yesterday"}, "not_a_record"),
    ],
)
def test_what_our_commands_never_write_is_refused(changed: dict[str, Any], rule: str) -> None:
    record = row()
    content = dict(record.content) | changed

    with pytest.raises(InvalidRecord) as refused:
        translate(SourceRecord(record.source_key, record.original, content))
    assert refused.value.rule == rule


def erasure(**changes: object) -> SourceRecord:
    content: dict[str, object] = {
        "type": "hub.erasure_decided",
        "subject": "5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11",
        "class": "health",
        "decision": "restrict",
        "basis": "a law",
        "until": "2029-03-10",
        "version": 2,
        "on": "2026-03-10",
    }
    return SourceRecord("erasure/x/health/restrict/2", b"", content | changes)


def test_an_erasure_is_a_record_of_its_own_for_each_class_and_decision() -> None:
    draft = translate(erasure())

    key = "erasure/5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11/health/restrict"
    assert (draft.record_key, draft.version, draft.corrects) == (key, 2, f"{key}/1")
    assert draft.change == "CORRECTED"
    assert draft.fields["until"] == date(2029, 3, 10)
    first = translate(erasure(version=1, until=None, decision="erase"))
    assert (first.change, first.corrects, first.fields["until"]) == ("CREATED", None, None)
    assert first.record_key != draft.record_key


@pytest.mark.parametrize(
    "wrong",
    [
        {"class": "secret"},
        {"decision": "forget"},
        {"basis": ""},
        {"basis": "a\nlaw"},
        {"until": "soon"},
        {"subject": "nobody"},
        {"version": None},
    ],
)
def test_an_erasure_that_we_never_write_is_set_aside(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidRecord):
        translate(erasure(**wrong))
