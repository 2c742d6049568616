-- What a question about one person costs: docs/rights.md has the figures.

-- An index over lists keeps what is new in a heap beside itself, which every search then reads from end to end: up
-- to four megabytes, until a vacuum comes by. The planner knows, and read all assessments instead. Whoever writes
-- pays a little more now, and nobody has to empty a full heap all at once while somebody waits for an answer.
ALTER INDEX live.assessments_members SET (fastupdate = off);
ALTER INDEX kept.audit_leaves_persons SET (fastupdate = off);
ALTER INDEX kept.audit_leaves_members SET (fastupdate = off);
SELECT gin_clean_pending_list('live.assessments_members'),
       gin_clean_pending_list('kept.audit_leaves_persons'), gin_clean_pending_list('kept.audit_leaves_members');

-- As in 025_row_functions.sql, but for the place, which 029_places.sql finds; and an id that no link ever joined to
-- another is not looked for behind links: whatever kept.canonical would follow, kept.ever_linked follows too.
CREATE OR REPLACE FUNCTION kept.rights_subject(asked uuid)
RETURNS TABLE (person uuid, ids uuid[], region text, known_from timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM kept.right_in_force()) THEN
        RETURN;
    END IF;
    ids := ARRAY(SELECT kept.ever_linked(asked));
    person := asked;
    IF ids <> ARRAY[asked] THEN
        person := kept.canonical(asked);
        ids := ARRAY(SELECT one FROM unnest(ids) AS one
                      WHERE one = person OR kept.canonical(one) = person ORDER BY one);
    END IF;
    region := kept.registered_in(ids, now());
    known_from := (SELECT min(f.known_from) FROM live.facts f WHERE f.person = ANY (ids));
    RETURN NEXT;
END $$;
