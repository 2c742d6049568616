"""The assessor's process works off what speaks of the past, and the command shows what is found."""

from __future__ import annotations

import io
import threading
import time
from contextlib import closing
from dataclasses import replace

import psycopg
from rich.console import Console

from ops.payments import render
from ops.run.api import queries
from ops.run.assessor import run
from ops.settings import Settings, create_secrets
from projections.payment_queries import PaymentQueries
from tests.integration.assessment.country import PARTITIONS
from tests.integration.past.looking_back import ON
from tests.integration.past.timeline import Timeline, moment


def test_from_a_late_correction_to_the_list(
    database: str, family: Timeline, free_settings: Settings
) -> None:
    create_secrets(free_settings.home / "secrets")
    settings = replace(
        free_settings,
        hub_dsn_override=database,
        keys_dsn_override=database,
        today_override=ON,
        partitions=PARTITIONS,
    )
    family.at = moment("2026-03-09")
    family.earns_once("1ali", "2025-10-01", 500_000, version=2)
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(settings, stop))
    thread.start()
    try:
        _wait_for(database)
    finally:
        stop.set()
        thread.join()

    page = io.StringIO()
    with queries(settings) as answers:
        asked = PaymentQueries(answers)
        console = Console(file=page, width=160)
        render(asked.open_by_month(), console)
        render(asked.open_each({"who": "test"}), console, each=True)
    shown = page.getvalue()
    assert "│ 2025-11 │ child_benefit │          1 │ 275,000 │        0 │   0 │" in shown
    assert shown.count("+275,000") == 3
    leaf = family.connection.execute(
        "SELECT body ->> 'what' FROM kept.audit_leaves WHERE kind = 'read'"
    ).fetchall()
    assert leaf == [("payments",)]  # one for each by itself, none for the sums


def _wait_for(database: str) -> None:
    deadline = time.monotonic() + 60
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        while time.monotonic() < deadline:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM live.payment_findings),"
                " (SELECT count(*) FROM live.rejudgements) + (SELECT count(*) FROM live.causes)"
            ).fetchone()
            if row == (3, 0):
                return
            time.sleep(0.1)
    raise AssertionError("nothing was found in time")
