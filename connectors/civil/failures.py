"""Say what PostgreSQL's errors mean to us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from schemas.errors import HubError, PermanentError, TransientError

# SQLSTATE classes that a retry can mend: connection, resources, intervention, system, and
# object_in_use (the slot is still held by a connection that died).
_PASSING: Final = ("08", "53", "57", "58", "40", "55006", "55P03")


@contextmanager
def registry_errors(doing: str) -> Iterator[None]:
    """Turn psycopg's errors within into ours; ``doing`` says where, for the text.

    Raises:
        TransientError: the server does not answer, or may answer later.
        PermanentError: the server refuses.
    """
    try:
        yield
    except psycopg.Error as error:
        raise failure(doing, error.sqlstate, type(error).__name__) from error


def failure(doing: str, sqlstate: str | None, name: str) -> HubError:
    """Return the error for a refusal; the server's own words may quote a row and stay out."""
    if sqlstate is None or sqlstate.startswith(_PASSING):
        return TransientError(
            f"the civil registry's database does not answer ({doing}: {sqlstate or name})"
        )
    return PermanentError(
        f"the civil registry's database refused us ({doing}: {sqlstate}, {name}); "
        "see its log and docs/civil-connector.md"
    )
