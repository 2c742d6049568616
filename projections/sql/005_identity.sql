-- Who is who: operators' decisions on their way out, links resolved in SQL, suggestions.

-- What operators decide leaves through a connector of its own.
ALTER TABLE kept.outbox DROP CONSTRAINT outbox_kind_check;
ALTER TABLE kept.outbox ADD CONSTRAINT outbox_kind_check
    CHECK (kind IN ('need', 'quarantine', 'operator'));
ALTER TABLE kept.outbox ADD COLUMN about uuid;  -- of an operator's decision: the alias
CREATE INDEX outbox_about ON kept.outbox (about, id) WHERE about IS NOT NULL;

-- The link of an id that counts, if any: streams/identity.py in SQL, the one place where SQL resolves a link.
-- In `kept`, so that a swap of schemas leaves it; it reads whatever is called `live` then.
-- known_at: leaves out what was known later. as_now: the moment for settle windows, as streams/lifecycle.py has them.
CREATE FUNCTION kept.link_at(asked uuid, known_at timestamptz, as_now timestamptz)
RETURNS TABLE (person uuid, event_id uuid, known_from timestamptz, topic text, reason text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    WITH stated AS MATERIALIZED (
        SELECT f.kind, (f.value ->> 'person')::uuid AS other, f.event_id AS said, f.known_from AS moment,
               f.topic AS place, f.value ->> 'reason' AS words,
               f.kind = 'unlinked_to' OR coalesce(f.value ->> 'by' = 'operator', false) AS decided
          FROM live.facts f
          CROSS JOIN LATERAL (
            SELECT max(c.version) FILTER (WHERE c.change <> 'ANNULLED') AS latest,
                   min(c.known_from) FILTER (WHERE c.change = 'ANNULLED' AND c.version > f.version) AS annulled_at
              FROM live.closures c WHERE c.record = f.record AND c.known_from <= link_at.known_at) closed
         WHERE f.person = asked AND f.kind IN ('linked_to', 'unlinked_to') AND f.change <> 'ANNULLED'
           AND f.value ->> 'person' IS NOT NULL AND f.known_from <= link_at.known_at
           AND f.version >= coalesce(closed.latest, f.version)
           AND NOT EXISTS (
                SELECT FROM live.facts g
                 WHERE g.record = f.record AND g.version > f.version AND g.change <> 'ANNULLED'
                   AND g.known_from <= link_at.known_at)
           AND (closed.annulled_at IS NULL OR as_now < closed.annulled_at + interval '72 hours'
                AND EXISTS (
                    SELECT FROM live.facts g
                     WHERE g.record = f.record AND g.kind = 'annulled'
                       AND g.value ->> 'type' = 'civil.person_identifier_assigned')
                AND NOT EXISTS (
                    SELECT FROM live.facts g JOIN live.replacements r ON r.replaced = g.event_id
                     WHERE g.record = f.record AND r.known_from <= link_at.known_at))
    ), decision AS (
        SELECT s.kind, s.other, s.said FROM stated s WHERE s.decided
         ORDER BY s.moment DESC, s.said DESC LIMIT 1
    ), chosen AS (
        SELECT s.other, s.said, s.moment, s.place, s.words
          FROM stated s LEFT JOIN decision d ON true
         WHERE s.kind = 'linked_to'
           AND CASE WHEN d.kind = 'linked_to' THEN s.said = d.said
                    ELSE NOT s.decided AND s.other IS DISTINCT FROM d.other END
         ORDER BY s.moment DESC, s.said DESC LIMIT 1
    )
    SELECT * FROM chosen WHERE chosen.other <> asked;
END $$;

-- The person that an id stands for; a circle is one person under its lowest id.
CREATE FUNCTION kept.canonical(
    asked uuid, known_at timestamptz DEFAULT 'infinity', as_now timestamptz DEFAULT now())
RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    path uuid[] := ARRAY[asked];
    following uuid;
BEGIN
    LOOP
        following := (SELECT l.person FROM kept.link_at(path[cardinality(path)], known_at, as_now) l);
        EXIT WHEN following IS NULL OR cardinality(path) > 16;
        IF following = ANY (path) THEN
            RETURN (SELECT one FROM unnest(path[array_position(path, following):]) AS one ORDER BY one LIMIT 1);
        END IF;
        path := path || following;
    END LOOP;
    RETURN path[cardinality(path)];
END $$;

-- Every id that is, was or may have been this person: whatever any link ever joined, held or not.
CREATE FUNCTION kept.ever_linked(asked uuid) RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE joined (id) AS (
        SELECT asked
        UNION
        SELECT coalesce(f.value ->> 'person', f.value ->> 'alias')::uuid
          FROM joined JOIN live.facts f ON f.person = joined.id
         WHERE f.kind IN ('linked_to', 'linked_from')
           AND coalesce(f.value ->> 'person', f.value ->> 'alias') IS NOT NULL
    ) SELECT id FROM joined;
END $$;

-- Who may be who. Nothing here holds a name: a block is a keyed digest of birth date and name, so that two people
-- meet in a block and nobody who reads the table learns why. Filled by `hub person suggest`, batch by batch.
CREATE TABLE live.match_blocks (
    block bytea NOT NULL,              -- 16 bytes of an HMAC
    person uuid NOT NULL,              -- the id that the names were stated under
    PRIMARY KEY (block, person)
);
CREATE INDEX match_blocks_person ON live.match_blocks (person);
-- How far the job is; one row while there is something left to do.
CREATE TABLE live.match_progress (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    phase text NOT NULL CHECK (phase IN ('blocks', 'pairs')),
    after uuid NOT NULL,               -- done up to this id
    done bigint NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE live.suggestions (
    alias uuid NOT NULL,               -- a provisional id without a link
    person uuid NOT NULL,
    score smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
    features jsonb NOT NULL,           -- what agreed, by name of feature; no values
    found_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (alias, person)
);
CREATE INDEX suggestions_score ON live.suggestions (score DESC);
