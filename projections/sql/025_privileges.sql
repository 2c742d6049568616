-- Who may do what to which table; docs/rights.md has it as a list, and a test holds every table against it.
-- Nothing is granted to PUBLIC. The owner keeps everything: migrations, replay and operators' commands are its.

-- The pipeline reads and writes data and is not held by row security: it COPYs into tables that are.
-- Only a superuser may say so. Roles belong to the cluster: another database may be brought up at this moment.
DO $$
BEGIN
    FOR attempt IN 1..20 LOOP
        EXIT WHEN (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'hub_pipeline');
        BEGIN
            ALTER ROLE hub_pipeline BYPASSRLS;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'once, as a superuser: ALTER ROLE hub_pipeline BYPASSRLS';
            WHEN internal_error OR unique_violation THEN
                PERFORM pg_sleep(0.1); -- changed by somebody else just now
        END;
    END LOOP;
    -- Into these the API changes for a while, inside a transaction; it has nothing of them before.
    FOR attempt IN 1..20 LOOP
        EXIT WHEN pg_has_role('hub_api', 'hub_judge', 'SET') AND pg_has_role('hub_api', 'hub_stats', 'SET');
        BEGIN
            GRANT hub_judge, hub_stats TO hub_api WITH INHERIT FALSE, SET TRUE;
        EXCEPTION WHEN internal_error OR unique_violation THEN
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO hub_pipeline, hub_stats', current_database());
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

GRANT USAGE ON SCHEMA live, kept TO hub_pipeline, hub_api, hub_judge, hub_stats, hub_rights;
GRANT USAGE ON SCHEMA kept TO hub_audit;

-- Pipeline: workers, assessors, clock, sequencer, connectors of needs and operators' decisions, feed relay.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA live TO hub_pipeline;
ALTER DEFAULT PRIVILEGES IN SCHEMA live GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hub_pipeline;
-- FOR SHARE wants a right to UPDATE, if only of a column that has one value.
GRANT SELECT, UPDATE (single) ON kept.generation TO hub_pipeline;
GRANT SELECT, INSERT, UPDATE (number) ON kept.outbox TO hub_pipeline;
GRANT SELECT, INSERT, UPDATE (number) ON kept.audit_leaves TO hub_pipeline;
GRANT SELECT ON kept.agencies, kept.bases, kept.grants TO hub_pipeline;

-- The API reads what row security shows, and puts on record that it did.
GRANT SELECT ON live.facts, live.closures, live.replacements, live.completeness, live.progress, live.needs,
    live.need_history, live.assessments, live.memberships TO hub_api;
GRANT SELECT ON kept.agencies, kept.bases, kept.grants, kept.clients TO hub_api;
GRANT SELECT, INSERT (kind, body) ON kept.audit_leaves TO hub_api;
-- LOCK TABLE ... IN ROW SHARE MODE wants a right to INSERT; the table's one row is there, and there is no second.
GRANT SELECT, INSERT ON kept.generation TO hub_api;

-- The rules, on behalf of a question: whoever is judged together, and neighbours.
GRANT SELECT ON live.facts, live.closures, live.replacements, live.completeness TO hub_judge;

-- Counting: everybody, but no sealed block, no reason, no evidence.
GRANT SELECT (event_id, ordinal, person, kind, value, valid_from, valid_to, known_from, record, version, change,
              topic, partition) ON live.facts TO hub_stats;
GRANT SELECT (event_id, need, version, person, household, kind, status, since, review_on, urgency, amount_minor,
              rule, causation_id, known_from) ON live.need_history TO hub_stats;
GRANT SELECT (household, anchor, members, assessed_on, outcome, known_from) ON live.assessments TO hub_stats;
GRANT SELECT ON live.closures, live.replacements, live.completeness, live.progress TO hub_stats;
GRANT SELECT, INSERT ON kept.generation TO hub_stats;

-- Row security itself; nobody can sign on as hub_rights or change into it.
GRANT SELECT ON live.facts, live.closures, live.replacements, live.need_history, live.memberships TO hub_rights;
GRANT SELECT ON kept.agencies, kept.bases, kept.grants TO hub_rights;

-- Whoever reads the audit log's leaves, and keeps what was signed.
GRANT SELECT ON kept.audit_leaves TO hub_audit;
