"""The API over real HTTP, on real tables, under rights."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest
from rich.console import Console

from ops.operators import reader
from ops.person_view import render
from ops.run.api import identify, queries, run
from ops.settings import Settings
from projections.past_queries import PastQueries  # noqa: F401
from schemas.errors import PermanentError
from schemas.ids import text
from tests.integration.api.conftest import PINFL, Asking, leaves
from tests.integration.assessment.country import Country, person

OLD = text(person("1old"))
NOBODY = text(b"n" * 16)


def test_from_a_national_number_to_needs_with_reasons(asking: Callable[..., Asking]) -> None:
    social = asking("social")
    found = social.post("/v1/persons/lookup", {"pinfl": PINFL}).json()
    answer = social.get(f"/v1/persons/{found['person']}/needs").json()

    assert found["is_known"] is True
    assert answer["person"] == OLD
    assert {need["kind"] for need in answer["needs"]} == {
        "disability_support",
        "lonely_care",
        "family_state_supported",
        "material_assistance",
    }
    lonely = next(need for need in answer["needs"] if need["kind"] == "lonely_care")
    assert lonely["reason"]["law"] == "Cabinet Resolution 119 (23 Mar 2023)"
    assert lonely["reason"]["parts"][0]["parts"][1]["value"] == 2
    assert {row["states"] for row in answer["evidence"]} == {"person", "residence", "disability"}
    assert answer["household"]["members"] == [answer["person"]]
    assert answer["freshness"]["civil"]["complete_through"] == "2026-02-28"
    assert answer["freshness"]["civil"]["events"] == 14
    assert answer["freshness"]["tax"] == {
        "complete_through": None,
        "last_stored_at": None,
        "events": 0,
    }
