-- What the topics say, one row a fact. Schema `live` is derived: it can be dropped and built again from
-- the topics. Schema `kept` cannot: it is never dropped and never swapped.
-- Nothing here is ever updated but progress and generation; any order of arrival gives the same rows.

CREATE SCHEMA IF NOT EXISTS live;
CREATE SCHEMA IF NOT EXISTS kept;

-- One row. Every writing transaction locks it FOR SHARE, a swap of schemas FOR UPDATE.
CREATE TABLE kept.generation (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number bigint NOT NULL
);
INSERT INTO kept.generation (number) VALUES (1);

-- Effects on record: one leaf each. Numbered by the sequencer once committed.
CREATE TABLE kept.audit_leaves (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint UNIQUE,
    kind text NOT NULL,
    body jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_leaves_unnumbered ON kept.audit_leaves (id) WHERE number IS NULL;

-- What must leave through the needs connector. Numbered by the sequencer once committed.
CREATE TABLE kept.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint UNIQUE,
    kind text NOT NULL CHECK (kind IN ('need', 'quarantine')),
    body bytea NOT NULL,               -- JSON; personal data in it is sealed
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_unnumbered ON kept.outbox (id) WHERE number IS NULL;

CREATE TABLE live.facts (
    event_id uuid NOT NULL,            -- the event that states it
    ordinal smallint NOT NULL,         -- an event states one fact or more
    person uuid NOT NULL,              -- as the event says; facts never move
    kind text NOT NULL,
    value jsonb NOT NULL,              -- clear fields: ids as text, dates as ISO
    sealed bytea,                      -- the event's sealed block, as it came
    sensitivity text,                  -- its class
    valid_from date,                   -- in the world; null: not dated
    valid_to date,                     -- the last day, inclusive, as the registry gave it; null: open
    known_from timestamptz NOT NULL,   -- to us: meta.recorded_at
    record uuid NOT NULL,
    version bigint NOT NULL,           -- of the facts of one record, the highest version holds
    change text NOT NULL,
    digest bytea NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    PRIMARY KEY (event_id, ordinal)
);
CREATE INDEX facts_person ON live.facts (person);
CREATE INDEX facts_record ON live.facts (record);
-- Who was ever at home in a dwelling: WHERE kind = 'residence' AND value->>'dwelling' = $1
CREATE INDEX facts_dwelling ON live.facts ((value->>'dwelling')) WHERE kind = 'residence';

-- An event that is not the first of its record closes every lower version of it, wherever those are.
CREATE TABLE live.closures (
    event_id uuid PRIMARY KEY,         -- the event that closes
    record uuid NOT NULL,
    version bigint NOT NULL,           -- closes facts of the record with a lower version
    change text NOT NULL,
    known_from timestamptz NOT NULL
);
CREATE INDEX closures_record ON live.closures (record);

-- Up to when each registry has stated everything, as each partition of its topic has it.
CREATE TABLE live.completeness (
    event_id uuid PRIMARY KEY,
    registry text NOT NULL,
    partition integer NOT NULL,
    through date NOT NULL,
    snapshot boolean NOT NULL,
    known_from timestamptz NOT NULL,
    digest bytea NOT NULL
);

CREATE TABLE live.progress (
    topic text NOT NULL,
    partition integer NOT NULL,
    cluster_id text NOT NULL,
    topic_id text NOT NULL,
    next bigint NOT NULL,              -- the offset to read next
    epoch bigint NOT NULL,             -- of the claim; another epoch means another owner
    partition_sequence bigint NOT NULL,-- of the last event whose number could be read
    unnumbered bigint NOT NULL DEFAULT 0,  -- records since then whose number could not
    events bigint NOT NULL DEFAULT 0,  -- applied
    suppressed bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);

-- What may have changed an answer. Append-only; the assessor takes and deletes. One of the two is set.
CREATE TABLE live.causes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person uuid,                       -- of a fact
    record uuid,                       -- a closure: whoever has facts of this record
    event_id uuid NOT NULL,            -- the first event of the chunk that moved it
    CHECK ((person IS NULL) <> (record IS NULL))
);
CREATE INDEX causes_person ON live.causes (person);

-- Records of a topic that break the contract; the sealed original leaves through the outbox.
CREATE TABLE live.quarantined (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    entry uuid NOT NULL,
    rule text NOT NULL,
    field text,
    event_id uuid,                     -- where it could be read
    PRIMARY KEY (topic, partition, "offset")
);
