"""What an operator decided becomes an event that another program could have derived as well."""

from __future__ import annotations

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
