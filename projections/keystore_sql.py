"""The key store's tables, and the statements of those who read and make keys.

``sealing_keys``: a row for each owner and class; its key is wrapped under the key of ``epoch``.
``key_epochs``: one of them is ``current``; nothing is wrapped under another any more.
``key_restrictions``: what may be opened for some bases only.
``key_erasures``: which erasure events were carried out here. They stand with the keys, so that a
store put back from an old backup lacks them too, and they are carried out again.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

LOCK: Final = 0x6875_6209  # "hub", 9: who rotates

_DDL: Final = """
CREATE TABLE IF NOT EXISTS sealing_keys (
    owner uuid NOT NULL,                -- person id, or a quarantine entry's own id
    class text NOT NULL,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'erased', 'never')),
    wrapped bytea,                      -- nonce and AES-256-GCM, bound to owner and class
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, class),
    CHECK ((state = 'active') = (wrapped IS NOT NULL))
);
ALTER TABLE sealing_keys
    ADD COLUMN IF NOT EXISTS epoch integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS erased_at timestamptz,
    ADD COLUMN IF NOT EXISTS erased_by uuid;         -- the event that decided it
CREATE TABLE IF NOT EXISTS key_epochs (
    epoch integer PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('current', 'retired', 'destroyed')),
    began_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz
);
CREATE UNIQUE INDEX IF NOT EXISTS key_epochs_current ON key_epochs (state) WHERE state = 'current';
INSERT INTO key_epochs (epoch, state)
    SELECT 0, 'current' WHERE NOT EXISTS (SELECT FROM key_epochs);
CREATE TABLE IF NOT EXISTS key_restrictions (
    event_id uuid PRIMARY KEY,          -- the event that decided it
    owner uuid NOT NULL,
    class text NOT NULL,
    basis text NOT NULL,                -- why it is kept
    until date,                         -- the last day; null: until it is erased
    readable_for text[] NOT NULL        -- the bases for which it may still be opened
);
CREATE INDEX IF NOT EXISTS key_restrictions_owner ON key_restrictions (owner, class);
CREATE TABLE IF NOT EXISTS key_erasures (
    event_id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
"""
# The pipeline makes keys and carries out what was decided; the API opens what it may show.
# FOR SHARE wants a right to UPDATE, if only of a column that decides nothing.
_PRIVILEGES: Final = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_pipeline') THEN
        GRANT SELECT, INSERT, UPDATE (state, wrapped, erased_at, erased_by)
            ON sealing_keys TO hub_pipeline;
        GRANT SELECT, UPDATE (began_at) ON key_epochs TO hub_pipeline;
        GRANT SELECT, INSERT ON key_restrictions, key_erasures TO hub_pipeline;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_api') THEN
        GRANT SELECT ON sealing_keys, key_epochs, key_restrictions TO hub_api;
    END IF;
END $$
"""
SELECT: Final = """
SELECT owner, class, wrapped, epoch FROM sealing_keys
  JOIN unnest(%s::uuid[], %s::text[]) AS wanted (owner, class) USING (owner, class)
"""
# Of whom something was erased: what a law kept of them opens for nobody once its time is over.
RESTRICTED: Final = """
SELECT owner, class, until, readable_for,
       EXISTS (SELECT FROM sealing_keys s WHERE s.owner = r.owner AND s.state <> 'active')
  FROM key_restrictions r
  JOIN unnest(%s::uuid[], %s::text[]) AS wanted (owner, class) USING (owner, class)
"""
# In the order of the key: two creators at once wait for each other and never in a circle. The
# epoch is held until the commit: a rotation begins after it, and then the row is there to be
# wrapped anew; or it has begun, and nothing is inserted.
INSERT: Final = """
WITH held AS (
    SELECT epoch FROM key_epochs WHERE state = 'current' AND epoch = %s FOR SHARE
)
INSERT INTO sealing_keys (owner, class, wrapped, epoch)
SELECT fresh.*, held.epoch FROM held, unnest(%s::uuid[], %s::text[], %s::bytea[]) AS fresh
ON CONFLICT DO NOTHING
"""
HAS_BEGUN: Final = """
SELECT EXISTS (SELECT FROM sealing_keys WHERE state = 'active')
    OR EXISTS (SELECT FROM key_epochs WHERE epoch > 0)
"""
CURRENT: Final = "SELECT epoch FROM key_epochs WHERE state = 'current'"
ERASE: Final = """
INSERT INTO sealing_keys (owner, class, state, wrapped, erased_at, erased_by)
SELECT DISTINCT ON (owner, class) owner, class, 'never', NULL::bytea, %s::timestamptz, event_id
  FROM unnest(%s::uuid[], %s::text[], %s::uuid[]) AS decided (owner, class, event_id)
ON CONFLICT (owner, class) DO UPDATE
   SET state = 'erased', wrapped = NULL, erased_at = excluded.erased_at,
       erased_by = excluded.erased_by
 WHERE sealing_keys.state = 'active'
"""
DONE: Final = """
INSERT INTO key_erasures (event_id) SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING
"""
IS_DONE: Final = "SELECT event_id FROM key_erasures WHERE event_id = ANY (%s::uuid[])"
RESTRICT: Final = """
INSERT INTO key_restrictions (event_id, owner, class, basis, until, readable_for)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def initialise(dsn: str) -> None:
    """Create the tables, or bring those of before epochs up to date; idempotent."""
    with psycopg.connect(dsn) as connection:
        prepare(connection)


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Do the same in a transaction that is open."""
    connection.execute("SELECT pg_advisory_xact_lock(7301)")  # IF NOT EXISTS races otherwise
    connection.execute("SET LOCAL client_min_messages = warning")
    connection.execute(_DDL)
    connection.execute(_PRIVILEGES)
