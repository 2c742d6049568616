"""Relay one registry to its topic: every record once, its checkpoint in the same transaction.

Order of effects in ``relay_page``:

    read page -> keys durable -> one Kafka transaction (events, quarantine entries, checkpoint)
    -> tell the source

A crash before the transaction commits leaves nothing but unused keys; the page is read again. A
crash after it repeats nothing, because the next run begins at the checkpoint that the transaction
wrote. The source lets go (confirms an LSN, moves a file) last; if that is lost, the next commit
covers it.

Which crash left what is decided in one place: ``Outlet.open`` fences any other process of this
name, has Kafka finish or abort what it left open, and only then reads the checkpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Flag
from typing import Protocol

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from connectors.compose import Composer
from connectors.messages import Composed, Position
from connectors.source import Page, Source, Translate
from schemas.errors import TransientError

log = logging.getLogger(__name__)


class Outlet(Protocol):
    """Where a connector's transactions go."""

    def open(self) -> Position | None:
        """Fence and settle predecessors; return the committed position, None if there is none.

        Raises:
            TransientError: Kafka does not answer.
        """
        ...

    def publish(self, composed: Composed) -> None:
        """Write all messages in one transaction; durable on return.

        Raises:
            TransientError: not known whether it was committed; ``open`` again before anything else.
            PermanentError: another process has taken over this connector.
        """
        ...

    def close(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class Relay:
    """One registry wired to its topic."""

    composer: Composer
    source: Source
    translate: Translate
    outlet: Outlet
    now: Callable[[], int]  # microseconds since 1970, UTC
    wait_seconds: float = 1.0  # for a page, before looking at the stop flag again
    _position: Position | None = None

    def relay_page(self) -> Page | None:
        """Relay one page; return it, or None if the source had nothing."""
        if self._position is None:
            found = self.outlet.open()
            self._position = found or Position.start(self.composer.partitions)
            if self._position.cursor is not None:
                self.source.committed(self._position.cursor)
        page = self.source.next_page(self._position.cursor, self.wait_seconds)
        if page is None:
            return None
        composed = self.composer.compose(page, self.translate, self._position, self.now())
        try:
            self.outlet.publish(composed)
        except TransientError:
            self._position = None  # what is committed is asked again
            raise
        self._position = composed.position
        self.source.committed(page.cursor)
        log.info(
            "page_relayed",
            extra={
                "connector": self.composer.connector,
                "events": composed.events,
                "quarantined": composed.quarantined,
                "suppressed": page.suppressed,
                "sequence": composed.position.sequence,
            },
        )
        return page

    def run(self, stop: Flag) -> None:
        """Relay until ``stop`` is set; transient errors are retried here and nowhere else.

        Raises:
            PermanentError: a person has to act.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=_wait,
            stop=lambda _: stop.is_set(),
            sleep=lambda seconds: _sleep(stop, seconds),
            before_sleep=self._log_retry,
            reraise=True,
        )
        try:
            while not stop.is_set():
                retrying(self.relay_page)
        except TransientError:
            if not stop.is_set():
                raise
        finally:
            self.outlet.close()
            self.source.close()

    def _log_retry(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.warning(
            "relay_retried",
            extra={
                "connector": self.composer.connector,
                "attempt": state.attempt_number,
                "cause": str(error),  # a TransientError: names place, never a person
            },
        )


_backoff = wait_exponential_jitter(multiplier=0.2, max=15)


def _wait(state: RetryCallState) -> float:
    """Back off, but never come back before the other side said to."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.delay_seconds if isinstance(error, TransientError) else 0.0
    return max(_backoff(state), asked)


def _sleep(stop: Flag, seconds: float) -> None:
    stop.wait(seconds)
