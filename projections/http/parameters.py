"""Parameters of requests: what each may be, as OpenAPI says it; there are no others. Pure."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header, Path, Query
from fastapi.dependencies.models import Dependant
from starlette.requests import Request

from projections.http.cursors import PATTERN as CURSOR
from projections.http.guard import Said
from projections.moments import JUDGED, SAID
from projections.problems import Problem

PERSON: Final = "105c0943-9a5f-891f-9f3d-7245c6b0c319"
_NAME: Final = "^[a-z][a-z0-9-]{1,62}$"
DISTRICT: Final = "^17[0-9]{2}([0-9]{3})?$"  # SOATO: a region, or a district or town in it


def _days(centuries: str, leap_centuries: str) -> str:
    """Return the pattern of the days of whole centuries, each of its months as long as it is."""
    short = "(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
    long = "(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31"
    leap = "(0[48]|[2468][048]|[13579][26])"
    every = f"({centuries})[0-9]{{2}}-({short}|{long})"
    return f"({every}|({centuries}){leap}-02-29|({leap_centuries})00-02-29)"


DAY: Final = f"^{_days('19|20|21', '20')}$"
MOMENT: Final = f"^{_days('2[0-9]', '2[048]')}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"

Person = Annotated[
    UUID,
    Path(description="Any id of the person, as a lookup gives it.", examples=[PERSON]),
]
AsOf = Annotated[
    str | None,
    Query(
        description="A day in the world; without it today.",
        json_schema_extra={"pattern": DAY, "example": "2026-03-01"},
    ),
]
KnownAt = Annotated[
    str | None,
    Query(
        description="A moment to the hub, also with an offset as %2B05:00; without it now.",
        json_schema_extra={"pattern": MOMENT, "example": "2026-03-01T00:00:00Z"},
    ),
]
Mode = Annotated[
    str | None,
    Query(
        description="What was said, or judged again: see docs/past.md.",
        json_schema_extra={"enum": [SAID, JUDGED]},
    ),
]
Cursor = Annotated[
    str | None,
    Query(
        description="Where to go on: `next` of the page before, as it was given.",
        json_schema_extra={"pattern": CURSOR},
    ),
]
Limit = Annotated[int, Query(ge=1, le=50, description="Rows of a page at most.")]


async def said(
    hub_purpose: Annotated[
        str,
        Header(
            description="What for: a purpose of the policy.",
            pattern=_NAME,
            examples=["social-support"],
        ),
    ],
    hub_basis: Annotated[
        str,
        Header(
            description="By which law: a basis of the policy.",
            pattern=_NAME,
            examples=["social-registry"],
        ),
    ],
) -> Said:
    """Return what a request says of itself."""
    return Said(hub_purpose, hub_basis)


def check_parameters(request: Request) -> None:
    """Refuse a parameter that is unknown here, or given twice.

    Raises:
        Problem: there is one; it is not repeated.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    if not names:
        return
    if len(names) != len(set(names)):
        raise Problem("parameter-repeated")
    route = request.scope["route"]
    known = _KNOWN.get(route.path)
    if known is None:
        known = _KNOWN[route.path] = _names(route.dependant)
    if not known.issuperset(names):
        raise Problem("parameter-unknown")


_KNOWN: Final[dict[str, frozenset[str]]] = {}  # names by path; as many as there are routes


def _names(dependant: Dependant) -> frozenset[str]:
    found, left = set[str](), [dependant]
    while left:
        part = left.pop()
        found |= {field.alias for field in part.query_params}
        left += part.dependencies
    return frozenset(found)


Asked = Annotated[Said, Depends(said)]
