"""A clerk who never stops: seeded changes to the registry while it is being read."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import psycopg

_TABLES = ("death", "birth", "residence")
_HELD = "-held"  # rows that another transaction may not see yet


@dataclass
class Writer:
    """Writes from a thread of its own; knows every revision that it has committed."""

    dsn: str
    seed: int
    revisions: dict[tuple[str, str], int] = field(default_factory=dict)  # of the rows that stand
    stated: list[str] = field(default_factory=list)  # source keys, in order of writing
    _stop: threading.Event = field(default_factory=threading.Event)
    _failed: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._thread = threading.Thread(target=self._run)
        self._next = 0

    def fill(self, rows: int) -> None:
        """Write what is there before anybody reads."""
        with psycopg.connect(self.dsn) as connection:
            for _ in range(rows):
                self._insert(connection)
        self.stated.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._failed:
            raise self._failed[0]

    def _run(self) -> None:
        try:
            with (
                psycopg.connect(self.dsn) as first,
                psycopg.connect(self.dsn) as second,  # its transactions overlap the first's
            ):
                while not self._stop.is_set():
                    self._write(first)
                    if self._random.random() < 0.5:
                        self._insert(second, _HELD)
                    first.commit()
                    if self._random.random() < 0.3:
                        second.commit()
                second.commit()
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            self._failed.append(error)

    def _write(self, connection: psycopg.Connection[Any]) -> None:
        size = self._random.choice((1, 1, 1, 2, 5, 40))
        for _ in range(size):
            choice = self._random.random()
            mine = [key for key in self.revisions if not key[1].endswith(_HELD)]
            if choice < 0.3 or not mine:
                self._insert(connection)
            else:
                key = self._random.choice(mine)
                (self._delete if choice < 0.4 else self._update)(connection, *key)

    def _insert(self, connection: psycopg.Connection[Any], suffix: str = "") -> None:
        table = self._random.choice(_TABLES)
        self._next += 1
        record_id = f"{self._random.randrange(10**6):06}-{self._next}{suffix}"  # any key order
        connection.execute(
            f"INSERT INTO civil.{table} (record_id, revision) VALUES (%s, 1)".encode(), (record_id,)
        )
        self._state(table, record_id, 1)

    def _update(self, connection: psycopg.Connection[Any], table: str, record_id: str) -> None:
        revision = self.revisions[table, record_id] + 1
        connection.execute(
            f"UPDATE civil.{table} SET revision = %s WHERE record_id = %s".encode(),
            (revision, record_id),
        )
        self._state(table, record_id, revision)

    def _delete(self, connection: psycopg.Connection[Any], table: str, record_id: str) -> None:
        connection.execute(f"DELETE FROM civil.{table} WHERE record_id = %s".encode(), (record_id,))
        revision = self.revisions.pop((table, record_id)) + 1
        self.stated.append(f"{table}/{record_id}/{revision}")

    def _state(self, table: str, record_id: str, revision: int) -> None:
        self.revisions[table, record_id] = revision
        self.stated.append(f"{table}/{record_id}/{revision}")
