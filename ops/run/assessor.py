"""Run an assessor: wait for the registries, then empty the queue and keep it empty.

When nobody waits, past months that something became known of are judged again, a person at a time.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from datetime import UTC, date, datetime
from threading import Event as Flag
from typing import Final

import psycopg

from ops.keystore import open_keystore
from ops.secret_files import PIPELINE
from ops.settings import Settings
from projections.needs_store import NeedsStore, connect
from projections.payments_store import PaymentsStore
from schemas.errors import TransientError
from streams.assessor import Assessor
from streams.past import Past
from streams.rejudging import Rejudger
from streams.rules.uz import PACK

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.1
_READY_SECONDS: Final = 0.5
_BACK_SECONDS: Final = 1.0  # while nobody waits: how often past months are


def run(settings: Settings, stop: Flag) -> None:
    """Judge whoever is queued until ``stop`` is set.

    What time alone moves is queued by another process, the clock.

    Raises:
        TransientError: a database does not answer; nothing was half done.
    """
    keys = settings.keys
    keystore = open_keystore(settings, PIPELINE)
    try:
        with closing(keystore), closing(connect(settings.pipeline_dsn)) as connection:
            store = NeedsStore(connection)
            assessor = Assessor(store, keystore, keys, PACK, settings.partitions)
            if not store.take_time(alone=False):
                raise TransientError("`hub clock run` moves the date; it must end first")
            _wait(assessor, stop)
            with closing(PaymentsStore(settings.pipeline_dsn)) as payments:
                past = Past(keystore, PACK, settings.partitions)
                _work(assessor, Rejudger(payments, past), settings, stop)
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error


def _wait(assessor: Assessor, stop: Flag) -> None:
    """Nothing is concluded before every registry was read completely once."""
    while not stop.is_set() and not assessor.is_ready():
        stop.wait(_READY_SECONDS)
    log.info("assessor_ready")


def _work(assessor: Assessor, rejudger: Rejudger, settings: Settings, stop: Flag) -> None:
    looked_back_at = float("-inf")
    while not stop.is_set():
        began = time.monotonic()
        batch = assessor.assess_batch(settings.today, datetime.now(UTC))
        if batch is None:
            if time.monotonic() - looked_back_at < _BACK_SECONDS:
                stop.wait(_POLL_SECONDS)
            elif not _look_back(rejudger, settings.today):
                looked_back_at = time.monotonic()
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


def _look_back(rejudger: Rejudger, on: date) -> bool:
    """Judge one person's past again; False: nobody waits for it."""
    began = time.monotonic()
    rejudged = rejudger.rejudge_one(on, datetime.now(UTC))
    if rejudged is None:
        return False
    log.info(
        "past_judged",
        extra={
            "months": rejudged.months,
            "findings": rejudged.findings,
            "milliseconds": round((time.monotonic() - began) * 1000),
        },
    )
    return True
