"""Whether the disk has room for a second set of tables; asked before anything is written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from projections.replay_session import Connection
from schemas.errors import PermanentError

_SIZE: Final = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
 WHERE c.relnamespace = 'live'::regnamespace AND c.relkind = 'r'
"""
_FOLDER: Final = "SELECT current_setting('data_directory')"
BYTES_A_RECORD: Final = 900  # facts, their indexes, and what is derived from them
# Beside the tables: sorting for indexes and comparing, and the write-ahead log between checkpoints.
_ASIDE: Final = 0.8
_WAL_BYTES: Final = 3_000_000_000


def needed(connection: Connection, records: int) -> int:
    """Return about how many bytes a rebuild of so many records takes at its widest."""
    row = connection.execute(_SIZE).fetchone()
    live = int(row[0]) if row else 0
    tables = max(live, records * BYTES_A_RECORD)
    return round(tables * (1 + _ASIDE)) + min(_WAL_BYTES, 3 * tables)


def check(connection: Connection, records: int) -> None:
    """Refuse where the disk would run full; a database elsewhere cannot be asked.

    Raises:
        PermanentError: it says how much is missing.
    """
    row = connection.execute(_FOLDER).fetchone()
    folder = Path(str(row[0])) if row else Path()
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return  # another machine's
    wanted = needed(connection, records)
    if free < wanted:
        raise PermanentError(
            f"the rebuild needs about {wanted / 1e9:.1f} GB beside the live tables, and the disk "
            f"of {folder} has {free / 1e9:.1f} GB free; `hub replay --drop-previous` may help"
        )
