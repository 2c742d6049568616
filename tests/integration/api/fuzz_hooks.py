"""What schemathesis cannot guess from a schema: who there is, and what is a national number."""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

from tests.integration.api.conftest import PINFL

SAID = {
    "hub-purpose": os.environ["HUB_TEST_PURPOSE"],
    "hub-basis": os.environ["HUB_TEST_BASIS"],
}
OLD = "105c0943-9a5f-891f-9f3d-7245c6b0c319"

# A check digit is no regular language: here are a few numbers that have it.
schemathesis.openapi.format("pinfl", st.just(PINFL))


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any]) -> dict[str, Any]:
    """Ask about somebody there is, as often as about nobody."""
    person = path_parameters.get("person") if path_parameters else None
    if isinstance(person, str) and len(person) == 36 and person[-1] in "01234567":
        path_parameters["person"] = OLD
    return path_parameters


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Send what is valid as somebody would who has rights; leave what is meant to be wrong."""
    if case.meta is None:
        return
    wrong = {place for place, part in case.meta.components.items() if not part.mode.is_positive}
    # Nobody but the hub can write a cursor.
    if ParameterLocation.QUERY not in wrong and case.query:
        case.query.pop("cursor", None)
    if ParameterLocation.HEADER not in wrong and case.headers:
        for name, value in SAID.items():
            if name in case.headers:
                case.headers[name] = value
