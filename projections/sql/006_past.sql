-- Past moments: what held, what was said, what was paid against what was due. docs/past.md has examples.
-- Bodies are bound to their tables (BEGIN ATOMIC), so a function follows its schema when that is renamed.

-- How long an annulment of an event type waits for its replacement; streams/lifecycle.py has the same table.
CREATE FUNCTION live.settle_window(type text) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN type IN (
        'civil.person_identifier_assigned', 'civil.birth_registered', 'civil.marriage_registered',
        'civil.divorce_registered', 'civil.name_changed', 'civil.residence_registered',
        'civil.guardianship_established') THEN interval '72 hours' ELSE interval '0' END;
END;

-- The facts of one id that hold as known at a moment and are valid on a day. Of what is sealed only that there
-- is something: the end of a health assessment is sealed, so in clear it counts as open.
CREATE FUNCTION live.facts_at(of_person uuid, as_of date, known_at timestamptz)
RETURNS TABLE (
    event_id uuid, ordinal smallint, person uuid, kind text, value jsonb, valid_from date, valid_to date,
    known_from timestamptz, record uuid, version bigint, change text, sensitivity text, is_sealed boolean,
    topic text, partition integer, "offset" bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT f.event_id, f.ordinal, f.person, f.kind, f.value, f.valid_from, f.valid_to, f.known_from, f.record,
           f.version, f.change, f.sensitivity, f.sealed IS NOT NULL, f.topic, f.partition, f."offset"
      FROM live.facts f
     WHERE f.person = of_person AND f.known_from <= known_at AND f.change <> 'ANNULLED'
       AND (f.valid_from IS NULL OR f.valid_from <= as_of)
       AND (f.valid_to IS NULL OR f.valid_to >= as_of)
       -- no later version that states something
       AND NOT EXISTS (SELECT FROM live.closures c
            WHERE c.record = f.record AND c.version > f.version AND c.change <> 'ANNULLED'
              AND c.known_from <= known_at)
       AND NOT EXISTS (SELECT FROM live.facts g
            WHERE g.record = f.record AND g.version > f.version AND g.change <> 'ANNULLED'
              AND g.known_from <= known_at)
       -- no later annulment that counts by now: replaced, or its window has passed
       AND NOT EXISTS (SELECT FROM live.closures c
            WHERE c.record = f.record AND c.version > f.version AND c.change = 'ANNULLED'
              AND c.known_from <= known_at
              AND (c.known_from + live.settle_window((SELECT g.value ->> 'type' FROM live.facts g
                        WHERE g.record = f.record AND g.kind = 'annulled' LIMIT 1)) <= known_at
                   OR EXISTS (SELECT FROM live.facts g JOIN live.replacements r ON r.replaced = g.event_id
                        WHERE g.record = f.record AND r.known_from <= known_at)));
END;

-- The last word on each need of one id up to a moment, ended ones too.
CREATE FUNCTION live.needs_said(of_person uuid, known_at timestamptz)
RETURNS TABLE (
    need uuid, version bigint, person uuid, household uuid, kind text, status text, since date, review_on date,
    urgency text, amount_minor bigint, rule text, evidence uuid[], reason bytea, event_id uuid,
    causation_id uuid, known_from timestamptz)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT DISTINCT ON (h.need)
           h.need, h.version, h.person, h.household, h.kind, h.status, h.since, h.review_on, h.urgency,
           h.amount_minor, h.rule, h.evidence, h.reason, h.event_id, h.causation_id, h.known_from
      FROM live.need_history h
     WHERE h.person = of_person AND h.known_from <= known_at
     ORDER BY h.need, h.version DESC;
END;
CREATE INDEX need_history_person ON live.need_history (person);

-- What was paid against what was due, as found. Append-only: of a person, kind and month the latest line counts,
-- and one without difference takes an earlier one back. For a human to decide; nothing is corrected from here.
CREATE TABLE live.payment_findings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person uuid NOT NULL,
    kind text NOT NULL,                -- of the need
    month date NOT NULL,               -- its first day
    entitled_minor bigint,             -- tiyin; null: it cannot be said
    paid_minor bigint NOT NULL,
    difference_minor bigint GENERATED ALWAYS AS (entitled_minor - paid_minor) STORED, -- above zero: too little
    event_id uuid NOT NULL,            -- what moved it
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open')), -- decisions are not built yet
    known_from timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_findings_latest ON live.payment_findings (person, kind, month, id DESC);

-- Whose past must be judged again. Append-only, as causes are; whoever works it off takes and deletes.
CREATE TABLE live.rejudgements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person uuid NOT NULL,
    from_month date NOT NULL,          -- the first month that it may concern
    event_id uuid NOT NULL,            -- what speaks about the past
    due_at timestamptz NOT NULL        -- not before: an annulment counts only once it has settled
);
CREATE INDEX rejudgements_due ON live.rejudgements (due_at, id);
CREATE INDEX rejudgements_person ON live.rejudgements (person);
