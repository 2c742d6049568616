"""A session that the server ended because we fell silent is a matter for a retry."""

from __future__ import annotations

import asyncio

import pytest

from projections import chunk_sql
from projections.chunk_pool import ChunkPool
from projections.chunk_store import Outcome, Quarantined
from projections.migrations import migrate
from schemas.errors import TransientError
from tests.builders import record, some_id
from tests.integration.streams.store_rig import TOPIC, Rig, birth, seal, sent, work


def test_a_worker_that_was_silent_inside_its_transaction_tries_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database)
    rig = Rig(database)
    epoch = rig.claim()
    rig.apply(work([sent(0, record("civil.death_registered", meta={"id": some_id("x")}))], epoch))
    mine = work([sent(1, birth("x", id=some_id("x"), digest=bytes(16)))], epoch)
    monkeypatch.setitem(
        chunk_sql.SESSION, "options", "-c idle_in_transaction_session_timeout=200ms"
    )

    async def frozen(offset: int, event_id: bytes) -> Quarantined:
        await asyncio.sleep(1)
        return await seal(offset, event_id)

    async def scenario(pool: ChunkPool) -> Outcome | None:
        with pytest.raises(TransientError):
            await pool.apply(mine, frozen)
        return await pool.apply(mine, seal)

    assert rig.run(scenario) == Outcome(applied=0, suppressed=0, quarantined=1)
    assert rig.rows("SELECT topic, rule FROM live.quarantined") == [(TOPIC, "conflict")]
