"""Run an assessor: wait for the registries, then empty the queue and keep it empty."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from datetime import UTC, datetime
from threading import Event as Flag
from typing import Final

import psycopg

from ops.settings import Settings
from projections.keystore import PostgresKeyStore
from projections.needs_store import NeedsStore, connect
from schemas.errors import TransientError
from schemas.ids import Keys
from streams.assessor import Assessor
from streams.rules.uz import PACK

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.1
_READY_SECONDS: Final = 0.5
_DUE_SECONDS: Final = 5.0  # how often the calendar and the tax registry are looked at


def run(settings: Settings, stop: Flag) -> None:
    """Judge whoever is queued until ``stop`` is set.

    Raises:
        TransientError: a database does not answer; nothing was half done.
    """
    secrets = settings.secrets
    keys = Keys(secrets.person_key, secrets.event_key, secrets.digest_key)
    keystore = PostgresKeyStore(settings.keys_dsn, secrets.wrapping_key)
    try:
        with closing(keystore), closing(connect(settings.hub_dsn)) as connection:
            store = NeedsStore(connection)
            assessor = Assessor(store, keystore, keys, PACK, settings.partitions)
            _wait(assessor, stop)
            _work(assessor, settings, stop)
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def _wait(assessor: Assessor, stop: Flag) -> None:
    """Nothing is concluded before every registry was read completely once."""
    while not stop.is_set() and not assessor.is_ready():
        stop.wait(_READY_SECONDS)
    log.info("assessor_ready")


def _work(assessor: Assessor, settings: Settings, stop: Flag) -> None:
    looked_at = float("-inf")
    while not stop.is_set():
        on = settings.today
        if time.monotonic() - looked_at >= _DUE_SECONDS:
            looked_at = time.monotonic()
            assessor.queue_due(on, datetime.now(UTC))
        began = time.monotonic()
        batch = assessor.assess_batch(on, datetime.now(UTC))
        if batch is None:
            stop.wait(_POLL_SECONDS)
            continue
        log.info(
            "causes_assessed",
            extra={
                "causes": batch.causes,
                "households": batch.households,
                "needs": batch.said,
                "milliseconds": round((time.monotonic() - began) * 1000),
            },
        )
