-- What is concluded. `needs` is derived; `need_history` is what was said, in the order it was said.

CREATE TABLE live.needs (
    need uuid PRIMARY KEY,             -- derived from person and kind
    version bigint NOT NULL,           -- counts what was said of it
    person uuid NOT NULL,
    household uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL CHECK (status IN ('detected', 'changed', 'ended')),
    since date NOT NULL,
    review_on date,
    urgency text NOT NULL,
    amount_minor bigint,               -- tiyin a month
    rule text NOT NULL,
    evidence uuid[] NOT NULL,          -- the events that the reasons rest on
    reason bytea NOT NULL,             -- sealed under (person, needs) for event_id
    reason_digest bytea NOT NULL,      -- keyed; tells whether the reasons changed without opening them
    event_id uuid NOT NULL,            -- of what was said last
    assessed_on date NOT NULL,
    known_from timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX needs_person ON live.needs (person);
CREATE INDEX needs_household ON live.needs (household);

CREATE TABLE live.need_history (
    event_id uuid PRIMARY KEY,
    need uuid NOT NULL,
    version bigint NOT NULL,
    person uuid NOT NULL,
    household uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    since date NOT NULL,
    review_on date,
    urgency text NOT NULL,
    amount_minor bigint,
    rule text NOT NULL,
    evidence uuid[] NOT NULL,
    reason bytea NOT NULL,
    causation_id uuid,
    known_from timestamptz NOT NULL DEFAULT now(),
    UNIQUE (need, version)
);

-- One row a household as it was last assessed.
CREATE TABLE live.assessments (
    household uuid PRIMARY KEY,
    anchor uuid NOT NULL,
    members uuid[] NOT NULL,
    assessed_on date NOT NULL,
    next_change_on date,               -- the next day on which the answer can change
    outcome text NOT NULL,             -- 'assessed', or why not: 'income_unknown', ...
    seen bigint NOT NULL,              -- every transaction below this one had been read
    near_misses jsonb NOT NULL DEFAULT '[]', -- who is just outside, of which need, by how much
    known_from timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX assessments_members ON live.assessments USING gin (members);
CREATE INDEX assessments_due ON live.assessments (next_change_on);
CREATE INDEX assessments_waiting ON live.assessments (outcome) WHERE outcome = 'tax_incomplete';

-- A household's causes are taken together.
CREATE INDEX causes_record ON live.causes (record) WHERE record IS NOT NULL;
