"""The statements of the chunk store, and the session they run in."""

from __future__ import annotations

from typing import Final

from projections import leaves
from projections.chunk_rows import COLUMNS

IDLE_SECONDS: Final = 5  # a frozen worker's locks are gone after this
LOCK_SECONDS: Final = 5  # then the chunk is tried again

# One join only, against a primary key; the temporary table has no statistics to plan it by.
SESSION: Final = {
    "application_name": "hub-worker",
    "options": (
        f"-c idle_in_transaction_session_timeout={IDLE_SECONDS}s"
        f" -c lock_timeout={LOCK_SECONDS}s"
        " -c statement_timeout=60s"
        " -c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off"
        " -c jit=off -c temp_buffers=32MB"
    ),
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "tcp_user_timeout": "30000",  # milliseconds
}

CREATE_CHUNK: Final = (
    "CREATE TEMPORARY TABLE chunk ("
    + ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
    + ") ON COMMIT DELETE ROWS"
)

COPY: Final = "COPY pg_temp.chunk FROM STDIN (FORMAT binary)"

LOCK_GENERATION: Final = "SELECT number FROM kept.generation FOR SHARE"

INSERT_PROGRESS: Final = """
INSERT INTO live.progress
    (topic, partition, cluster_id, topic_id, next, epoch, partition_sequence)
VALUES (%s, %s, %s, %s, 0, 0, 0) ON CONFLICT DO NOTHING
"""

CLAIM: Final = """
UPDATE live.progress SET epoch = epoch + 1, updated_at = now()
WHERE topic = %s AND partition = %s
RETURNING epoch, next, partition_sequence, unnumbered, cluster_id, topic_id
"""

LOCK_PROGRESS: Final = """
SELECT next, epoch FROM live.progress WHERE topic = %s AND partition = %s FOR UPDATE
"""

INSERT_FIRST_FACTS: Final = """
INSERT INTO live.facts (
    event_id, ordinal, person, kind, value, sealed, sensitivity, valid_from, valid_to, known_from,
    record, version, change, digest, topic, partition, "offset"
)
SELECT
    event_id, ordinal, person, kind, value, sealed, sensitivity, valid_from, valid_to, known_from,
    record, version, change, digest, %s, %s, "offset" FROM pg_temp.chunk WHERE ordinal = 0
ORDER BY event_id, "offset" ON CONFLICT DO NOTHING
"""

INSERT_FURTHER_FACTS: Final = """
INSERT INTO live.facts (
    event_id, ordinal, person, kind, value, sealed, sensitivity, valid_from, valid_to, known_from,
    record, version, change, digest, topic, partition, "offset"
)
SELECT
    event_id, ordinal, person, kind, value, sealed, sensitivity, valid_from, valid_to, known_from,
    record, version, change, digest, %s, %s, "offset" FROM pg_temp.chunk WHERE ordinal > 0
ORDER BY event_id, ordinal
"""

# An event of the chunk is known if the fact of its id was stated at another place.
KNOWN_EVENTS: Final = """
SELECT c."offset", c.event_id, c.digest = f.digest
FROM pg_temp.chunk c JOIN live.facts f ON f.event_id = c.event_id AND f.ordinal = 0
WHERE c.ordinal = 0 AND (f.topic, f.partition, f."offset") IS DISTINCT FROM (%s, %s, c."offset")
"""

FORGET_KNOWN: Final = """
DELETE FROM pg_temp.chunk WHERE "offset" = ANY (%s)
"""

INSERT_CLOSURES: Final = """
INSERT INTO live.closures (event_id, record, version, change, known_from)
SELECT event_id, record, version, change, known_from
FROM pg_temp.chunk WHERE ordinal = 0 AND closes ORDER BY event_id
"""

# A chunk names each person once, by the first event; the assessor finds out which one it was.
INSERT_CAUSES: Final = """
INSERT INTO live.causes (person, record, event_id)
(SELECT DISTINCT ON (person) person, NULL::uuid, event_id
 FROM pg_temp.chunk ORDER BY person, "offset")
UNION ALL
(SELECT DISTINCT ON (record) NULL::uuid, record, event_id
 FROM pg_temp.chunk WHERE ordinal = 0 AND closes ORDER BY record, "offset")
"""

# Whoever has facts of the record replaced is judged again: its annulment counts now. The event that
# is named may still be on its way; then its own arrival queues them, and finds this row.
INSERT_REPLACEMENTS: Final = """
WITH fresh (event_id, replaced, known_from) AS (
    SELECT event_id, replaced, timestamptz 'epoch' + known_from * interval '1 microsecond'
      FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[]) AS f (event_id, replaced, known_from)
), stored AS (
    INSERT INTO live.replacements (event_id, replaced, known_from) SELECT * FROM fresh
)
INSERT INTO live.causes (replaced, event_id) SELECT replaced, event_id FROM fresh
"""

INSERT_COMPLETION: Final = """
INSERT INTO live.completeness
    (event_id, registry, partition, through, snapshot, known_from, digest)
VALUES (%s, %s, %s, date '1970-01-01' + %s::int, %s,
        timestamptz 'epoch' + %s * interval '1 microsecond', %s)
ON CONFLICT DO NOTHING
"""

COMPLETION_DIGEST: Final = "SELECT digest FROM live.completeness WHERE event_id = %s"

INSERT_QUARANTINED: Final = """
INSERT INTO live.quarantined (topic, partition, "offset", entry, rule, field, event_id)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

INSERT_OUTBOX: Final = "INSERT INTO kept.outbox (kind, body) VALUES ('quarantine', %s)"

INSERT_LEAF: Final = leaves.INSERT

ADVANCE: Final = """
UPDATE live.progress
SET next = %s, partition_sequence = %s, unnumbered = %s, events = events + %s,
    suppressed = suppressed + %s, quarantined = quarantined + %s, updated_at = now()
WHERE topic = %s AND partition = %s AND next = %s AND epoch = %s
"""
