"""Stream a replication slot: START_REPLICATION through libpq, which psycopg passes through.

psycopg has no replication API. Everything here runs in the caller's thread: the server's
keep-alives are answered, and our own sent by timer, while the caller waits in ``read``. Nothing is
confirmed to the server but what ``confirm`` was told.

Source:
    PostgreSQL 18, "Streaming Replication Protocol".
"""

from __future__ import annotations

import select
import struct
from dataclasses import dataclass
from time import monotonic, time
from typing import Final

import psycopg
from psycopg import pq

from connectors.civil.cursor import lsn_text
from connectors.civil.failures import failure, registry_errors
from schemas.errors import HubError, TransientError

# Text of timestamps must not depend on the server's settings: the snapshot and the stream agree.
SESSION: Final = "-c timezone=UTC -c datestyle=ISO -c client_encoding=UTF8"

_XLOG_DATA: Final = ord("w")
_XLOG_HEADER: Final = 25  # tag, start, end, clock
_KEEP_ALIVE: Final = ord("k")
_KEEP_ALIVE_FORM: Final = struct.Struct(">QqB")
_STATUS_FORM: Final = struct.Struct(">cQQQqB")
_POSTGRES_EPOCH: Final = 946_684_800  # 2000-01-01, in seconds since 1970
_STATUS_SECONDS: Final = 10.0
_ASK_SECONDS: Final = 30.0  # of silence, after which we ask for an answer
_SILENCE_SECONDS: Final = 90.0  # of silence, after which the server counts as gone


@dataclass(frozen=True, slots=True)
class System:
    """Which server's history this is."""

    identifier: str
    timeline: int


class ReplicationStream:
    """One replication connection, from ``start`` to ``close``."""

    def __init__(self, dsn: str) -> None:
        """Connect.

        Raises:
            TransientError: the server does not answer.
            PermanentError: it refuses us.
        """
        with registry_errors("connecting for replication"):
            self._connection = psycopg.connect(
                dsn,
                autocommit=True,
                replication="database",
                options=SESSION,
                application_name="hub civil stream",
                connect_timeout=10,
            )
        self._pg = self._connection.pgconn
        self.reached = 0  # all transactions that end before this LSN have been read
        self.asked = False  # the server wants to hear from us, as it does before it stops
        self._confirmed = 0
        self._heard = self._told = monotonic()

    def identify(self) -> System:
        """Return which server this is; before ``start`` only."""
        with registry_errors("IDENTIFY_SYSTEM"):
            result = self._pg.exec_(b"IDENTIFY_SYSTEM")
        identifier, timeline = result.get_value(0, 0), result.get_value(0, 1)
        if identifier is None or timeline is None:
            raise TransientError("the civil registry's database did not say which it is")
        return System(identifier.decode(), int(timeline))

    def start(self, slot: str, publication: str, lsn: int) -> None:
        """Begin to stream the transactions that were committed at or after ``lsn``.

        Raises:
            TransientError: another connection holds the slot (it may be a dead one of ours).
            PermanentError: the server refuses the slot or publication.
        """
        self._confirmed = self.reached = lsn
        command = (
            f'START_REPLICATION SLOT "{slot}" LOGICAL {lsn_text(lsn)} '
            f"(proto_version '1', publication_names '\"{publication}\"', messages 'true')"
        )
        with registry_errors("START_REPLICATION"):
            result = self._pg.exec_(command.encode())
            if result.status != pq.ExecStatus.COPY_BOTH:
                raise _refusal("START_REPLICATION", result)
            self._pg.nonblocking = 1
            self._send_status()

    def read(self, timeout_seconds: float) -> bytes | None:
        """Return the next pgoutput message; None if none came in time or only a keep-alive did.

        Raises:
            TransientError: the stream broke, or the server has been silent for too long.
            PermanentError: the server ended the stream with a refusal.
        """
        with registry_errors("streaming"):
            length, data = self._pg.get_copy_data(1)
            if length == 0:
                self._status_if_due()
                self._wait(timeout_seconds)
                length, data = self._pg.get_copy_data(1)
            if length < 0:
                raise _refusal("streaming", self._pg.get_result())
        if length == 0:
            return None
        self._heard = monotonic()
        if data[0] == _XLOG_DATA:
            return bytes(data[_XLOG_HEADER:])
        if data[0] == _KEEP_ALIVE:
            self._keep_alive(bytes(data))
        return None

    def confirm(self, lsn: int) -> None:
        """Tell the server that everything before ``lsn`` is durable with us; never goes back."""
        if lsn > self._confirmed:
            self._confirmed = lsn
            with registry_errors("confirming"):
                self._send_status()

    def close(self) -> None:
        """Let go of the slot; idempotent."""
        self._connection.close()

    def _keep_alive(self, data: bytes) -> None:
        end, _, reply = _KEEP_ALIVE_FORM.unpack_from(data, 1)
        self.reached = max(self.reached, end)
        if reply:
            self.asked = True
            with registry_errors("streaming"):
                self._send_status()

    def _status_if_due(self) -> None:
        now = monotonic()
        if now - self._heard > _SILENCE_SECONDS:
            raise TransientError("the civil registry's stream is silent; connecting again")
        if now - self._told > _STATUS_SECONDS:
            self._send_status()

    def _wait(self, timeout_seconds: float) -> None:
        if select.select([self._pg.socket], [], [], min(timeout_seconds, _STATUS_SECONDS))[0]:
            self._pg.consume_input()

    def _send_status(self) -> None:
        now = monotonic()
        ask = now - self._heard > _ASK_SECONDS
        clock = int((time() - _POSTGRES_EPOCH) * 1_000_000)
        lsn = self._confirmed
        self._put(_STATUS_FORM.pack(b"r", lsn, lsn, lsn, clock, ask))
        self._told = now

    def _put(self, message: bytes) -> None:
        """Send without blocking for ever: while the server does not read, read what it sends."""
        deadline = monotonic() + _ASK_SECONDS
        sent = self._pg.put_copy_data(message) == 1
        while not sent or self._pg.flush() == 1:
            if monotonic() > deadline:
                raise TransientError("the civil registry's database does not take our replies")
            readable, _, _ = select.select([self._pg.socket], [self._pg.socket], [], 1.0)
            if readable:
                self._pg.consume_input()
            sent = sent or self._pg.put_copy_data(message) == 1


def _refusal(doing: str, result: pq.abc.PGresult | None) -> HubError:
    state = result.error_field(pq.DiagnosticField.SQLSTATE) if result is not None else None
    return failure(doing, state.decode() if state else None, "ended")
