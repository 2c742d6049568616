"""What is still under way is told apart from what is lost."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from ops.settings import Settings
from ops.verify.compare import compare
from ops.verify.pending import behind, incomplete, unread
from ops.verify.report import Report, report_on
from ops.verify.run import verify
from schemas.errors import PermanentError
from tests.unit.ops.verify.makers import EVENT_KEY
from tests.unit.ops.verify.worlds import world


def test_the_newest_records_that_are_missing_are_pending_older_ones_are_lost() -> None:
    whole = world()
    health = next(source for source in whole.sources if source.registry == "health")
    newest, oldest = whole.topics.events, list(whole.topics.events)
    whole.topics.events = [e for e in newest if e.type != "health.disability_assessed"]
    assert behind(health, whole.topics, EVENT_KEY)

    whole.topics.events = [e for e in oldest if e.type != "health.patient_linked"]
    assert not behind(health, whole.topics, EVENT_KEY)


def test_a_partition_that_is_not_read_to_its_end_is_pending() -> None:
    whole = world()
    assert not unread(whole.topics, whole.tables)

    row = whole.tables.progress[0]
    whole.tables.progress[0] = row._replace(next_offset=1)

    assert len(unread(whole.topics, whole.tables)) == 1


def test_a_registry_that_never_said_that_it_is_complete_is_pending() -> None:
    whole = world()
    assert not incomplete(whole.topics)

    whole.topics.events = [
        event
        for event in whole.topics.events
        if (event.type, event.source) != ("hub.source_complete", "tax")
    ]

    assert incomplete(whole.topics) == ["tax: the connector has not finished its first read"]


def test_work_under_way_ends_with_3_and_says_what_waits() -> None:
    report = Report(pending=["3 causes wait for the assessor"])
    said = Console(record=True, file=io.StringIO())

    report.show(said)

    assert (report.outcome, report.exit_code) == ("not settled", 3)
    assert "not settled: 3 causes wait for the assessor" in said.export_text()
    assert report.as_json()["verify"] == "not settled"


def test_a_report_shows_the_counts_of_each_registry_and_the_needs() -> None:
    whole = world()
    report = report_on(whole, compare(whole), 1.0)
    said = Console(record=True, file=io.StringIO(), width=100)

    report.show(said)

    shown = said.export_text()
    assert all(word in shown for word in ("civil", "tax", "health", "lonely_care", "equal"))
    civil = report.counts["civil"]
    assert civil.source_records == civil.published + civil.suppressed + civil.quarantined


def test_a_check_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, cache=tmp_path)

    with pytest.raises(PermanentError, match="no check is called weather"):
        verify(settings, only="weather")
    with pytest.raises(PermanentError, match="needs the ledger"):
        verify(settings, only="known-people", with_ledger=False)
    with pytest.raises(PermanentError, match="no ledger under the home"):
        verify(settings, only="known-people")
