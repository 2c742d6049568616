-- What a killed replay left is dropped by the sequencer, whose role changes no structure: through this function alone.
-- It takes the replays' own lock, so it never drops what a replay is at work on; and nothing but what a replay makes.
CREATE FUNCTION kept.drop_orphan(orphan text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(x'68756203'::bigint) THEN
        RAISE EXCEPTION 'a replay is at work' USING ERRCODE = 'lock_not_available';
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_namespace n
         WHERE n.nspname = orphan
           AND (n.nspname IN ('rebuild', 'retired')
                OR n.nspname LIKE 'until\_%'
                   AND obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM 'kept by hub replay --keep'))
    THEN
        RAISE EXCEPTION 'not what a replay left' USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('DROP SCHEMA %I CASCADE', orphan);
END $$;
REVOKE ALL ON FUNCTION kept.drop_orphan(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kept.drop_orphan(text) TO hub_pipeline;
