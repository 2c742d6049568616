"""Run the sequencer."""

from __future__ import annotations

from threading import Event as Flag

from ops.settings import Settings
from projections import sequencer


def run(settings: Settings, stop: Flag) -> None:
    """Number outbox and audit log until ``stop`` is set.

    Raises:
        TransientError: the database does not answer.
    """
    sequencer.run(settings.pipeline_dsn, stop)
