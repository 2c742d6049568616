"""Our worker with nothing on record: no Merkle root over a chunk's records, and no leaf.

There is no such switch in the hub. This is the contestant beside which the row ``audit`` says what
being on record costs; all else is the worker as it is.
"""

from __future__ import annotations

import sys
from typing import Any

from ops.bench import ours
from projections import chunk_store, merkle
from streams import lane


class _NoTree:
    """In the place of ``projections.merkle``, in this process alone."""

    @staticmethod
    def root(_: object) -> bytes:
        return merkle.EMPTY  # the generator that would give the leaves is never begun


async def _not_on_record(*_: Any) -> None:
    return


def main(path: str) -> None:
    """Run the worker until stopped."""
    setattr(lane, "merkle", _NoTree)  # noqa: B010 - no part of the hub may be replaced elsewhere
    setattr(chunk_store, "put_on_record", _not_on_record)  # noqa: B010
    ours.main(path)


if __name__ == "__main__":
    main(sys.argv[1])
