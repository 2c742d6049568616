"""Which secrets may change, and which change was begun: ``home/secrets/next``.

The new value lies there before anything else knows it and until everything does. So whatever a
crash leaves behind, one of two files has what the server takes, and the command goes on with it.
"""

from __future__ import annotations

import secrets as random_bytes
from pathlib import Path
from typing import Final

from ops.secret_files import (
    BROKER,
    DATABASE_ROLES,
    KAFKA_PRINCIPALS,
    SECRET_BYTES,
    kafka_file,
    write_secret,
)
from projections.folders import sync_folder
from schemas.errors import PermanentError

TOKEN_KEY: Final = "token_key"  # noqa: S105 - its name
_NEXT: Final = "next"

PRINCIPALS: Final = {kafka_file(each): each for each in (BROKER, *KAFKA_PRINCIPALS)}
CHANGEABLE: Final = (*PRINCIPALS, *DATABASE_ROLES, TOKEN_KEY)
# Why not, and what to do instead.
UNCHANGEABLE: Final = {
    "person_key": "every person's id is made under it: with another one everybody would be "
    "somebody new, in every table, topic and feed. If it got out, ids can be computed from "
    "national numbers: guard the tables; there is no other remedy",
    "event_key": "every event's id is made under it: with another one each event that a registry "
    "sends again would count as new",
    "digest_key": "repeats are told from changes by digests made under it: with another one every "
    "repeat would look like a change",
    "pseudonym_key": "agencies know people by pseudonyms made under it: with another one nobody "
    "could join what comes with what came. For one agency, begin a new agency: `hub agency add`",
    "audit_key": "the log's leaves name people by pseudonyms made under it, and published leaves "
    "are made again byte by byte: with another one the log would contradict itself",
    "log_key": "outsiders check the audit log with its public half: under another one it is "
    "another log. If it got out, publish that day's checkpoint widely; who has kept one finds "
    "any other history out. The hub cannot sign with two keys yet",
    "wrapping_key": "keys of people are wrapped under epochs: `hub keys rotate` begins a new one",
    "epochs": "`hub keys rotate` begins a new epoch and destroys the old one",
    "fhir_client_secret": "the health registry gave it: ask there for a new one, and write it "
    "into the file; connector-health reads it when it starts",
}


def refuse_unchangeable(name: str) -> None:
    """Return if ``name`` may change.

    Raises:
        PermanentError: it may not, or is no secret; the text says what to do instead.
    """
    if name in CHANGEABLE:
        return
    if name in UNCHANGEABLE:
        raise PermanentError(f"{name} is never changed: {UNCHANGEABLE[name]}")
    if name.startswith(("agency-", "kafka_agency-")):
        raise PermanentError(f"{name} is an agency's: `hub agency rotate-password`")
    raise PermanentError(f"no secret is called {name}; see `hub secrets list`")


def begin(folder: Path, name: str) -> str:
    """Return what ``name`` becomes: new, or of a change that was begun and not ended."""
    found = begun(folder, name)
    if found is None:
        found = random_bytes.token_hex(SECRET_BYTES)
        write_secret(folder / _NEXT / name, found)
    return found


def begun(folder: Path, name: str) -> str | None:
    """Return what ``name`` is about to become; None: nothing was begun."""
    try:
        return (folder / _NEXT / name).read_text(encoding="ascii")
    except FileNotFoundError:
        return None


def end(folder: Path, name: str) -> None:
    """Forget that ``name`` was about to change: it has."""
    (folder / _NEXT / name).unlink(missing_ok=True)
    sync_folder(folder / _NEXT)


def all_begun(folder: Path) -> list[str]:
    """Return what was begun and not ended: a command was killed on the way."""
    return sorted(path.name for path in (folder / _NEXT).glob("[!.]*"))
