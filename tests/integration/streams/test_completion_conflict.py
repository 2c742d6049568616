"""A completion under a known id that says something else."""

from __future__ import annotations

import pytest

from projections.chunk_store import Outcome
from projections.migrations import migrate
from tests.builders import DAY, record, some_id
from tests.integration.streams.store_rig import Rig, sent, work


@pytest.fixture
def rig(database: str) -> Rig:
    migrate(database)
    return Rig(database)


def test_another_completion_under_the_same_id_is_quarantined_and_changes_nothing(rig: Rig) -> None:
    meta = {"id": some_id("done"), "source": "civil"}
    done = record("hub.source_complete", meta=meta, registry="civil")
    other = record(
        "hub.source_complete",
        meta=meta | {"digest": bytes(16)},
        registry="civil",
        through=DAY + 31,
    )

    outcome = rig.apply(work([sent(0, done), sent(1, other)], rig.claim()))

    assert outcome == [Outcome(applied=1, suppressed=0, quarantined=1)]
    assert rig.rows("SELECT rule, event_id FROM live.quarantined") == [
        ("conflict", rig.rows("SELECT event_id FROM live.completeness")[0][0])
    ]
    assert rig.rows(f"SELECT through - date '1970-01-01' = {DAY} FROM live.completeness") == [
        (True,)
    ]
