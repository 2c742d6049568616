"""A row for each event that replaces another record, and whoever it concerns is queued."""

from __future__ import annotations

import pytest

from projections.migrations import migrate
from tests.builders import NOW, some_id
from tests.integration.streams.store_rig import Rig, birth, sent, work

REPLACED = some_id("replaced")


@pytest.fixture
def rig(database: str) -> Rig:
    migrate(database)
    return Rig(database)


def stored(rig: Rig) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    rows = rig.rows(
        "SELECT event_id, replaced, extract(epoch FROM known_from)::bigint FROM live.replacements"
    )
    causes = rig.rows("SELECT replaced, event_id FROM live.causes WHERE replaced IS NOT NULL")
    return (
        [(event.bytes, replaced.bytes, at) for event, replaced, at in rows],
        [(replaced.bytes, event.bytes) for replaced, event in causes],
    )


def test_the_first_event_of_a_record_that_names_another_replaces_it(rig: Rig) -> None:
    epoch = rig.claim()
    rig.apply(work([sent(0, birth("a")), sent(1, birth("b", corrects=REPLACED))], epoch))

    rows, causes = stored(rig)
    assert rows == [(some_id("b"), REPLACED, NOW // 1_000_000)]
    assert causes == [(REPLACED, some_id("b"))]


@pytest.mark.parametrize("change", ["CORRECTED", "ENDED", "ANNULLED"])
def test_a_later_version_names_the_one_before_it(rig: Rig, change: str) -> None:
    again = birth("b", corrects=REPLACED, version=2, change=change)
    rig.apply(work([sent(0, again)], rig.claim()))

    assert stored(rig) == ([], [])


def test_a_repeat_is_not_written_again_and_a_conflict_not_at_all(rig: Rig) -> None:
    epoch = rig.claim()
    first = birth("b", corrects=REPLACED)
    plain = birth("a")
    rig.apply(work([sent(0, plain), sent(1, first)], epoch))
    before = stored(rig)
    conflict = birth("a", corrects=REPLACED, digest=bytes(16))

    rig.apply(work([sent(2, first), sent(3, conflict), sent(4, birth("c"))], epoch))

    assert stored(rig) == before
