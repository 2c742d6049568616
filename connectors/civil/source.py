"""The civil registry as a source of pages: a snapshot of its tables, and their changes for ever.

Order of effects, and what a crash after each means:

    slot created     nothing was published; the next start goes on with that slot
    page returned    nothing is durable yet; it is read again
    page committed   (by the relay) the next start begins after it
    LSN confirmed    the server may remove its log up to there, which the checkpoint has passed

docs/civil-connector.md has the long form.
"""

from __future__ import annotations

from connectors.civil.cursor import load
from connectors.civil.session import CivilSettings, Session
from connectors.source import Cursor, Page
from schemas.errors import HubError, TransientError


class CivilSource:
    """A Source; it connects when the first page is asked for, and again after any error."""

    def __init__(self, settings: CivilSettings) -> None:
        self._settings = settings
        self._session: Session | None = None

    def next_page(self, cursor: Cursor | None, wait_seconds: float) -> Page | None:
        try:
            if self._session is None or not self._session.goes_on_from(cursor):
                self.close()
                self._session = Session(self._settings)
                if cursor is None:
                    return self._session.begin()
                self._session.resume(load(cursor))
            return self._session.next_page(wait_seconds)
        except HubError:
            self.close()
            raise

    def committed(self, cursor: Cursor) -> None:
        """Confirm the cursor's LSN; a connection that is gone is no loss, the next one confirms."""
        if self._session is not None:
            try:
                self._session.confirm(load(cursor).place.lsn)
            except TransientError:
                self.close()

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def connect(settings: CivilSettings) -> CivilSource:
    """Return the source of the civil registry."""
    return CivilSource(settings)
