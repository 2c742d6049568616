"""``hub run worker``: events to facts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Protocol

from ops.initialise import schema_ids
from ops.keystore import open_keystore
from ops.run.garbage import collect_rarely
from ops.secret_files import PIPELINE
from ops.settings import Settings
from schemas.sealing import seal_bytes
from schemas.topics import CONSUMED
from streams import app


class KeyStore(Protocol):
    """Where the sealing keys are."""

    def keys(self, wanted: Iterable[tuple[bytes, str]]) -> Mapping[tuple[bytes, str], bytes]: ...


class QuarantineSealer:
    """Seals a bad record under the key of its quarantine entry."""

    def __init__(self, key_store: KeyStore) -> None:
        self._key_store = key_store

    def seal_quarantine(self, entry_id: bytes, original: bytes) -> bytes:
        name = (entry_id, "quarantine")
        return seal_bytes(self._key_store.keys([name])[name], *name, original)


def run(settings: Settings, stop: threading.Event) -> None:
    """Apply events until ``stop`` is set; several workers share the partitions.

    Raises:
        TransientError, PermanentError: what ended it.
    """
    ids = schema_ids(settings)
    key_store = open_keystore(settings, PIPELINE)
    config = app.WorkerConfig(
        client_config=settings.kafka("worker"),
        dsn=settings.pipeline_dsn,
        keys=settings.keys,
        sealer=QuarantineSealer(key_store),
        types={topic: ids.types(topic) for topic in CONSUMED.values()},
    )
    collect_rarely()
    try:
        app.run(config, stop)
    finally:
        key_store.close()
