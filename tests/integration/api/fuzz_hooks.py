"""What schemathesis cannot guess from a schema: who there is, what goes with what.

What is meant to be wrong stays as it was generated. Of what is valid most is made to point at
something that there is, so that answers are found and not only refusals; the rest points nowhere,
as it was generated. Each answer is one line in a file, for the test to look at.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation as In

WORLD: dict[str, Any] = json.loads(Path(os.environ["HUB_TEST_WORLD"]).read_text("utf-8"))
ANSWERS = Path(os.environ["HUB_TEST_ANSWERS"])

# A check digit is no regular language: here are a few numbers that have it.
schemathesis.openapi.format("pinfl", st.sampled_from(WORLD["pinfls"]))


def _chance(case: Any, what: str, of: int) -> int:
    """Return a number below ``of`` that the case itself decides: a repeat sends the same."""
    said = repr((what, case.path_parameters, case.query, dict(case.headers or {}), case.body))
    return sha256(said.encode("utf-8", "replace")).digest()[0] % of


def _one_of(case: Any, things: Any) -> Any:
    return things[_chance(case, "which", len(things))]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Send what is valid as somebody would who knows the hub; leave what is meant to be wrong."""
    if case.meta is None:
        return
    wrong = {place for place, part in case.meta.components.items() if not part.mode.is_positive}
    name = operation(case)
    if In.PATH not in wrong and case.path_parameters:
        _point(case, name)
    if In.HEADER not in wrong and case.headers is not None:
        _say(case)
    if name == "ask_resend" and not wrong & {In.BODY, In.HEADER}:
        _range(case)
    if In.QUERY not in wrong and case.query is not None:
        if name in {"list_needs", "statistics"} and _chance(case, "district", 4):
            case.query["district"] = _one_of(case, WORLD["districts"])
        if "cursor" in case.query:
            _go_on(case, wrong)
    if not wrong & {In.PATH, In.QUERY, In.HEADER} and "If-None-Match" in (case.headers or {}):
        _have(case)


def operation(case: Any) -> str:
    """Return the name of what is asked."""
    return str(case.operation.definition.raw.get("operationId", case.operation.label))


def _point(case: Any, name: str) -> None:
    place = case.path_parameters
    if "person" in place and place["person"] not in WORLD["people"] and _chance(case, "who", 8):
        place["person"] = _one_of(case, WORLD["people"])
    needs = WORLD["needs"].get(place.get("person"), [])
    if "need" in place and needs and _chance(case, "need", 4):
        place["need"] = _one_of(case, needs)
    if "resend" in place and WORLD["resends"] and _chance(case, "resend", 4):
        place["resend"] = _one_of(case, WORLD["resends"])
    if name == "problem" and _chance(case, "problem", 2):
        place["name"] = _one_of(case, ("not-allowed", "fault", "url-too-long"))
    if name == "tile" and _chance(case, "tile", 2):
        tiles = (("0", "000"), ("entries", "000.p/5"))
        place["level"], place["place"] = _one_of(case, tiles)


def _say(case: Any) -> None:
    for name in ("purpose", "basis"):
        if f"hub-{name}" in case.headers and _chance(case, name, 16):
            case.headers[f"hub-{name}"] = WORLD[name]


def _range(case: Any) -> None:
    """Ask again under a key that was used, mostly for what it stands for."""
    number = _chance(case, "key", 2 * len(WORLD["keys"]))
    if number < len(WORLD["keys"]) and isinstance(case.body, dict):
        case.headers["idempotency-key"] = WORLD["keys"][number]
        if _chance(case, "range", 4):
            case.body |= {"first": number + 1, "last": WORLD["last"] - number - 1}


def _go_on(case: Any, wrong: set[In]) -> None:
    """Take the cursor of the page before: nobody but the hub can write one."""
    del case.query["cursor"]
    if _chance(case, "cursor", 4) and not wrong & {In.PATH, In.HEADER}:
        case.query["limit"] = 1
        answer = _ask(case)
        if answer.status_code == 200 and answer.json().get("next"):
            case.query["cursor"] = answer.json()["next"]


def _have(case: Any) -> None:
    """Have the answer already, three times of four."""
    if _chance(case, "tag", 4):
        tag = _ask(case).headers.get("etag")
        if tag:
            case.headers["If-None-Match"] = tag


def _ask(case: Any) -> httpx.Response:
    """Ask the same as the case will."""
    said = {n: v for n, v in (case.headers or {}).items() if n != "If-None-Match"}
    url = os.environ["HUB_TEST_URL"] + case.formatted_path
    return httpx.get(url, params=case.query, headers=WORLD["headers"] | said, timeout=30)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Write down what was answered."""
    wrong = case.meta is None or any(
        not part.mode.is_positive for part in case.meta.components.values()
    )
    line = {
        "operation": operation(case),
        "status": response.status_code,
        "request": next(iter(response.headers.get("hub-request", [])), ""),
        "is_wrong": wrong,
        "phase": case.meta.phase.name.value if case.meta else "",
    }
    with ANSWERS.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")
