-- Erasures: what operators decide of a person's data leaves as events, and what those state is found again.

-- The leaves of key epochs are looked for before they are written, so that each stands once.
CREATE INDEX audit_leaves_epoch ON kept.audit_leaves ((body ->> 'epoch'), (body ->> 'what')) WHERE kind = 'key';

-- What was decided: few rows, looked through every few seconds by whoever carries it out.
CREATE INDEX facts_erasure ON live.facts (event_id) WHERE kind IN ('erased', 'restricted');

-- So are those of erasures.
CREATE INDEX audit_leaves_erasure ON kept.audit_leaves ((body ->> 'event')) WHERE kind = 'key';
