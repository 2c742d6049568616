"""What can be asked of one person: needs, reasons, facts, household, history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from projections import rights_context
from projections.http import models
from projections.http.documented import documented
from projections.http.guard import Admitted, Found, Guard
from projections.http.parameters import Asked, AsOf, KnownAt, Mode, Person, check_parameters
from projections.moments import JUDGED, SAID, Moment, MomentError, moment
from projections.past_queries import Judge, PastReading
from projections.present import present
from projections.problems import Problem

_PERSON: Final = "/v1/persons/{person}"


@dataclass(frozen=True, slots=True)
class _Dates:
    """What a question says of its day and moment, as it was sent."""

    as_of: str | None
    known_at: str | None
    mode: str | None


async def _dates(as_of: AsOf = None, known_at: KnownAt = None, mode: Mode = None) -> _Dates:
    return _Dates(as_of, known_at, mode)


async def _days(as_of: AsOf = None, known_at: KnownAt = None) -> _Dates:
    return _Dates(as_of, known_at, JUDGED)


async def _said(known_at: KnownAt = None) -> _Dates:
    return _Dates(None, known_at, SAID)


Dates = Annotated[_Dates, Depends(_dates)]
Days = Annotated[_Dates, Depends(_days)]
SaidBy = Annotated[_Dates, Depends(_said)]


def routes(guard: Guard, judge: Judge) -> APIRouter:
    """Return the routes that ask about one person on a day, as known at a moment."""
    router = APIRouter(tags=["persons"])
    ask = _Asking(guard, judge)

    @router.get(f"{_PERSON}/needs", **documented("needs", models.NeedsAnswer))
    def needs(request: Request, person: Person, said: Asked, dates: Dates) -> Response:
        """Needs with reasons and evidence: as they stand, as they were said, or judged again."""
        at = ask.when(request, dates)
        if at.mode == JUDGED or dates.known_at is not None:
            return guard.person(
                request, said, "needs", person, ask.look("needs", person, at, dates)
            )
        return guard.person(request, said, "needs", person, lambda admitted: _stand(admitted, at))

    @router.get(f"{_PERSON}/needs/{{need}}/reason", **documented("reason", models.NeedsAnswer))
    def reason(request: Request, person: Person, need: UUID, said: Asked) -> Response:
        """Why one need was found: its conditions, their values, and the events behind them."""
        at = ask.when(request, _Dates(None, None, None))
        look = lambda admitted: _only(_stand(admitted, at), need)  # noqa: E731
        return guard.person(request, said, "needs", person, look)

    @router.get(f"{_PERSON}/facts", **documented("facts", models.FactsAnswer))
    def facts(request: Request, person: Person, said: Asked, dates: Days) -> Response:
        """The facts that held, with those sealed blocks that your rights cover."""
        look = ask.look("facts", person, ask.when(request, dates), dates)
        return guard.person(request, said, "facts", person, look)

    @router.get(f"{_PERSON}/household", **documented("household", models.HouseholdAnswer))
    def household(request: Request, person: Person, said: Asked, dates: Dates) -> Response:
        """Who was counted together with the person."""
        look = ask.look("household", person, ask.when(request, dates), dates)
        return guard.person(request, said, "household", person, look)

    @router.get(f"{_PERSON}/history", **documented("history", models.HistoryAnswer))
    def history(request: Request, person: Person, said: Asked, dates: SaidBy) -> Response:
        """Everything that was said of the person's needs, and what caused it."""
        look = ask.look("history", person, ask.when(request, dates), dates)
        return guard.person(request, said, "history", person, look)

    return router


@dataclass(frozen=True, slots=True)
class _Asking:
    """Questions about a day and a moment."""

    guard: Guard
    judge: Judge

    def when(self, request: Request, dates: _Dates) -> Moment:
        """Return the moment that is asked for.

        Raises:
            Problem: there is no such moment.
        """
        check_parameters(request)
        today, now = self.guard.clock()
        try:
            return moment(dates.as_of, dates.known_at, dates.mode, today=today, now=now)
        except MomentError as error:
            raise Problem(error.name) from None

    def look(
        self, name: str, person: UUID, at: Moment, dates: _Dates
    ) -> Callable[[Admitted], Found]:
        """Return what answers a question that has a name, in the transaction that is open."""

        def look(admitted: Admitted) -> Found:
            judging = rights_context.judging
            reading = PastReading(admitted.connection, self.judge, person, at, judging)
            answer: dict[str, Any] = getattr(reading, name)()
            rows = answer[name]
            if dates.known_at is None:
                # Now: a moment in it would make every answer another one.
                answer["known_at"] = None
            number = len(rows) if isinstance(rows, list) else int(rows is not None)
            return Found(answer, number, admitted.is_known_at(at.known_at), at.leaf())

        return look


def _stand(admitted: Admitted, at: Moment) -> Found:
    """Return the needs as they stand."""
    assert admitted.subject is not None
    answer = present(admitted.connection, admitted.subject.person)
    return Found(answer, len(answer["needs"]), admitted.is_known_at(at.known_at), at.leaf())


def _only(found: Found, need: UUID) -> Found:
    """Return one need of those that were found, with what it rests on."""
    rows = [row for row in found.answer["needs"] if row["need"] == need]
    cited = {event for row in rows for event in row["evidence"]}
    found.answer |= {
        "needs": rows,
        "near_misses": [],
        "evidence": [row for row in found.answer["evidence"] if row["event_id"] in cited],
    }
    found.rows = len(rows)
    found.leaf = {**found.leaf, "need": need}
    found.problem = "" if rows else "need-unknown"
    return found
