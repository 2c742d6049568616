-- What policies ask (025_row_security.sql). No context, no row.
--
-- projections/rights_context.py says in whose name a transaction reads; the functions here look up what the grant
-- that it names allows. They run as hub_rights, because a policy of a table cannot read that very table, and
-- each returns once a statement what a row is then compared with: an index finds the rows. Bodies are text, so
-- they find whatever is called `live`; plpgsql keeps one plan each for the session. docs/rights.md explains them.

-- Whether what answers say rests on reasons may be shown: other people's facts are cited there.
ALTER TABLE kept.bases ADD COLUMN shows_reasons boolean NOT NULL DEFAULT false;

-- Persons in sight were checked once a transaction; under this key is told that they were.
CREATE TABLE kept.rights_key (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    key bytea NOT NULL
);
INSERT INTO kept.rights_key (key)
VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
GRANT SELECT ON kept.rights_key TO hub_rights;

-- The grant that the context names, if it counts now; else no row.
CREATE FUNCTION kept.right_in_force()
RETURNS TABLE (operation text, reach text, regions text[], fact_kinds text[], need_kinds text[], shows_reasons boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
    IF pg_input_is_valid(current_setting('hub.grant', true), 'uuid') THEN
        RETURN QUERY
        SELECT current_setting('hub.operation', true), b.reach, g.regions, b.fact_kinds, b.need_kinds, b.shows_reasons
          FROM kept.grants g JOIN kept.agencies a USING (agency) JOIN kept.bases b USING (basis)
         WHERE g.id = current_setting('hub.grant', true)::uuid
           AND (g.agency, g.purpose, g.basis) = (current_setting('hub.agency', true),
                current_setting('hub.purpose', true), current_setting('hub.basis', true))
           AND (a.revoked_at IS NULL OR a.revoked_at > now())
           AND (g.revoked_at IS NULL OR g.revoked_at > now())
           AND g.since <= now() AND (g.expires_at IS NULL OR g.expires_at > now())
           AND (b.longest_days IS NULL OR g.since + make_interval(hours => 24 * b.longest_days) > now())
           AND NOT b.is_dropped AND b.since <= today AND (b.until IS NULL OR b.until >= today)
           AND g.purpose = ANY (b.purposes) AND current_setting('hub.operation', true) = ANY (b.operations)
           AND (b.reach <> 'regional' OR g.regions IS NOT NULL);
    END IF;
END $$;

-- Who is meant by an id: all ids, the district where they are registered (today; else where they will be), and
-- since when anything is known. No row: no grant counts.
CREATE FUNCTION kept.rights_subject(asked uuid)
RETURNS TABLE (person uuid, ids uuid[], region text, known_from timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM kept.right_in_force()) THEN
        RETURN;
    END IF;
    person := kept.canonical(asked);
    ids := ARRAY(SELECT one FROM kept.ever_linked(asked) AS one
                  WHERE one = person OR kept.canonical(one) = person ORDER BY one);
    region := (SELECT f.value ->> 'district' FROM unnest(ids) AS one,
                      LATERAL live.facts_at(one, (now() AT TIME ZONE 'UTC')::date, now()) f
                WHERE f.kind = 'residence' ORDER BY f.valid_from DESC, f.event_id DESC LIMIT 1);
    IF region IS NULL THEN
        region := (SELECT f.value ->> 'district' FROM unnest(ids) AS one,
                          LATERAL live.facts_at(one, 'infinity', now()) f
                    WHERE f.kind = 'residence' ORDER BY f.valid_from, f.event_id DESC LIMIT 1);
    END IF;
    known_from := (SELECT min(f.known_from) FROM live.facts f WHERE f.person = ANY (ids));
    RETURN NEXT;
END $$;

CREATE FUNCTION kept.rights_seal(persons text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    secret bytea := (SELECT k.key FROM kept.rights_key k);
    told text := jsonb_build_array(
        persons, current_setting('hub.agency', true), current_setting('hub.purpose', true),
        current_setting('hub.basis', true), current_setting('hub.operation', true),
        current_setting('hub.grant', true), current_setting('hub.own', true),
        pg_backend_pid(), extract(epoch FROM now()));
BEGIN
    RETURN encode(sha256(secret || sha256(secret || convert_to(told, 'UTF8'))), 'hex');
END $$;

-- The seal under which persons come into sight until the transaction ends.
CREATE FUNCTION kept.rights_show(persons uuid[]) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    granted record;
    subject record;
    left_over uuid[] := persons;
BEGIN
    SELECT * INTO granted FROM kept.right_in_force();
    IF NOT FOUND OR granted.operation IN ('statistics', 'subscribe') THEN
        RAISE insufficient_privilege USING MESSAGE = 'no grant that counts shows persons';
    END IF;
    WHILE (granted.reach = 'own' OR granted.regions IS NOT NULL) AND cardinality(left_over) > 0 LOOP
        SELECT * INTO subject FROM kept.rights_subject(left_over[1]);
        IF granted.regions IS NOT NULL AND NOT EXISTS (
               SELECT FROM unnest(granted.regions) AS prefix WHERE starts_with(subject.region, prefix))
           OR granted.reach = 'own' AND NOT EXISTS (
               SELECT FROM unnest(subject.ids) AS one WHERE one::text = current_setting('hub.own', true)) THEN
            RAISE insufficient_privilege USING MESSAGE = 'the grant does not cover these persons';
        END IF;
        left_over := ARRAY(SELECT unnest(left_over[2:]) EXCEPT SELECT unnest(subject.ids));
    END LOOP;
    RETURN kept.rights_seal(persons::text);
END $$;

-- Persons in sight, if the question is one of these; all questions: null.
CREATE FUNCTION kept.sealed_persons(questions text[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF current_setting('hub.seal', true) = kept.rights_seal(current_setting('hub.persons', true))
       AND EXISTS (SELECT FROM kept.right_in_force() r WHERE questions IS NULL OR r.operation = ANY (questions)) THEN
        RETURN current_setting('hub.persons', true)::uuid[];
    END IF;
    RETURN '{}';
END $$;

CREATE FUNCTION kept.persons_in_sight() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN kept.sealed_persons(NULL);
END $$;

-- Persons in sight, of a question whose answer tells of their household.
CREATE FUNCTION kept.housed_in_sight() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN kept.sealed_persons('{needs,household}');
END $$;

-- Whoever was ever said to be in a household with one of them: who has left it since is found by later rows.
CREATE FUNCTION kept.members_in_sight() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    housed uuid[] := kept.housed_in_sight();
BEGIN
    RETURN ARRAY(SELECT mine.person FROM live.memberships mine WHERE mine.person = ANY (housed)
                 UNION
                 SELECT other.person FROM live.memberships other
                  WHERE other.household = ANY (ARRAY(
                        SELECT mine.household FROM live.memberships mine WHERE mine.person = ANY (housed))));
END $$;

CREATE FUNCTION kept.fact_kinds_in_sight() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN coalesce((SELECT r.fact_kinds FROM kept.right_in_force() r WHERE r.operation = 'facts'), '{}');
END $$;

CREATE FUNCTION kept.need_kinds_in_sight() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN coalesce(
        (SELECT r.need_kinds FROM kept.right_in_force() r WHERE r.operation IN ('needs', 'history')), '{}');
END $$;

-- The events that needs in sight rest on or were moved by, where reasons may be shown.
CREATE FUNCTION kept.events_in_sight() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    kinds text[] := (SELECT r.need_kinds FROM kept.right_in_force() r
                      WHERE r.shows_reasons AND r.operation IN ('needs', 'history'));
    persons uuid[];
BEGIN
    IF kinds IS NULL THEN
        RETURN '{}';
    END IF;
    persons := kept.persons_in_sight();
    RETURN ARRAY(SELECT DISTINCT event FROM live.need_history h, unnest(h.evidence || h.causation_id) AS event
                  WHERE h.person = ANY (persons) AND h.kind = ANY (kinds) AND event IS NOT NULL);
END $$;

-- Whose accesses may be listed, as leaves name them.
CREATE FUNCTION kept.accesses_in_sight() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN kept.sealed_persons('{access_log}')::text[];
END $$;

CREATE FUNCTION kept.has_right() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM kept.right_in_force());
END $$;

CREATE FUNCTION kept.may_judge() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN cardinality(kept.sealed_persons('{needs,facts,household,history,identities}')) > 0;
END $$;

CREATE FUNCTION kept.may_count() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM kept.right_in_force() r WHERE r.operation = 'statistics');
END $$;

-- Who was ever registered in a dwelling. A function, because a value inside JSON is found by its index only where
-- no policy stands before it. Operators' commands and the pipeline need no context.
CREATE FUNCTION kept.registered_at(dwellings text[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    IF current_setting('role') = 'hub_judge' AND NOT kept.may_judge() THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT DISTINCT f.person FROM live.facts f
                  WHERE f.kind = 'residence' AND f.value ->> 'dwelling' = ANY (dwellings);
END $$;

-- The functions belong to hub_rights, and whoever asks may call those that its policies name.
DO $$
DECLARE
    code regprocedure;
BEGIN
    -- Whoever is no superuser gives an object away only to a role it may change into.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT hub_rights TO %I', current_user);
    END IF;
    GRANT CREATE ON SCHEMA kept TO hub_rights;
    FOR code IN SELECT oid::regprocedure FROM pg_proc
                 WHERE pronamespace = 'kept'::regnamespace
                   AND proname IN ('right_in_force', 'rights_subject', 'rights_seal', 'rights_show', 'sealed_persons',
                        'persons_in_sight', 'housed_in_sight', 'members_in_sight', 'fact_kinds_in_sight',
                        'need_kinds_in_sight', 'events_in_sight', 'accesses_in_sight', 'has_right', 'may_judge', 'may_count', 'registered_at') LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO hub_rights', code);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', code);
    END LOOP;
    REVOKE CREATE ON SCHEMA kept FROM hub_rights;
    GRANT EXECUTE ON FUNCTION kept.rights_subject(uuid), kept.rights_show(uuid[]), kept.persons_in_sight(),
        kept.housed_in_sight(), kept.members_in_sight(), kept.fact_kinds_in_sight(), kept.need_kinds_in_sight(),
        kept.events_in_sight(), kept.accesses_in_sight(), kept.has_right() TO hub_api;
    GRANT EXECUTE ON FUNCTION kept.may_judge() TO hub_judge;
    GRANT EXECUTE ON FUNCTION kept.may_count() TO hub_stats;
    GRANT EXECUTE ON FUNCTION kept.registered_at(text[]) TO hub_judge, hub_pipeline;
    EXECUTE format('GRANT EXECUTE ON FUNCTION kept.registered_at(text[]), kept.rights_subject(uuid),'
                   ' kept.rights_show(uuid[]) TO %I', current_user);
END $$;
