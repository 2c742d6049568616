"""The ledger is read as it was written."""

from dataclasses import replace
from pathlib import Path

import pytest

from ops.simulator.expectations import ExpectedEvent, ExpectedFault
from ops.simulator.ledger import ExpectedFile, KnownNeed, Ledger, LedgerWriter


def event(source_key: str, phase: str, superseded: bool = False) -> ExpectedEvent:
    registry = "tax" if source_key.startswith("income") else "civil"
    return ExpectedEvent(
        registry, source_key, f"id of {source_key}", "t", "s", "CREATED", "d", phase, superseded
    )


def fault(source_key: str, phase: str) -> ExpectedFault:
    return ExpectedFault("civil", source_key, f"q of {source_key}", "date", "x", "y", phase)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    writer = LedgerWriter(tmp_path)
    backlog = [
        event("person/pe1/1", "backlog", superseded=True),
        event("person/pe1/2", "backlog"),
        event("person/pe2/1", "backlog"),
        event("income/1/1", "backlog"),
    ]
    refused = ExpectedFile("income-1.csv", "refused", "hash", None, 3, "live")
    writer.day(0, [*backlog, fault("birth/bi1/1", "backlog")])
    writer.day(1, [event("person/pe1/3", "live"), refused, event("birth/bi1/2", "live")])
    writer.day(2, [])
    writer.country({"people": 4, "until": "2026-09-30"})
    writer.known({"a.first": "id"}, [KnownNeed("id", "a.first", "child_benefit", 275_000, "why")])
    return Ledger.load(tmp_path)


def test_everything_comes_back_in_order_of_its_day(ledger: Ledger) -> None:
    assert [e.source_key for e in ledger.events][-2:] == ["person/pe1/3", "birth/bi1/2"]
    assert len(ledger.events) == 6
    assert ledger.files[0].reason == "hash"
    assert ledger.known_needs[0].amount == 275_000
    assert ledger.country["people"] == 4


def test_a_superseded_revision_is_not_due(ledger: Ledger) -> None:
    assert "person/pe1/1" not in {e.source_key for e in ledger.due_events()}
    assert len(ledger.due_events()) == 5
    assert len(ledger.due_faults()) == 1


def test_a_backlog_revision_replaced_in_the_live_days_races_with_the_snapshot(
    ledger: Ledger,
) -> None:
    assert ledger.racing() == {"person/pe1/2", "birth/bi1/1"}


def test_what_a_slot_watched_is_certain_and_what_came_before_it_is_not(tmp_path: Path) -> None:
    writer = LedgerWriter(tmp_path)
    unseen, gone, seen = "person/pe1/1", "person/pe2/2", "person/pe3/1"
    writer.day(0, [event("person/pe2/1", "backlog")])
    writer.day(1, [event(unseen, "live"), replace(event(gone, "live"), deletes=True)])
    watched = [event(seen, "live"), event("person/pe3/2", "live"), event("person/pe1/2", "live")]
    watched.append(replace(event("person/pe4/1", "live"), deletes=True))
    writer.day(2, [replace(e, watched=True) for e in watched])
    writer.country({})
    writer.known({}, [])

    assert Ledger.load(tmp_path).racing() == {unseen, "person/pe2/1", gone}


def test_where_no_country_was_written_there_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Ledger.load(tmp_path)
