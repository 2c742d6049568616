"""Wait until erasures are carried out: published, stored, done in the key store. Reads only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import psycopg

from projections.erasures import Decided
from projections.keystore import PostgresKeyStore
from schemas.errors import PermanentError, TransientError

_POLL_SECONDS: Final = 0.3
_STORED: Final = "SELECT DISTINCT event_id FROM live.facts WHERE event_id = ANY (%s::uuid[])"
_REFUSED: Final = "SELECT EXISTS (SELECT FROM live.quarantined WHERE event_id = ANY (%s::uuid[]))"


class Coming:
    """How far decisions have come."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        keystore: PostgresKeyStore,
        decided: Sequence[Decided],
    ) -> None:
        self._connection = connection
        self._keystore = keystore
        self._all = [one.event_id for one in decided]
        # A refusal changes nothing: to be stored is all that becomes of it.
        self._effects = {one.event_id for one in decided if one.category.rule.decision != "refuse"}

    def wait(self, seconds: float, show: Callable[[str], None]) -> None:
        """Return once everything is carried out; ``show`` learns how far it is.

        Raises:
            TransientError: it takes longer; the decisions stand all the same.
            PermanentError: an event was quarantined.
        """
        until = time.monotonic() + seconds
        while True:
            stored, done = self._look()
            if stored == len(self._all) and done == len(self._effects):
                return
            stage = f"{stored} of {len(self._all)} stored, {done} of {len(self._effects)} done"
            show(stage)
            if time.monotonic() >= until:
                raise TransientError(
                    f"the decisions stand ({stage}); see `hub status`. To wait again, say the same "
                    "again: nothing is decided twice"
                )
            time.sleep(_POLL_SECONDS)

    def _look(self) -> tuple[int, int]:
        if self._connection.execute(_REFUSED, [self._all]).fetchone() == (True,):
            raise PermanentError("the workers refused an event; see docs/worker.md")
        stored = len(self._connection.execute(_STORED, [self._all]).fetchall())
        return stored, len(self._keystore.is_done(list(self._effects)))
