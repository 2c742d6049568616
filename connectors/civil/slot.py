"""Create the replication slot, or make sure that it is the one the checkpoint speaks of.

A slot that was dropped and created again skips what was written in between, in silence; so
does one that somebody else has read from. Both are found by one comparison: the server must not
have been told of a place beyond the checkpoint.

Order of effects when there is no checkpoint:

    temporary slot -> a logical message into its history -> copied to the slot's own name

The slot thus begins with our message. A crash before the copy leaves nothing (a temporary slot ends
with its connection); after it, the next start finds the message still unconfirmed, which proves
that nobody has read from the slot, and goes on with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg

from connectors.civil.cursor import CivilCursor, Place, Progress, lsn_text, parse_lsn
from connectors.civil.pgoutput import Message, decode
from connectors.civil.stream import System
from connectors.civil.tables import FIRST_TABLE
from schemas.errors import PermanentError

MARK_SLOT: Final = "hub.slot"  # prefix of the message that a slot of ours begins with

_AGAIN: Final = (
    "To begin again: stop the connector, drop the slot, delete the connector's checkpoint, start "
    "it; it reads a new snapshot. See docs/civil-connector.md"
)
_STATE: Final = """
    SELECT plugin, database = current_database(), temporary, confirmed_flush_lsn::text,
           wal_status = 'lost'
    FROM pg_replication_slots WHERE slot_name = %s
"""
_FIRST_MESSAGES: Final = """
    SELECT data
    FROM pg_logical_slot_peek_binary_changes(
        %s, NULL, 1000, 'proto_version', '1', 'publication_names', %s, 'messages', 'true')
    WHERE get_byte(data, 0) = ascii('M')
"""


@dataclass(frozen=True, slots=True)
class _Slot:
    plugin: str
    here: bool  # in this database
    temporary: bool
    confirmed_lsn: int
    lost: bool  # the server has removed log that the slot needs


def begin(
    connection: psycopg.Connection[Any], system: System, slot: str, publication: str
) -> CivilCursor:
    """Return the cursor at the very beginning: a slot of our own that nobody has read from.

    Raises:
        PermanentError: a slot of that name exists and was used, so changes were confirmed that no
            checkpoint knows of.
    """
    found = _find(connection, slot)
    if found is None:
        _create(connection, slot)
        found = _find(connection, slot)
        assert found is not None
    elif not _is_unused(connection, slot, found, publication):
        raise PermanentError(
            f"slot {slot} exists (confirmed up to {lsn_text(found.confirmed_lsn)}) but the hub has "
            "no checkpoint for it: either another hub reads from it, or the checkpoint was lost. "
            f"What was confirmed may be in no topic. {_AGAIN}"
        )
    return CivilCursor(
        system=system.identifier,
        timeline=system.timeline,
        slot=slot,
        consistent_lsn=found.confirmed_lsn,
        place=Place(found.confirmed_lsn),
        snapshot=Progress(FIRST_TABLE, None),
    )


def check(
    connection: psycopg.Connection[Any], system: System, slot: str, cursor: CivilCursor
) -> None:
    """Return if the server still holds everything after ``cursor``.

    Raises:
        PermanentError: it does not; the text says what was found, what is lost, and what to do.
    """
    at = cursor.place.lsn
    if cursor.system != system.identifier:
        raise PermanentError(
            f"this is database system {system.identifier}, the checkpoint is of {cursor.system}: "
            f"another server, whose log has other places. Connect to the right one. {_AGAIN}"
        )
    if cursor.timeline != system.timeline:
        raise PermanentError(
            f"the server is on timeline {system.timeline}, the checkpoint is of {cursor.timeline}: "
            "a standby was promoted or a backup restored, and what was committed after the switch "
            f"on the old timeline may be lost there. {_AGAIN}"
        )
    if cursor.slot != slot:
        raise PermanentError(
            f"the checkpoint is of slot {cursor.slot}, the setting names {slot}: set it back. "
            f"{_AGAIN}"
        )
    found = _find(connection, slot)
    if found is None or found.temporary:
        raise PermanentError(
            f"slot {slot} is gone; changes after {lsn_text(at)} can no longer be read. {_AGAIN}"
        )
    if found.lost:
        raise PermanentError(
            f"the server removed log that slot {slot} needs (max_slot_wal_keep_size); changes "
            f"after {lsn_text(at)} are lost. {_AGAIN}"
        )
    if found.plugin != "pgoutput" or not found.here:
        raise PermanentError(
            f"slot {slot} belongs to another plugin or database; it is not the one we created. "
            f"{_AGAIN}"
        )
    if found.confirmed_lsn > at:
        raise PermanentError(
            f"slot {slot} is confirmed up to {lsn_text(found.confirmed_lsn)}, beyond the "
            f"checkpoint at {lsn_text(at)}: the slot was created again, or another reader moved "
            f"it. Changes between the two are lost to the stream. {_AGAIN}"
        )
    end = _value(connection, "SELECT pg_current_wal_insert_lsn()::text")
    if parse_lsn(end) < at:
        raise PermanentError(
            f"the server's log ends at {end}, before the checkpoint at {lsn_text(at)}: it was set "
            f"back to an earlier state. {_AGAIN}"
        )


def _find(connection: psycopg.Connection[Any], slot: str) -> _Slot | None:
    row = connection.execute(_STATE, (slot,)).fetchone()
    if row is None:
        return None
    plugin, here, temporary, confirmed, lost = row
    return _Slot(plugin or "", bool(here), temporary, parse_lsn(confirmed or "0/0"), bool(lost))


def _create(connection: psycopg.Connection[Any], slot: str) -> None:
    draft = f"{slot}_{connection.info.backend_pid}"
    connection.execute(
        "SELECT pg_create_logical_replication_slot(%s, 'pgoutput', temporary => true)", (draft,)
    )
    connection.execute("SELECT pg_logical_emit_message(true, %s, %s::text)", (MARK_SLOT, slot))
    connection.execute(
        "SELECT pg_copy_logical_replication_slot(%s, %s, temporary => false)", (draft, slot)
    )
    connection.execute("SELECT pg_drop_replication_slot(%s)", (draft,))


def _is_unused(
    connection: psycopg.Connection[Any], slot: str, found: _Slot, publication: str
) -> bool:
    if found.plugin != "pgoutput" or not found.here or found.temporary or found.lost:
        return False
    for (data,) in connection.execute(_FIRST_MESSAGES, (slot, publication)):
        message = decode(bytes(data))
        if isinstance(message, Message) and message.prefix == MARK_SLOT:
            return message.content == slot.encode()
    return False


def _value(connection: psycopg.Connection[Any], query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])
