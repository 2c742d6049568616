"""Where a home may lie."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

_SHARED_HOME: Final = Path("/var/lib/registry-hub")


def default_home(project: Path, user_id: int) -> Path:
    """Return ``<project>/.hub``, or a place the unprivileged database user can enter.

    Started by root, PostgreSQL runs as another user; below a folder that others
    cannot enter (such as ``/root``) it could not reach its own data.
    """
    if user_id != 0 or others_can_enter(project):
        return project / ".hub"
    name = hashlib.sha256(os.fsencode(project)).hexdigest()[:12]
    return _SHARED_HOME / name


def others_can_enter(folder: Path) -> bool:
    """Return whether every existing folder down to ``folder`` lets other users through."""
    return all(
        place.stat().st_mode & 0o001 for place in (folder, *folder.parents) if place.exists()
    )
