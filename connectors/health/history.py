"""Poll a FHIR server's history: every version published, whatever moves while we read.

A poll reads ``_history?_since=`` page by page, newest first. Order of effects, and what a crash
right after each means:

    1. fetch a page         nothing happened; it is fetched again
    2. publish it           (relay: one transaction with the cursor) the cursor holds the next link,
                            and the poll goes on there
    3. the last page        the cursor begins the next poll: from the newest instant on the *first*
                            page of this one, less the overlap

Writes while we page push entries to later pages: they are met twice, and dropped by type, id and
version. What is written behind us has a later instant than the first page showed, so the next poll
meets it. The overlap covers what a server shows late, and equal instants; polls follow each other
until one finds nothing new. A next link that is no longer known begins the poll again.

Only repeats that the cursor no longer remembers are published again, with the id they had.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from connectors.health.bundle import Bundle, parse_bundle
from connectors.health.cursor import Place, key_of
from connectors.health.entry import Placed
from connectors.health.entry import place as placed_entry
from connectors.health.oauth import Tokens
from connectors.health.wire import Wire
from connectors.source import Complete, Cursor, Page, SourceRecord
from schemas.errors import PermanentError, TransientError

log = logging.getLogger(__name__)

PAGE_SIZE: Final = 500
OVERLAP: Final = timedelta(seconds=60)
POLL_SECONDS: Final = 2.0
TIMEOUT_SECONDS: Final = 30.0
LIMIT_BYTES: Final = 8 << 20

_MAX_OLD_PAGES: Final = 20  # without anything new, before the cursor is stored all the same
_MAX_RESTARTS: Final = 5  # of a poll without a page in between; then the relay backs off
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class _GoneError(Exception):
    """The server does not know this link, or no longer."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What one request brought."""

    place: Place
    records: tuple[SourceRecord, ...] = ()
    complete: Complete | None = None
    suppressed: int = 0
    not_ours: int = 0
    ends: bool = False  # a poll that found something

    @property
    def is_worth_a_page(self) -> bool:
        return bool(self.records or self.not_ours or self.complete or self.ends)


class HealthSource:
    """A ``Source`` over ``<url>/fhir/_history``."""

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        page_size: int = PAGE_SIZE,
        overlap: timedelta = OVERLAP,
        poll_seconds: float = POLL_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        base = httpx.URL(url.rstrip("/"))
        if base.scheme != "https" and base.host not in _LOOPBACK:
            raise PermanentError("the health registry's URL must be https")
        self._history = base.copy_with(path=base.path.rstrip("/") + "/fhir/_history")
        self._wire = Wire(
            clock=clock, sleep=sleep, timeout_seconds=timeout_seconds, limit_bytes=limit_bytes
        )
        token_url = str(base.copy_with(path=base.path.rstrip("/") + "/token"))
        self._tokens = Tokens(self._wire, token_url, client_id, client_secret, clock)
        self._clock = clock  # seconds, monotonic
        self._sleep = sleep
        self._page_size = page_size
        self._overlap = overlap
        self._poll_seconds = poll_seconds
        self._poll_at = clock()  # not before; set by a poll that found nothing
        self._restarts = 0

    def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
        """Return the next page that holds anything new; see ``Source``."""
        at = Place.of(cursor)
        deadline = self._clock() + wait_seconds
        suppressed = fetched = 0
        while True:
            if at.link is None and not self._may_poll(deadline):
                return None
            step = self._step(at)
            suppressed += step.suppressed
            fetched += 1
            if step.is_worth_a_page or fetched > _MAX_OLD_PAGES:
                return Page(
                    records=step.records,
                    cursor=step.place.cursor(),
                    complete=step.complete,
                    suppressed=suppressed,
                    not_ours=step.not_ours,
                )
            at = step.place
            if at.link is None:
                suppressed = fetched = 0  # repeats of a poll that finds nothing new are no news

    def committed(self, cursor: Cursor) -> None:
        """Nothing to let go of: the registry keeps its history."""

    def close(self) -> None:
        self._wire.close()

    def _may_poll(self, deadline: float) -> bool:
        """Wait until a poll may begin; return False if that is after ``deadline``."""
        wait = self._poll_at - self._clock()
        if wait <= 0:
            return True
        remaining = max(0.0, deadline - self._clock())
        self._sleep(min(wait, remaining))
        return wait <= remaining

    def _step(self, at: Place) -> _Step:
        """Fetch one page and return what it brought."""
        try:
            bundle = parse_bundle(self._get(self._url(at)))
        except _GoneError:
            return self._restarted(at)
        self._restarts = 0 if at.link else self._restarts
        step = _taken(at, bundle, self._overlap)
        if bundle.next_link is not None:
            return replace(step, place=replace(step.place, link=bundle.next_link))
        if not step.place.found:
            self._poll_at = self._clock() + self._poll_seconds
        complete = _complete(step.place)
        after = step.place.finished(self._overlap)
        if complete is not None:
            after = replace(after, stated=complete.through)
        return replace(step, place=after, complete=complete, ends=step.place.found)

    def _restarted(self, at: Place) -> _Step:
        if at.link is None:
            raise PermanentError("the health registry has no _history under its URL; check it")
        self._restarts += 1
        if self._restarts > _MAX_RESTARTS:
            self._restarts = 0
            raise TransientError("the health registry's links expire before they can be followed")
        log.info("history_poll_restarted", extra={"attempt": self._restarts})
        return _Step(at.restarted())

    def _url(self, at: Place) -> str:
        if at.link is None:
            query = {"_count": str(self._page_size)}
            if at.since is not None:
                query["_since"] = _instant_text(at.since)
            return str(self._history.copy_merge_params(query))
        try:
            link = self._history.join(at.link)
        except httpx.InvalidURL as error:
            raise PermanentError("the health registry's next link is no URL") from error
        if (link.scheme, link.host, link.port) != (
            self._history.scheme,
            self._history.host,
            self._history.port,
        ):
            raise PermanentError(
                "the health registry's next link leads to another server, which gets no token; "
                "have its base URL mended"
            )
        return str(link)

    def _get(self, url: str) -> bytes:
        """Return the body of an answer 200; a refused token is renewed once.

        Raises:
            _GoneError: 404 or 410.
        """
        answer = self._wire.send("GET", url, headers=self._bearer())
        if answer.status == httpx.codes.UNAUTHORIZED:
            self._tokens.forget()
            answer = self._wire.send("GET", url, headers=self._bearer())
        if answer.status in {httpx.codes.NOT_FOUND, httpx.codes.GONE}:
            raise _GoneError
        if answer.status != httpx.codes.OK:
            raise PermanentError(f"the health registry answered {answer.status} to _history")
        return answer.body

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens.token()}"}


def _taken(at: Place, bundle: Bundle, overlap: timedelta) -> _Step:
    """Return what of ``bundle`` is new, and the place after it, its link aside. Pure."""
    entries = [placed_entry(text) for text in bundle.entries]
    newest = at.newest
    if newest is None:
        newest = max((e.updated_at for e in entries if e.updated_at), default=None)
    known = at.known()
    fresh: list[str] = []
    older: list[str] = []
    news: list[Placed] = []
    for entry in entries:
        key = key_of(entry.record.source_key)
        near = newest is None or entry.updated_at is None or entry.updated_at >= newest - overlap
        (fresh if near else older).append(key)
        if key not in known:
            known.add(key)
            news.append(entry)
    records = tuple(entry.record for entry in reversed(news) if entry.ours)
    after = at.with_read(fresh, older)
    after = replace(
        after,
        newest=newest,
        server=at.server or bundle.updated_at or newest,
        found=at.found or bool(news),
    )
    return _Step(
        after,
        records,
        suppressed=len(entries) - len(news),
        not_ours=len(news) - len(records),
    )


def _complete(at: Place) -> Complete | None:
    """Return what the end of the poll at ``at`` states: the first one, then once a day."""
    if at.server is None:
        return None  # an empty history on a server that tells no time
    through = at.server.date()
    if at.stated is None:
        return Complete(through, snapshot=True)
    return Complete(through, snapshot=False) if through > at.stated else None


def _instant_text(at: datetime) -> str:
    """Return a FHIR instant, cut to milliseconds: earlier, never later."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
