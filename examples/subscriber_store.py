"""What a subscriber of a feed must do, whatever client it reads with. Copy it; it needs no package.

A record of the feed has a number: 1, 2, 3 and so on, without a gap. The effect of a record and the
number that comes next are committed in one transaction, so after ``kill -9`` at any moment nothing
is lost and nothing counts twice. A record that comes again is known by its number. A number that is
missing is looked for in the topic of resends; if it is not there, the subscriber stops and says so.
"""

from __future__ import annotations

import configparser
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ENDED, WITHHELD = "feed.ended", "feed.withheld"
# Exit codes.
STOPPED_BY_A_GAP = 3
NOT_LET_IN = 4
CUT_OFF = 5


class Line(NamedTuple):
    """One record of the feed, as it came."""

    number: int  # header feed_number
    kind: str  # header ce_type: an event type, feed.ended or feed.withheld
    offset: int  # in its topic
    value: bytes  # Confluent wire format


class Feed(NamedTuple):
    """What the ini file says."""

    bootstrap: str
    user: str
    password: str
    ca_file: str | None
    schemas_url: str
    agency: str
    store: Path

    @property
    def topic(self) -> str:
        return f"feed.{self.agency}.v1"

    @property
    def resend_topic(self) -> str:
        return f"feed.{self.agency}.resend.v1"


class GapError(Exception):
    """Numbers are missing from the feed, and the topic of resends does not have them."""


class SchemasError(Exception):
    """The schema gateway does not let us in, or does not answer."""


def read_settings(path: str) -> Feed:
    """Return what the file says; other files in it are meant beside it."""
    ini, here = configparser.ConfigParser(), Path(path).parent
    with Path(path).open(encoding="utf-8") as file:
        ini.read_file(file)
    kafka, ca_file = ini["kafka"], ini["kafka"].get("ca_file")
    return Feed(
        bootstrap=kafka["bootstrap"],
        user=kafka["user"],
        password=(here / kafka["password_file"]).read_text("utf-8").strip(),
        ca_file=str(here / ca_file) if ca_file else None,
        schemas_url=ini["schemas"]["url"],
        agency=ini["feed"]["agency"],
        store=here / ini["feed"]["store"],
    )


class Store:
    """Effects and position, in one SQLite file. Yours may be any database with transactions."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE IF NOT EXISTS position ("
            " one INTEGER PRIMARY KEY CHECK (one = 1), next_number INTEGER, next_offset INTEGER);"
            "INSERT OR IGNORE INTO position VALUES (1, 1, 0);"
            "CREATE TABLE IF NOT EXISTS record ("
            " number INTEGER PRIMARY KEY, kind TEXT, person TEXT, change TEXT, body TEXT)"
        )

    def position(self) -> tuple[int, int]:
        """Return the number and the offset that come next."""
        found: tuple[int, int] = self.db.execute(
            "SELECT next_number, next_offset FROM position"
        ).fetchone()
        return found

    def take(self, line: Line, record: dict[str, Any], *, from_feed: bool) -> bool:
        """Commit the effect of a record and the position behind it; False: it was there before.

        A crash before COMMIT leaves neither, after it both. Of a record that was sent again the
        offset is another topic's and says nothing about the feed.
        """
        self.db.execute("BEGIN IMMEDIATE")
        try:
            next_number, _ = self.position()
            is_next = line.number == next_number
            if is_next:
                effect(self.db, line, record)
                self.db.execute("UPDATE position SET next_number = ?", (line.number + 1,))
            if from_feed and line.number <= next_number:
                self.db.execute("UPDATE position SET next_offset = ?", (line.offset + 1,))
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")
        return is_next


def effect(db: sqlite3.Connection, line: Line, record: dict[str, Any]) -> None:
    """Do what you do with a record. Here it is kept; put your own work in its place."""
    body = json.dumps(record, default=as_text, ensure_ascii=False)
    person = as_text(record["person"]) if "person" in record else None
    db.execute(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?)",
        (line.number, line.kind, person, record.get("change"), body),
    )


def as_text(value: object) -> str:
    """Return bytes in hexadecimal, and times and dates as ISO writes them."""
    return value.hex() if isinstance(value, bytes) else str(value)


def follow(
    lines: Iterable[Line],
    resent: Callable[[], Iterable[Line]],
    decode: Callable[[bytes], dict[str, Any]],
    store: Store,
) -> str | None:
    """Take every record in the order of its number, until the feed ends.

    Args:
        lines: the feed, from the stored offset on.
        resent: reads the whole topic of resends.
        decode: from the value to the record.
        store: where effects and position are kept.

    Returns:
        Why the feed ended, or None if there are no more lines.

    Raises:
        GapError: records are missing and have not been sent again.
    """
    for line in lines:
        number, _ = store.position()
        if line.number > number:
            for missing in fill(number, line.number - 1, resent()):
                store.take(missing, decode(missing.value), from_feed=False)
        record = decode(line.value)
        if store.take(line, record, from_feed=True):
            print(f"{line.number} {line.kind}", flush=True)
        if line.kind == ENDED:
            return str(record["rule"])
    return None


def fill(first: int, last: int, resent: Iterable[Line]) -> Iterator[Line]:
    """Return records ``first`` to ``last``, in order, of those that were sent again.

    Raises:
        GapError: not all of them are there; none was returned.
    """
    found = {line.number: line for line in resent if first <= line.number <= last}
    absent = [number for number in range(first, last + 1) if number not in found]
    if absent:
        raise GapError(
            f"records {absent[0]} to {absent[-1]} of the feed are missing: ask for a resend"
            f" (POST /v1/feed/resends with first {absent[0]} and last {absent[-1]}, or the hub's"
            " operator: hub agency resend), then start this again"
        )
    return (found[number] for number in range(first, last + 1))


def main(run: Callable[[Feed, Store], str | None], refusals: tuple[type[Exception], ...]) -> int:
    """Run a subscriber with the ini file that is its argument; returns the exit code."""
    feed = read_settings(sys.argv[1] if len(sys.argv) > 1 else "subscriber.ini")
    try:
        rule = run(feed, Store(feed.store))
    except GapError as gap:
        print(gap, file=sys.stderr)
        return STOPPED_BY_A_GAP
    except (SchemasError, *refusals) as refusal:
        print(f"no way in as {feed.user}: {refusal}", file=sys.stderr)
        return NOT_LET_IN
    if rule is None:
        print("the feed cannot be read any more; start this again", file=sys.stderr)
        return CUT_OFF
    print(f"the feed ended: {rule}")
    return 0
