"""Who gives a command, for the record."""

from __future__ import annotations

import os
import pwd


def login() -> str:
    """Return the operator's login on this machine; a number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
