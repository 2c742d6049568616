"""What is still under way is told apart from what is lost."""

from __future__ import annotations

from ops.verify.pending import behind, incomplete, unread
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
