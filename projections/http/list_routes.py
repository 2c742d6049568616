"""What is asked of nobody in particular: needs of a district, figures."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from projections.http import models
from projections.http.cursors import Cursors
from projections.http.documented import documented
from projections.http.figures import Figures
from projections.http.guard import Admitted, Found, Guard
from projections.http.parameters import DISTRICT, Asked, Cursor, Limit, check_parameters
from projections.needs_list import page
from projections.present import fresh
from projections.problems import Problem
from schemas.rights_fields import NEED_KINDS

District = Annotated[
    str | None,
    Query(
        pattern=DISTRICT,
        description="SOATO code of a region or a district; regional rights need one.",
        examples=["1726266"],
    ),
]
Kind = Annotated[
    str | None,
    Query(
        pattern=f"^({'|'.join(sorted(NEED_KINDS))})$",
        description="One kind of need.",
        examples=["lonely_care"],
    ),
]
Month = Annotated[
    str | None,
    Query(
        pattern="^20[0-9]{2}-(0[1-9]|1[0-2])$",
        description="A month that is over; without it what stands now.",
        examples=["2026-02"],
    ),
]
_BY: Final = "region,kind"


def routes(guard: Guard, cursors: Cursors, figures: Figures) -> APIRouter:
    """Return the routes about nobody in particular."""
    router = APIRouter(tags=["lists"])

    @router.get("/v1/needs", **documented("list_needs", models.NeedsPage))
    def needs(  # noqa: PLR0917 - parameters of a query
        request: Request,
        said: Asked,
        kind: Kind = None,
        district: District = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Response:
        """The needs that stand in a region or district, a page of persons at a time."""
        check_parameters(request)
        bound = [said.purpose or "", said.basis or "", kind or "", district or "", str(limit)]
        after = cursors.read(request, bound, cursor)

        def look(admitted: Admitted) -> Found:
            found = page(admitted.connection, district=district, kind=kind, after=after, most=limit)
            answer = {
                "needs": found.needs,
                "next": cursors.write(request, bound, found.next),
                "freshness": fresh(admitted.connection),
            }
            leaf = {"what": "list_needs", "persons": found.persons, "kind": kind}
            return Found(answer, len(found.needs), leaf=leaf)

        return guard.nobody(request, said, "needs", look, region=district)

    @router.get("/v1/statistics/needs", **documented("statistics", models.StatisticsAnswer))
    def statistics(
        request: Request, said: Asked, month: Month = None, district: District = None
    ) -> Response:
        """How many needs stand by region and kind; counts below ten are hidden."""
        check_parameters(request)
        first = None if month is None else date.fromisoformat(f"{month}-01")
        if first is not None and first > guard.clock()[0]:
            raise Problem("month-ahead")

        def look(admitted: Admitted) -> Found:
            report = figures.of(first, admitted)
            rows = [row for row in report.rows if district is None or _lies_in(row, district)]
            answer = {
                "on": report.on,
                "known_at": report.known_at,
                "region": district,
                "figures": rows,
                "freshness": fresh(admitted.connection),
            }
            return Found(answer, len(rows), leaf={"month": month, "by": _BY})

        return guard.nobody(request, said, "statistics", look, region=district)

    return router


def _lies_in(row: dict[str, object], district: str) -> bool:
    place = str(row["district"] if len(district) > 4 else row["region"])  # noqa: PLR2004
    return place == district
