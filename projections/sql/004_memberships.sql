-- In which household somebody was said to be, in the order it was said. Append-only: a row when it changes.
CREATE TABLE live.memberships (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person uuid NOT NULL,
    household uuid,                    -- null: in none: dead, not born yet, or known as somebody else
    anchor uuid,                       -- its member with the lowest id
    assessed_on date NOT NULL,         -- the day as of which it was said
    -- The moment of writing, under the person's lock: never earlier than what was said before.
    known_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((household IS NULL) = (anchor IS NULL))
);
CREATE INDEX memberships_person ON live.memberships (person, id);
