"""How far the history has been read; JSON, stored with every page. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from connectors.health.bundle import instant
from connectors.source import Cursor
from schemas.errors import PermanentError

# Beyond these, the oldest are forgotten: their repeats are published again, with the same id.
MAX_KEYS: Final = 10_000  # near the newest instant
MAX_OLDER_KEYS: Final = 2_000  # that come again when pages shift

_KEY_BYTES: Final = 9


def key_of(source_key: str) -> str:
    """Return the form in which the cursor keeps a version that was read."""
    digest = hashlib.sha256(source_key.encode()).digest()
    return base64.urlsafe_b64encode(digest[:_KEY_BYTES]).decode()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a poll is. A poll reads the history from ``since`` on, newest first."""

    since: datetime | None = None  # None: from the beginning
    link: str | None = None  # the next page of this poll; None: its first
    newest: datetime | None = None  # on the first page of this poll
    server: datetime | None = None  # the server's clock on that page
    found: bool = False  # this poll found something new
    seen: tuple[str, ...] = ()  # read before, at or after ``since``
    fresh: tuple[
        str, ...
    ] = ()  # read in this poll, so near its newest that the next one rereads it
    older: tuple[str, ...] = ()  # others read in this poll, the last ones only
    stated: date | None = None  # how far completeness was stated; None: never yet

    def known(self) -> set[str]:
        """Return the versions that are not to be published again."""
        return {*self.seen, *self.fresh, *self.older}

    def restarted(self) -> Place:
        """Return the place at the beginning of the same poll."""
        return replace(self, link=None, newest=None, server=None)

    def finished(self, overlap: timedelta) -> Place:
        """Return the place at the beginning of the next poll."""
        if self.newest is None:  # nothing read, or nothing that says when it was written
            seen = tuple(dict.fromkeys((*self.fresh, *self.seen)))[:MAX_KEYS]
            return Place(since=self.since, seen=seen, stated=self.stated)
        begin = self.newest - overlap
        since = begin if self.since is None else max(self.since, begin)
        return Place(since=since, seen=self.fresh, stated=self.stated)

    def with_read(self, fresh: Iterable[str], older: Iterable[str]) -> Place:
        """Return the place after a page with these versions."""
        near = dict.fromkeys((*self.fresh, *fresh))
        far = dict.fromkeys((*self.older, *older))
        return replace(self, fresh=tuple(near)[:MAX_KEYS], older=tuple(far)[-MAX_OLDER_KEYS:])

    def cursor(self) -> Cursor:
        value = {
            "v": 1,
            "since": _text(self.since),
            "link": self.link,
            "newest": _text(self.newest),
            "server": _text(self.server),
            "found": self.found,
            "seen": self.seen,
            "fresh": self.fresh,
            "older": self.older,
            "stated": self.stated and self.stated.isoformat(),
        }
        return Cursor(json.dumps(value, separators=(",", ":")))

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        """Return the place that ``cursor`` names; None is the beginning.

        Raises:
            PermanentError: it is no cursor of this source.
        """
        if cursor is None:
            return cls()
        try:
            value: dict[str, Any] = json.loads(cursor)
            if value["v"] != 1:
                raise ValueError("another version")
            return cls(
                since=instant(value["since"]),
                link=value["link"],
                newest=instant(value["newest"]),
                server=instant(value["server"]),
                found=value["found"],
                seen=tuple(value["seen"]),
                fresh=tuple(value["fresh"]),
                older=tuple(value["older"]),
                stated=value["stated"] and date.fromisoformat(value["stated"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError("the checkpoint is no cursor of the health history") from error


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
