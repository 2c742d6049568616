-- An annulment counts once its record is replaced or its window has passed; until then what it closes holds on.

-- An event with version 1 that names, in meta.corrects, an event of another record. Found from the annulled record
-- by its events: live.facts (record) -> event_id = replaced.
CREATE TABLE live.replacements (
    event_id uuid PRIMARY KEY,         -- the event that replaces
    replaced uuid NOT NULL,            -- the event that it names; its record may arrive later
    known_from timestamptz NOT NULL
);
CREATE INDEX replacements_replaced ON live.replacements (replaced);

-- A third kind of cause: whoever has facts of the record of this event, which may arrive later.
ALTER TABLE live.causes ADD COLUMN replaced uuid;
ALTER TABLE live.causes DROP CONSTRAINT causes_check;
ALTER TABLE live.causes ADD CONSTRAINT causes_one CHECK (num_nonnulls(person, record, replaced) = 1);
-- How many of the calendar's causes wait: there are never more than a few thousand.
CREATE INDEX causes_due ON live.causes (id) WHERE event_id = '00000000-0000-0000-0000-000000000000';

-- What a household waits for beside next_change_on.
ALTER TABLE live.assessments
    ADD COLUMN income_through date,    -- the last day of the months whose incomes counted; null: none
    ADD COLUMN settles_at timestamptz, -- the first moment at which an annulment left out will count
    ADD COLUMN settles_by uuid;        -- that annulment
DROP INDEX live.assessments_waiting;
CREATE INDEX assessments_income ON live.assessments (income_through);
CREATE INDEX assessments_settling ON live.assessments (settles_at) WHERE settles_at IS NOT NULL;
