"""A bad record's way out: its original sealed, its place and rule in clear."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Protocol

import orjson

from projections.chunk_store import Quarantined
from schemas.ids import Keys, text
from streams.chunk import Place
from streams.judgement import Bad


class Sealer(Protocol):
    """Seals what may hold anything. Called from a thread; may take its time."""

    def seal_quarantine(self, entry_id: bytes, original: bytes) -> bytes:
        """Return ``original`` sealed under the entry's own key, which is durable on return.

        Raises:
            TransientError: the key store does not answer.
        """
        ...


async def quarantined(
    sealer: Sealer, keys: Keys, place: Place, bad: Bad, original: bytes | None
) -> Quarantined:
    """Return the bad record ready to be stored.

    The outbox body is JSON of what a ``hub.quarantine_entry`` holds, ``original`` in base64; the
    relay adds ``recorded_at``.
    """
    where = f"{place.topic}/{place.partition}/{bad.offset}"
    entry = keys.quarantine_id("hub", where)
    sealed = await asyncio.to_thread(sealer.seal_quarantine, entry, original or b"")
    body = {
        "id": text(entry),
        "source": place.topic,
        "source_key": where,
        "rule": bad.rule,
        "field": bad.field,
        "original": b64encode(sealed).decode(),
    }
    return Quarantined(bad.offset, entry, bad.rule, bad.field, bad.event_id, orjson.dumps(body))
