"""From facts to needs on real PostgreSQL."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from projections.keystore import open_block
from schemas.ids import parse
from streams.assessor import Assessor
from tests.integration.assessment.country import NOW, ON, Country, person


@pytest.fixture
def family(country: Country) -> Country:
    """A couple with two children, 600,000 soum a head."""
    country.born("1ali", "1990-05-01", "M")
    country.born("2vali", "1992-05-01", "F")
    country.married("1ali", "2vali")
    country.born("3son", "2015-05-01", "M", mother="2vali", father="1ali")
    country.born("4daughter", "2023-05-01", "F", mother="2vali", father="1ali")
    country.earns("1ali", 2_400_000)
    country.complete()
    return country


def drain(assessor: Assessor) -> int:
    said = 0
    while (batch := assessor.assess_batch(ON, NOW)) is not None:
        said += batch.said
    return said


def test_a_poor_family_gets_what_the_law_grants(family: Country, assessor: Assessor) -> None:
    drain(assessor)

    assert family.needs() == {
        ("family_low_income", person("1ali")): None,
        ("child_benefit", person("3son")): 275_000,
        ("child_benefit", person("4daughter")): 165_000,
    }
    assert family.outcomes() == {person("1ali"): "assessed"}
    assert family.count("live.causes") == 0
    assert family.count("kept.audit_leaves") == family.count("kept.outbox") == 3


def test_assessing_again_says_nothing(family: Country, assessor: Assessor) -> None:
    drain(assessor)
    family.state("name", ("1ali", "name", {}))

    assert drain(assessor) == 0
    assert family.count("live.need_history") == 3


def test_the_reason_is_sealed_and_opens_with_the_needs_key(
    family: Country, assessor: Assessor
) -> None:
    family.disabled("2vali", 2)
    drain(assessor)

    bodies = family.connection.execute("SELECT body FROM kept.outbox").fetchall()
    messages: list[dict[str, Any]] = [json.loads(body) for (body,) in bodies]
    message = next(m for m in messages if m["fields"]["kind"] == "disability_support")
    row = family.connection.execute(
        "SELECT event_id, reason FROM live.needs WHERE kind = 'disability_support'"
    ).fetchone()
    assert row is not None
    assert b64decode(message["sealed"]) == row[1]
    assert b"disability_group" not in row[1]
    assert family.keystore is not None
    owner = parse(message["subject"])
    key = family.keystore.existing([(owner, "needs")])[owner, "needs"]
    reason: Any = open_block(key, row[0].bytes, "needs", row[1])
    assert reason["reason"]["parts"][0]["value"] == 2
    assert message["change"] == "CREATED"
