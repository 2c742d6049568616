-- What the query API finds: who is on a list that somebody looked at, and who needs what where.

-- Who looked at a list or a household looked at everybody on it: for the access log of each of them.
CREATE INDEX audit_leaves_persons ON kept.audit_leaves USING gin ((body -> 'persons'))
    WHERE kind = 'read' AND body ? 'persons';
CREATE INDEX audit_leaves_members ON kept.audit_leaves USING gin ((body -> 'members'))
    WHERE kind = 'read' AND body ? 'members';
CREATE POLICY listed ON kept.audit_leaves FOR SELECT TO hub_api USING (
    kind = 'read' AND body ? 'persons' AND body -> 'persons' ?| (SELECT kept.accesses_in_sight())
    OR kind = 'read' AND body ? 'members' AND body -> 'members' ?| (SELECT kept.accesses_in_sight()));

-- Residents by district, in the order in which a list goes through them.
CREATE INDEX facts_district ON live.facts (((value ->> 'district') COLLATE "C"), person) WHERE kind = 'residence';
CREATE POLICY rights ON live.needs FOR SELECT TO hub_rights USING (true);
GRANT SELECT ON live.needs TO hub_rights;

-- The next persons of a region or district with needs that stand, in the order of district and id. Whoever has moved
-- away is left out: where somebody is registered is what rights_subject says. No right to needs there, no row.
-- A page that has looked at enough residents ends with a row without a person, which says where to go on.
CREATE FUNCTION kept.needs_in_region(
    wanted text, of_kind text, after_district text, after_resident uuid, most integer, looked_at integer)
RETURNS TABLE (district text, resident uuid, person uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granted record;
    candidate record;
    somebody uuid;
    looked integer := 0;
    found_ones integer := 0;
BEGIN
    SELECT * INTO granted FROM kept.right_in_force();
    IF NOT FOUND OR granted.operation <> 'needs' OR granted.reach = 'own'
       OR granted.regions IS NOT NULL AND NOT EXISTS (
              SELECT FROM unnest(granted.regions) AS prefix WHERE starts_with(wanted, prefix)) THEN
        RETURN;
    END IF;
    FOR candidate IN
        SELECT DISTINCT (f.value ->> 'district') COLLATE "C" AS place, f.person AS one
          FROM live.facts f
         WHERE f.kind = 'residence'
           AND (f.value ->> 'district') COLLATE "C" >= wanted AND (f.value ->> 'district') COLLATE "C" < wanted || '~'
           AND ((f.value ->> 'district') COLLATE "C", f.person) > (after_district, after_resident)
         ORDER BY 1, 2 LIMIT looked_at
    LOOP
        looked := looked + 1;
        district := candidate.place;
        resident := candidate.one;
        somebody := candidate.one;
        IF EXISTS (SELECT FROM live.facts l WHERE l.person = candidate.one AND l.kind = 'linked_to') THEN
            somebody := kept.canonical(candidate.one);
            CONTINUE WHEN somebody <> candidate.one AND EXISTS (
                SELECT FROM live.facts f WHERE f.person = somebody AND f.kind = 'residence'
                   AND f.value ->> 'district' = candidate.place);
        END IF;
        IF EXISTS (SELECT FROM live.needs n
                    WHERE n.person = somebody AND n.status <> 'ended'
                      AND n.kind = ANY (granted.need_kinds) AND (of_kind IS NULL OR n.kind = of_kind))
           AND (SELECT s.region FROM kept.rights_subject(somebody) s) = candidate.place THEN
            person := somebody;
            RETURN NEXT;
            found_ones := found_ones + 1;
            EXIT WHEN found_ones >= most;
        END IF;
    END LOOP;
    IF looked >= looked_at AND found_ones < most THEN
        person := NULL;
        RETURN NEXT;
    END IF;
END $$;

DO $$
BEGIN
    GRANT CREATE ON SCHEMA kept TO hub_rights;
    ALTER FUNCTION kept.needs_in_region(text, text, text, uuid, integer, integer) OWNER TO hub_rights;
    REVOKE CREATE ON SCHEMA kept FROM hub_rights;
    REVOKE ALL ON FUNCTION kept.needs_in_region(text, text, text, uuid, integer, integer) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION kept.needs_in_region(text, text, text, uuid, integer, integer) TO hub_api;
END $$;
