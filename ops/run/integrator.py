"""Run the integrator."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event as Flag

from ops.audit.place import log_folder, signer
from ops.settings import Settings
from projections.tlog import integrator


def run(settings: Settings, stop: Flag) -> None:
    """Publish the audit log until ``stop`` is set.

    Raises:
        TransientError: the database does not answer, or the disk is full.
        PermanentError: the table is not the one that was published.
    """
    integrator.run(
        settings.audit_dsn,
        log_folder(settings),
        signer=signer(settings),
        audit_key=settings.secrets.audit_key,
        stop=stop,
        now=lambda: datetime.now(UTC),
    )
