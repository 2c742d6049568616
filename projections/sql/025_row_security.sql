-- What the API sees of `live`: the rows of the person in sight that a grant covers. No context, no row.
-- Each policy compares with what a function returns once a statement (025_row_functions.sql), so an index finds
-- the rows. A replay makes policies and privileges anew for the tables that become `live`: replay_guards.py.

DO $$
DECLARE
    name text;
BEGIN
    -- FORCE holds the owner too; what it does itself is named. The pipeline passes by (BYPASSRLS).
    FOREACH name IN ARRAY ARRAY['live.facts', 'live.closures', 'live.replacements', 'live.needs',
            'live.need_history', 'live.assessments', 'live.memberships', 'live.payment_findings',
            'kept.audit_leaves'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner ON %s TO %I USING (true) WITH CHECK (true)', name, current_user);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['facts', 'closures', 'replacements', 'need_history', 'memberships'] LOOP
        EXECUTE format('CREATE POLICY rights ON live.%I FOR SELECT TO hub_rights USING (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['facts', 'closures', 'replacements', 'need_history', 'assessments'] LOOP
        EXECUTE format('CREATE POLICY counting ON live.%I FOR SELECT TO hub_stats USING ((SELECT kept.may_count()))',
                       name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['facts', 'closures', 'replacements'] LOOP
        EXECUTE format('CREATE POLICY judging ON live.%I FOR SELECT TO hub_judge USING ((SELECT kept.may_judge()))',
                       name);
    END LOOP;
END $$;

-- An annulment says of a record only that it is void; facts of the same record are read by it.
CREATE POLICY sight ON live.facts FOR SELECT TO hub_api USING (
    person = ANY ((SELECT kept.persons_in_sight())::uuid[])
        AND kind = ANY ((SELECT kept.fact_kinds_in_sight())::text[])
    OR event_id = ANY ((SELECT kept.events_in_sight())::uuid[])
    OR kind = 'annulled' AND (SELECT kept.has_right()));
CREATE POLICY sight ON live.closures FOR SELECT TO hub_api USING ((SELECT kept.has_right()));
CREATE POLICY sight ON live.replacements FOR SELECT TO hub_api USING ((SELECT kept.has_right()));
CREATE POLICY sight ON live.needs FOR SELECT TO hub_api USING (
    person = ANY ((SELECT kept.persons_in_sight())::uuid[])
    AND kind = ANY ((SELECT kept.need_kinds_in_sight())::text[]));
CREATE POLICY sight ON live.need_history FOR SELECT TO hub_api USING (
    person = ANY ((SELECT kept.persons_in_sight())::uuid[])
    AND kind = ANY ((SELECT kept.need_kinds_in_sight())::text[]));
CREATE POLICY sight ON live.memberships FOR SELECT TO hub_api USING (
    person = ANY ((SELECT kept.members_in_sight())::uuid[]));
-- Payments found wrong are for operators; nobody asks for them through the API.
CREATE POLICY sight ON live.assessments FOR SELECT TO hub_api USING (
    members && (SELECT kept.housed_in_sight())::uuid[]);

-- The log: the API adds what it did, and lists who looked at the data of a person in sight.
CREATE POLICY sight ON kept.audit_leaves FOR SELECT TO hub_api USING (
    kind IN ('read', 'refusal') AND body ->> 'person' = ANY ((SELECT kept.accesses_in_sight())::text[]));
CREATE POLICY recording ON kept.audit_leaves FOR INSERT TO hub_api WITH CHECK (kind IN ('read', 'refusal', 'operator'));
CREATE POLICY integrating ON kept.audit_leaves FOR SELECT TO hub_audit USING (true);
CREATE INDEX audit_leaves_person ON kept.audit_leaves ((body ->> 'person')) WHERE kind IN ('read', 'refusal');
