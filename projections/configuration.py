"""What the hub runs with, on record: one leaf each time it is another than before.

    lock of the transaction -> the last leaf's digest -> one leaf, if it differs -> COMMIT

A crash before the commit leaves nothing, and the next start finds the difference again.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import psycopg

from projections.leaves import leave
from schemas.errors import TransientError
from schemas.ids import canonical_json

WHAT: Final = "configuration"
_LOCK: Final = "SELECT pg_advisory_xact_lock(%s, 1)"
_CLASS: Final = 0x6875_6208  # as the integrator's, which takes one number
_LAST: Final = """
SELECT body ->> 'sha256' FROM kept.audit_leaves
 WHERE kind = 'configuration' AND body ->> 'what' = %s ORDER BY id DESC LIMIT 1
"""


def put_on_record(dsn: str, parts: Mapping[str, str], who: str) -> bool:
    """Leave what the hub runs with, unless the last leaf says the same; return whether it is new.

    Args:
        dsn: of the hub's database.
        parts: digests and names, no secret among them.
        who: the component that starts, or the command.

    Raises:
        TransientError: the database does not answer.
    """
    digest = sha256(canonical_json(parts)).hexdigest()
    try:
        with psycopg.connect(dsn, connect_timeout=5) as connection:
            connection.execute(_LOCK, [_CLASS])
            last: tuple[Any, ...] | None = connection.execute(_LAST, [WHAT]).fetchone()
            previous = None if last is None else last[0]
            if previous == digest:
                return False
            body = {"what": WHAT, "who": who, "sha256": digest, "previous": previous, **parts}
            leave(connection, "configuration", body)
            return True
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error
