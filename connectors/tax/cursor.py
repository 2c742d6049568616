"""How far the drop folder has been applied; JSON, stored with every page. Pure.

It names every file that was ever applied (about 35 bytes each: five years of some thousand files
stay far below Kafka's megabyte), because only the whole list can tell a duplicate delivery.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from connectors.source import Cursor
from schemas.errors import PermanentError

_DIGEST_BYTES = 16  # of the SHA-256; enough to tell files apart


def brief(sha256: str) -> str:
    """Return the form in which the cursor keeps a hash."""
    return base64.urlsafe_b64encode(bytes.fromhex(sha256)[:_DIGEST_BYTES]).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Applied:
    """A pair of files that is applied and may still lie in the inbox."""

    manifest: str  # name of the manifest file
    mark: str  # what the file system says of it; another delivery has another mark
    file: str  # name of the data file
    file_mark: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Current:
    """A file that is being published."""

    number: int
    sha256: str
    next_row: int


@dataclass(frozen=True, slots=True)
class Place:
    """What a cursor holds."""

    applied: Mapping[int, str] = field(default_factory=dict)  # manifest number -> brief hash
    current: Current | None = None
    leaving: tuple[Applied, ...] = ()  # to be moved to done
    closed: str | None = None  # the latest month that was closed
    stated: date | None = None  # how far completeness was stated; None: never yet

    def cursor(self) -> Cursor:
        value = {
            "v": 1,
            "applied": {str(number): digest for number, digest in self.applied.items()},
            "current": self.current
            and [self.current.number, self.current.sha256, self.current.next_row],
            "leaving": [[a.manifest, a.mark, a.file, a.file_mark, a.sha256] for a in self.leaving],
            "closed": self.closed,
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
            value = json.loads(cursor)
            if value["v"] != 1:
                raise ValueError("another version")
            return cls(
                applied={int(number): digest for number, digest in value["applied"].items()},
                current=value["current"] and Current(*value["current"]),
                leaving=tuple(Applied(*row) for row in value["leaving"]),
                closed=value["closed"],
                stated=value["stated"] and date.fromisoformat(value["stated"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PermanentError("the checkpoint is no cursor of the tax drop folder") from error
