"""Who works at this machine, as leaves name them: the login, and what it asks for."""

from __future__ import annotations

import getpass

from projections.queries import Reader

PURPOSE = "operations"  # of whoever runs the hub: no agency's


def login() -> str:
    """Return the login of whoever runs this command."""
    return getpass.getuser()


def reader(command: str, reason: str | None = None) -> Reader:
    """Return what a leaf says of a reading on this machine.

    Args:
        command: which asks, such as "hub person show".
        reason: why, in the operator's words; None: not said.
    """
    said: dict[str, object] = {"who": login(), "purpose": PURPOSE, "by": command}
    return said if reason is None else said | {"reason": reason}
