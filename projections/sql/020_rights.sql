-- Who was granted what. `kept`: never derived, never swapped. Row security on `live` rests on these tables,
-- so whoever only answers questions (hub_api) reads them and writes none: docs/rights.md.

-- Whoever connects: no password and no login here; `hub up` and compose give both. Roles belong to the cluster,
-- and another database of it may be brought up at this very moment.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['hub_pipeline', 'hub_api', 'hub_audit', 'hub_stats', 'hub_judge', 'hub_rights'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- somebody was faster
            END;
        END IF;
    END LOOP;
END $$;

CREATE TABLE kept.agencies (
    agency text PRIMARY KEY CHECK (agency ~ '^[a-z][a-z0-9-]{1,30}$'),
    title text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz             -- from this moment on; what it was granted stays on record
);

-- What the policy file says of each basis, as far as the database itself must know it.
CREATE TABLE kept.bases (
    basis text PRIMARY KEY,
    since date NOT NULL,
    until date,                        -- the last day
    reach text NOT NULL CHECK (reach IN ('national', 'regional', 'own')),
    longest_days integer,              -- of a grant
    purposes text[] NOT NULL,
    operations text[] NOT NULL,
    fact_kinds text[] NOT NULL,        -- that answers to questions about a person may rest on
    need_kinds text[] NOT NULL,
    is_dropped boolean NOT NULL DEFAULT false -- the policy has it no more
);

CREATE TABLE kept.grants (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agency text NOT NULL REFERENCES kept.agencies,
    basis text NOT NULL REFERENCES kept.bases,
    purpose text NOT NULL,
    regions text[] CHECK (cardinality(regions) > 0), -- prefixes of SOATO codes; null: the whole country
    since timestamptz NOT NULL,
    expires_at timestamptz CHECK (expires_at > since),
    revoked_at timestamptz,
    history_from date,                 -- a subscriber's events from this day on; null: as far as the basis allows
    created_at timestamptz NOT NULL
);
CREATE INDEX grants_agency ON kept.grants (agency);

-- The programs of an agency that ask for tokens. Of a secret only its digest; it has 256 random bits.
CREATE TABLE kept.clients (
    client_id text PRIMARY KEY CHECK (client_id ~ '^[a-z][a-z0-9-]{1,62}$'),
    agency text NOT NULL REFERENCES kept.agencies,
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX clients_agency ON kept.clients (agency);
