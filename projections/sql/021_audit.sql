-- The audit log: leaves are never changed, and are found by what they speak of.

-- What was signed last, so that no two roots are ever signed for one size, whatever happens to the folder.
CREATE TABLE kept.log_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    origin text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION kept.refuse_leaf_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'leaves of the audit log are never changed'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
-- The number is given once, by the sequencer.
CREATE TRIGGER audit_leaves_stand BEFORE UPDATE OF id, kind, body, at ON kept.audit_leaves
    FOR EACH ROW EXECUTE FUNCTION kept.refuse_leaf_change();
CREATE TRIGGER audit_leaves_keep_number BEFORE UPDATE OF number ON kept.audit_leaves
    FOR EACH ROW WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION kept.refuse_leaf_change();
CREATE TRIGGER audit_leaves_stay BEFORE DELETE ON kept.audit_leaves
    FOR EACH ROW EXECUTE FUNCTION kept.refuse_leaf_change();

CREATE INDEX audit_leaves_event ON kept.audit_leaves ((body ->> 'event')) WHERE body ? 'event';
CREATE INDEX audit_leaves_request ON kept.audit_leaves ((body ->> 'request')) WHERE body ? 'request';
CREATE INDEX audit_leaves_chunk ON kept.audit_leaves
    ((body ->> 'topic'), ((body ->> 'partition')::integer), ((body ->> 'last_offset')::bigint))
    WHERE kind = 'chunk';

-- The integrator's role, where there is one: it reads leaves and keeps what it signed.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_audit') THEN
        GRANT USAGE ON SCHEMA kept TO hub_audit;
        GRANT SELECT ON kept.audit_leaves TO hub_audit;
        GRANT SELECT, INSERT, UPDATE ON kept.log_head TO hub_audit;
    END IF;
END $$;
