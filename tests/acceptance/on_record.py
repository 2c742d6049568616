"""The audit log while everything dies, and after it."""

from __future__ import annotations

import time

import psycopg

from ops.audit.checking import check
from ops.audit.place import log_folder, signer
from ops.settings import Settings

_PATIENCE_SECONDS = 180.0


def unpublished(settings: Settings) -> int:
    """Return how many leaves no checkpoint speaks of; all, before the first checkpoint."""
    path = log_folder(settings) / "checkpoint"
    size = signer(settings).read(path.read_bytes()).size if path.exists() else 0
    with psycopg.connect(settings.hub_dsn) as connection:
        row = connection.execute("SELECT count(*) FROM kept.audit_leaves").fetchone()
    assert row is not None
    return int(row[0]) - size


def the_log_is_whole(settings: Settings) -> int:
    """Wait until all is published, check all of it against the table; return its size."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while unpublished(settings):
        assert time.monotonic() < deadline, "the audit log does not catch up"
        time.sleep(0.2)
    vkey, audit_key = signer(settings).verifier_key, settings.secrets.audit_key
    return check(settings.hub_dsn, log_folder(settings), vkey, audit_key).checkpoint.size
