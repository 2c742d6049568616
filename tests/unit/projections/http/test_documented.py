"""What OpenAPI says besides the routes: what can be sent along, and what can be asked next."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from projections.api import Parts, create_app
from projections.http.front import Front


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    nothing = cast("Any", None)
    parts = Parts(
        guard=nothing,
        tokens=nothing,
        refusals=nothing,
        identify=nothing,
        judge=nothing,
        cursors=nothing,
        figures=nothing,
        log_folder=nothing,
        token_url="https://issuer.example/token",
    )
    front = create_app(parts)
    assert isinstance(front, Front)
    return cast("dict[str, Any]", cast("Any", front.app).openapi())


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["operationId"]: one for path in schema["paths"].values() for one in path.values()}


def test_what_has_a_tag_can_be_asked_for_unless_it_is_the_same(schema: dict[str, Any]) -> None:
    for name, one in operations(schema).items():
        is_tagged = "ETag" in one["responses"].get("200", {}).get("headers", {})
        named = {(part["in"], part["name"]) for part in one.get("parameters", ())}

        assert is_tagged == ("304" in one["responses"]), name
        assert is_tagged == (("header", "If-None-Match") in named), name


def test_a_link_leads_to_what_there_is(schema: dict[str, Any]) -> None:
    known, seen = operations(schema), 0
    for one in known.values():
        for answer in one["responses"].values():
            for link in answer.get("links", {}).values():
                target = known[link["operationId"]]
                wanted = {p["name"] for p in target["parameters"] if p["in"] == "path"}
                assert link["parameters"].keys() == wanted
                seen += 1
    assert seen == 9


def test_what_may_stand_in_a_url_holds_no_national_number(schema: dict[str, Any]) -> None:
    """Else the document allows what is refused: fourteen digits, wherever they stand."""
    for name, one in operations(schema).items():
        for part in one.get("parameters", ()):
            said = part["schema"]
            if part["in"] in {"path", "query"} and said["type"] == "string":
                allowed = said.get("pattern") or said.get("format") or said.get("enum")
                assert allowed, (name, part["name"])
                if "pattern" in said:
                    assert not re.fullmatch(said["pattern"], "3" * 14), (name, part["name"])
