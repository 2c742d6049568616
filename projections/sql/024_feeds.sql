-- Agencies' feeds. `kept`: none of it can be made again from the topics of the registries.

-- Which event stands behind which number of a feed: streams/feeds/places.py. A byte or less a number. Written
-- before the numbers are sent; the checkpoint in Kafka says up to where they were.
CREATE TABLE kept.feed_index (
    agency text NOT NULL,
    first bigint NOT NULL,
    last bigint NOT NULL,
    packed bytea NOT NULL,
    PRIMARY KEY (agency, first),
    CHECK (first BETWEEN 1 AND last)
);

-- How an agency signs on to Kafka and to the schema gateway. Of the password only its digest; it has 256 random bits.
CREATE TABLE kept.feed_access (
    agency text PRIMARY KEY REFERENCES kept.agencies,
    password_sha256 bytea CHECK (octet_length(password_sha256) = 32), -- null: locked out
    given_at timestamptz                -- when the password was handed over; null: nobody has it yet
);

-- Parts of a feed that are to be sent again.
CREATE TABLE kept.resends (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agency text NOT NULL REFERENCES kept.agencies,
    first bigint NOT NULL,
    last bigint NOT NULL,
    key text NOT NULL,                 -- the asker's own, so that to ask twice is to ask once
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    ended_at timestamptz,
    rule text,                         -- why it was refused; null: it was carried out
    sent bigint,
    withheld bigint,
    UNIQUE (agency, key),
    CHECK (first BETWEEN 1 AND last)
);
CREATE INDEX resends_waiting ON kept.resends (asked_at, id) WHERE ended_at IS NULL;

-- The relay's role and the API's, where there are any.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_pipeline') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON kept.feed_index TO hub_pipeline;
        GRANT SELECT, UPDATE ON kept.resends TO hub_pipeline;
        GRANT SELECT ON kept.feed_access TO hub_pipeline;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_api') THEN
        GRANT SELECT, INSERT ON kept.resends TO hub_api;
    END IF;
END $$;
