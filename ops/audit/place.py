"""Where the audit log lies, and who signs it."""

from __future__ import annotations

from pathlib import Path

from ops.settings import Settings
from projections.tlog.note import Signer
from schemas.errors import PermanentError


def log_folder(settings: Settings) -> Path:
    """Return the folder that outsiders may read in full: no person is named in it."""
    return settings.home / "audit"


def signer(settings: Settings) -> Signer:
    """Return who signs the log.

    Raises:
        SettingsError: its key is missing.
        PermanentError: the origin cannot be a key's name.
    """
    try:
        return Signer.of(settings.audit_origin, settings.secrets.log_key)
    except ValueError as error:
        raise PermanentError(f"HUB_AUDIT_ORIGIN: {error}") from None
