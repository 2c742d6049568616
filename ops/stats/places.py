"""Places as rows show them: level, region, district and a name. Codes are the registry's."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.resources import files

import orjson

from projections.stats_figures import REGION_DIGITS, UNKNOWN
from projections.suppression import ALL
from schemas.errors import PermanentError

COLUMNS = ("level", "region", "district", "name")


@cache
def names() -> dict[str, str]:
    """Return the English name of every code on the list of districts."""
    # The list came with the simulator; it holds codes and names only.
    regions = orjson.loads((files("ops") / "simulator" / "districts.json").read_bytes())
    found = {region["code"]: region["en"] for region in regions}
    return found | {d["code"]: d["en"] for region in regions for d in region["districts"]}


def place_columns(place: str, parents: dict[str, str]) -> dict[str, str]:
    """Return the columns of a place."""
    if place == ALL:
        return {"level": "country", "region": ALL, "district": ALL, "name": "all"}
    if place == UNKNOWN:
        return {"level": "region", "region": UNKNOWN, "district": ALL, "name": "no residence known"}
    name = names().get(place, "")
    if parents[place] == ALL:
        return {"level": "region", "region": place, "district": ALL, "name": name}
    return {"level": "district", "region": parents[place], "district": place, "name": name}


def check(code: str, districts: Collection[str]) -> None:
    """Make sure that somebody is registered in a district or region.

    Raises:
        PermanentError: nobody is; the code may be mistyped.
    """
    if code not in {*districts, *(district[:REGION_DIGITS] for district in districts)}:
        raise PermanentError(
            f"nobody is registered in {code!r}; `hub stats needs --by district` lists the codes"
        )


def levels(by: frozenset[str]) -> frozenset[str]:
    """Return the levels of place that a selection shows: each with those above it."""
    if "district" in by:
        return frozenset({"country", "region", "district"})
    return frozenset({"country", "region"} if "region" in by else {"country"})
