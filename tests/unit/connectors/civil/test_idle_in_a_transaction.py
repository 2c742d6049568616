"""A transaction that was read in part keeps its place, whatever the server says meanwhile."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from connectors.civil.changes import Changes
from connectors.civil.cursor import CivilCursor, Place, load
from connectors.civil.session import CivilSettings, Session
from tests.unit.connectors.civil.messages import begin, death, insert, relation


class Stream:
    """Gives what it was given, then nothing."""

    def __init__(self, *payloads: bytes) -> None:
        self.payloads = deque(payloads)
        self.reached = 100
        self.asked = False

    def read(self, _: float) -> bytes | None:
        return self.payloads.popleft() if self.payloads else None


class Sql:
    def execute(self, *_: object) -> None: ...


def test_a_keep_alive_inside_a_transaction_does_not_move_the_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sql: Any = Sql()
    monkeypatch.setattr("connectors.civil.session.psycopg.connect", lambda *_, **__: sql)
    opened = Session(CivilSettings(dsn="", heartbeat_seconds=0.0))
    stream: Any = Stream(begin(500), relation(), insert(death("d1")))
    opened._stream = stream
    opened._cursor = CivilCursor("s", 1, "hub_civil", 100, Place(100), None)
    opened._changes = Changes(Place(100))

    half = opened.next_page(0.2)
    stream.reached, stream.asked = 400, True
    idle = opened.next_page(0.0)

    assert half is not None
    assert load(half.cursor).place == Place(100, 500, 1)
    assert idle is None
