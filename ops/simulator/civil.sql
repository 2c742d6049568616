-- The civil registry's own schema: an old application in which every value is text.
-- The hub's connector only reads it; docs/sources.md describes it.

CREATE SCHEMA civil;

CREATE TABLE civil.person (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    pinfl text, surname text, given_name text, patronymic text, sex text, born_on text, district text,
    birth_record text -- of somebody whose birth was registered without a number; else null
);

CREATE TABLE civil.birth (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    child_pinfl text, mother_pinfl text, father_pinfl text,
    surname text, given_name text, patronymic text, sex text, born_on text, district text
);

CREATE TABLE civil.death (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    pinfl text, died_on text, district text
);

CREATE TABLE civil.marriage (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    spouse1_pinfl text, spouse2_pinfl text, married_on text
);

CREATE TABLE civil.divorce (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    spouse1_pinfl text, spouse2_pinfl text, divorced_on text
);

CREATE TABLE civil.name_change (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    pinfl text, surname text, given_name text, patronymic text, changed_on text
);

CREATE TABLE civil.residence (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    pinfl text, district text, address text, address_code text, kind text,
    from_on text, until_on text
);

CREATE TABLE civil.guardianship (
    record_id text PRIMARY KEY, revision integer NOT NULL, status text,
    replaces text, replaces_revision integer, registered_at timestamptz,
    ward_pinfl text, guardian_pinfl text, from_on text, until_on text
);

-- The whole old row travels with each change: without it an unchanged long value would arrive without its content.
ALTER TABLE civil.person REPLICA IDENTITY FULL;
ALTER TABLE civil.birth REPLICA IDENTITY FULL;
ALTER TABLE civil.death REPLICA IDENTITY FULL;
ALTER TABLE civil.marriage REPLICA IDENTITY FULL;
ALTER TABLE civil.divorce REPLICA IDENTITY FULL;
ALTER TABLE civil.name_change REPLICA IDENTITY FULL;
ALTER TABLE civil.residence REPLICA IDENTITY FULL;
ALTER TABLE civil.guardianship REPLICA IDENTITY FULL;

CREATE PUBLICATION hub FOR TABLE
    civil.person, civil.birth, civil.death, civil.marriage,
    civil.divorce, civil.name_change, civil.residence, civil.guardianship;
