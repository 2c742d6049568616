"""Run the clock: queue whoever is due, and look again.

What it writes is rows of the queue, one transaction a look: a crash leaves nothing of it or all of
it, and the next look, by whichever process, queues nobody twice. It keeps no state of its own.
Erasures that operators decided are carried out here, too; ``projections.erasures`` says how.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from threading import Event as Flag
from typing import Any, Final

import psycopg

from ops.keystore import open_keystore
from ops.secret_files import PIPELINE
from ops.settings import Settings
from projections.erasures import carry_out
from projections.keystore import PostgresKeyStore
from projections.needs_store import NeedsStore, connect
from schemas import retention
from schemas.errors import TransientError
from schemas.retention import Rule
from streams.clock import Clock
from streams.rules.uz import PACK

log = logging.getLogger(__name__)

_IDLE_SECONDS: Final = 5.0  # how often the calendar and the tax registry are looked at
_BUSY_SECONDS: Final = 0.5  # while more may be due than the queue takes at a time


def run(settings: Settings, stop: Flag) -> None:
    """Queue whoever is due until ``stop`` is set.

    Raises:
        TransientError: the database does not answer, or the virtual clock moves the date.
    """
    try:
        with (
            closing(connect(settings.pipeline_dsn)) as connection,
            closing(open_keystore(settings, PIPELINE)) as keystore,
        ):
            store = NeedsStore(connection)
            if not store.take_time(alone=False):
                raise TransientError("`hub clock run` moves the date; it must end first")
            clock = Clock(store, PACK, settings.partitions)
            rules = retention.load()
            while not stop.is_set():
                queued = clock.queue_due(settings.today, datetime.now(UTC))
                if queued:
                    log.info("due_queued", extra={"households": queued})
                _carry_out_erasures(connection, keystore, rules)
                stop.wait(_BUSY_SECONDS if queued else _IDLE_SECONDS)
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def _carry_out_erasures(
    connection: psycopg.Connection[Any], keystore: PostgresKeyStore, rules: Mapping[str, Rule]
) -> None:
    """Destroy the keys that operators decided to destroy; what fails waits for the next look."""
    try:
        done = carry_out(connection, keystore, rules, datetime.now(UTC))
    except TransientError:
        log.warning("erasures_wait")
        return
    if done:
        log.info("erasures_carried_out", extra={"events": done})
