-- Where persons are registered, for rights that are for regions; the API and the feeds ask the same.

-- The district of the residence that holds on the day of a moment, as known then; of several the latest. Of whom none
-- holds: the last that has ended, so that whoever was told of them hears of their end; else the first to come.
CREATE FUNCTION kept.registered_in(ids uuid[], moment timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    today date := (moment AT TIME ZONE 'UTC')::date;
    district text := (SELECT f.value ->> 'district' FROM unnest(ids) AS one, LATERAL live.facts_at(one, today, moment) f
                       WHERE f.kind = 'residence' ORDER BY f.valid_from DESC, f.event_id DESC LIMIT 1);
BEGIN
    IF district IS NULL AND EXISTS (SELECT FROM live.facts f WHERE f.person = ANY (ids) AND f.kind = 'residence') THEN
        district := (SELECT h.value ->> 'district'
                       FROM live.facts f, LATERAL live.facts_at(f.person, coalesce(f.valid_to, f.valid_from), moment) h
                      WHERE f.person = ANY (ids) AND f.kind = 'residence'
                        AND (h.event_id, h.ordinal) = (f.event_id, f.ordinal)
                      ORDER BY f.valid_from > today, CASE WHEN f.valid_from <= today THEN f.valid_to END DESC,
                            f.valid_from, f.event_id DESC LIMIT 1);
    END IF;
    RETURN district;
END $$;

-- Of one id; one without a residence of its own has that of the person it is linked to.
CREATE FUNCTION kept.place_of(one uuid, moment timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    district text := kept.registered_in(ARRAY[one], moment);
    linked uuid;
BEGIN
    IF district IS NULL THEN
        linked := kept.canonical(one);
        IF linked <> one THEN
            district := kept.registered_in(ARRAY[linked], moment);
        END IF;
    END IF;
    RETURN district;
END $$;

REVOKE ALL ON FUNCTION kept.registered_in(uuid[], timestamptz), kept.place_of(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kept.registered_in(uuid[], timestamptz) TO hub_rights, hub_pipeline;
GRANT EXECUTE ON FUNCTION kept.place_of(uuid, timestamptz) TO hub_pipeline;
