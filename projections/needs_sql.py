"""The statements of the assessor: queue, locks, facts in, needs out."""

from __future__ import annotations

from typing import Final

SESSION: Final = {
    "application_name": "hub-assessor",
    # Plans are made for arrays of a few hundred ids; a generic plan would guess ten.
    "options": (
        "-c timezone=UTC -c idle_in_transaction_session_timeout=60s -c statement_timeout=120s"
        " -c jit=off -c plan_cache_mode=force_custom_plan -c max_parallel_workers_per_gather=0"
    ),
    "connect_timeout": "5",
}

LOCK_GENERATION: Final = "SELECT number FROM kept.generation FOR SHARE"

TAKE_CAUSES: Final = """
SELECT id, uuid_send(person), uuid_send(record), uuid_send(event_id), xmin::text::bigint,
       uuid_send(replaced)
  FROM live.causes
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
TAKE_CAUSES_OF_PERSONS: Final = """
SELECT id, uuid_send(person), uuid_send(record), uuid_send(event_id), xmin::text::bigint,
       uuid_send(replaced)
  FROM live.causes
WHERE person = ANY (%s::uuid[]) FOR UPDATE SKIP LOCKED
"""
TAKE_CAUSES_OF_RECORDS: Final = """
SELECT id, uuid_send(person), uuid_send(record), uuid_send(event_id), xmin::text::bigint,
       uuid_send(replaced)
  FROM live.causes
WHERE record = ANY (ARRAY(SELECT record FROM live.facts WHERE person = ANY (%s::uuid[])))
FOR UPDATE SKIP LOCKED
"""
DELETE_CAUSES: Final = "DELETE FROM live.causes WHERE id = ANY (%s)"

PERSONS_OF_RECORDS: Final = """
SELECT DISTINCT uuid_send(record), uuid_send(person) FROM live.facts
WHERE record = ANY (%s::uuid[])
"""
RECORDS_OF_EVENTS: Final = """
SELECT DISTINCT uuid_send(event_id), uuid_send(record) FROM live.facts
WHERE event_id = ANY (%s::uuid[])
"""

# Whom a change at one person may leave alone, or not alone any more: co-residents, now or ever, and
# parents, if age or health may make them eligible at all.
MAYBE_LONELY: Final = """
WITH affected (cause, person) AS (
    SELECT mine.person, theirs.person
      FROM live.facts mine, LATERAL (
           SELECT f.person FROM live.facts f
            WHERE f.kind = 'residence' AND f.value ->> 'dwelling' = mine.value ->> 'dwelling'
           OFFSET 0) theirs  -- one look by index each: expecting more, the planner reads everybody
     WHERE mine.kind = 'residence' AND mine.person = ANY (%(persons)s::uuid[])
    UNION
    SELECT birth.person, (birth.value ->> parent)::uuid
      FROM live.facts birth, unnest(ARRAY['mother', 'father']) parent
     WHERE birth.kind = 'birth' AND birth.person = ANY (%(persons)s::uuid[])
       AND birth.value ->> parent IS NOT NULL
)
SELECT DISTINCT uuid_send(affected.person), uuid_send(cause)
  FROM affected, LATERAL (
       SELECT FROM live.facts f
        WHERE f.person = affected.person
          AND (f.kind IN ('disability', 'linked_from')
               OR f.kind IN ('birth', 'person') AND f.value ->> 'born_on' <= %(born_by)s)
        LIMIT 1) one
"""

LOCK_PERSONS: Final = """
SELECT count(pg_advisory_xact_lock(key)) FROM unnest(%s::bigint[]) AS key
"""

# A fact and what is known of its record: the fields of ``streams.lifecycle.Fact`` in order, from
# ``FACT_SOURCE``. Only health blocks travel; nobody here opens names. ``known_at`` leaves out what
# was known later; 'infinity' leaves out nothing.
FACT_COLUMNS: Final = """
uuid_send(f.event_id), uuid_send(f.person), f.kind, f.value,
CASE WHEN f.sensitivity = 'health' THEN f.sealed END, f.sensitivity,
f.valid_from, f.valid_to, f.known_from, uuid_send(f.record), f.version, f.change,
greatest(closed.latest,
         (SELECT max(g.version) FROM live.facts g
           WHERE g.record = f.record AND g.change <> 'ANNULLED'
             AND g.known_from <= %(known_at)s::timestamptz)),
CASE WHEN closed.annulled_at IS NOT NULL THEN CASE WHEN EXISTS (
         SELECT FROM live.facts g JOIN live.replacements r ON r.replaced = g.event_id
          WHERE g.record = f.record AND r.known_from <= %(known_at)s::timestamptz)
     THEN timestamptz 'epoch' ELSE closed.annulled_at END END,
CASE WHEN closed.annulled_at IS NOT NULL THEN (
         SELECT g.value ->> 'type' FROM live.facts g
          WHERE g.record = f.record AND g.kind = 'annulled' LIMIT 1) END,
CASE WHEN closed.annulled_at IS NOT NULL THEN (
         SELECT uuid_send(c.event_id) FROM live.closures c
          WHERE c.record = f.record AND c.change = 'ANNULLED' AND c.version > f.version
            AND c.known_from = closed.annulled_at ORDER BY c.event_id LIMIT 1) END
"""
FACT_SOURCE: Final = """
live.facts f CROSS JOIN LATERAL (
    SELECT max(c.version) FILTER (WHERE c.change <> 'ANNULLED') AS latest,
           min(c.known_from) FILTER (WHERE c.change = 'ANNULLED' AND c.version > f.version)
               AS annulled_at
      FROM live.closures c
     WHERE c.record = f.record AND c.known_from <= %(known_at)s::timestamptz) closed
"""
# `since` keeps old incomes where they are.
FACTS: Final = f"""
SELECT {FACT_COLUMNS}
  FROM {FACT_SOURCE}
 WHERE f.person = ANY (%(persons)s::uuid[]) AND f.kind = ANY (%(kinds)s)
   AND (f.kind <> 'income' OR f.valid_from >= %(since)s)
   AND f.known_from <= %(known_at)s::timestamptz
"""  # noqa: S608 - constants only

HOUSEHOLDS_OF: Final = """
SELECT uuid_send(household), ARRAY(SELECT uuid_send(m) FROM unnest(members) m)
  FROM live.assessments WHERE members && %s::uuid[]
"""

# The lowest transaction that may still be open: whatever is below is committed and visible.
SEEN: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
SEEN_OF: Final = """
SELECT uuid_send(member), seen FROM live.assessments, unnest(members) AS member
 WHERE members && %(persons)s::uuid[] AND member = ANY (%(persons)s::uuid[])
"""

MOVERS: Final = """
SELECT uuid_send(event_id), uuid_send(event_id), uuid_send(person), known_from,
       xmin::text::bigint
  FROM live.facts
 WHERE event_id = ANY (%(gained)s::uuid[]) AND ordinal = 0
UNION ALL
SELECT uuid_send(f.event_id), uuid_send(c.event_id), uuid_send(f.person), c.known_from,
       c.xmin::text::bigint
  FROM live.facts f JOIN live.closures c ON c.record = f.record AND c.version > f.version
 WHERE f.event_id = ANY (%(lost)s::uuid[]) AND f.ordinal = 0
"""

REGISTERED_AT: Final = """
SELECT DISTINCT uuid_send(person) FROM live.facts
 WHERE kind = 'residence' AND value ->> 'dwelling' = ANY (%s)
"""

NEEDS_OF: Final = """
SELECT uuid_send(need), version, uuid_send(person), uuid_send(household), kind, status, since,
       review_on, urgency, amount_minor, rule, reason_digest,
       ARRAY(SELECT uuid_send(e) FROM unnest(evidence) e),
       CASE WHEN status = 'ended' THEN (
           SELECT uuid_send(h.causation_id) FROM live.need_history h
            WHERE h.need = n.need AND h.version = n.version) END,
       CASE WHEN status = 'ended' THEN (
           SELECT h.since FROM live.need_history h
            WHERE h.need = n.need AND h.version = n.version - 1) END
  FROM live.needs n WHERE person = ANY (%s::uuid[])
"""

# What waits for a day, for the tax registry or for an annulment to count, not for an event of its
# own. One at a time does this; who is in the queue already is not queued again, and the calendar
# never fills it so that a fresh event would wait long.
LOCK_CLOCK: Final = "SELECT pg_advisory_xact_lock(x'68756204'::int)"  # "hub", 4
QUEUE_DUE: Final = """
WITH room AS MATERIALIZED (
    SELECT greatest(%(most)s - count(*), 0) AS rows FROM live.causes
     WHERE event_id = '00000000-0000-0000-0000-000000000000'
), calendar (anchor, event_id) AS (
    (SELECT anchor, '00000000-0000-0000-0000-000000000000'::uuid FROM live.assessments
      WHERE next_change_on <= %(on)s
        AND NOT EXISTS (SELECT FROM live.causes c WHERE c.person = anchor)
      LIMIT (SELECT rows FROM room))
    UNION ALL
    (SELECT anchor, '00000000-0000-0000-0000-000000000000' FROM live.assessments
      WHERE income_through < %(closed)s::date
        AND NOT EXISTS (SELECT FROM live.causes c WHERE c.person = anchor)
      LIMIT (SELECT rows FROM room))
    UNION ALL
    (SELECT anchor, '00000000-0000-0000-0000-000000000000' FROM live.assessments
      WHERE income_through IS NULL AND %(closed)s::date IS NOT NULL
        AND NOT EXISTS (SELECT FROM live.causes c WHERE c.person = anchor)
      LIMIT (SELECT rows FROM room))
), due AS (
    (SELECT anchor, settles_by AS event_id FROM live.assessments
      WHERE settles_at <= %(now)s AND settles_by IS NOT NULL
        AND NOT EXISTS (SELECT FROM live.causes c WHERE c.person = anchor)
      LIMIT %(most)s)
    UNION ALL
    (SELECT anchor, event_id FROM calendar LIMIT (SELECT rows FROM room))
)
INSERT INTO live.causes (person, event_id)
SELECT DISTINCT ON (anchor) anchor, event_id FROM due ORDER BY anchor, event_id DESC
"""

PENDING: Final = """
SELECT count(*), min(next_change_on), min(settles_at), min(income_through),
       coalesce(bool_or(income_through IS NULL), false)
  FROM live.assessments
"""
# Whoever judges by the real date holds it shared; whoever moves the date holds it alone.
HOLD_TIME: Final = "SELECT pg_try_advisory_lock_shared(x'68756205'::int)"  # "hub", 5
TAKE_TIME: Final = "SELECT pg_try_advisory_lock(x'68756205'::int)"

CREATE_ROWS: Final = """
CREATE TEMPORARY TABLE need_rows (LIKE live.needs) ON COMMIT DELETE ROWS;
ALTER TABLE need_rows DROP COLUMN known_from;
CREATE TEMPORARY TABLE assessment_rows (LIKE live.assessments) ON COMMIT DELETE ROWS;
ALTER TABLE assessment_rows DROP COLUMN known_from;
"""

_NEED: Final = """
need, version, person, household, kind, status, since, review_on, urgency, amount_minor, rule,
evidence, reason, reason_digest, event_id, assessed_on
"""
COPY_NEEDS: Final = f"COPY need_rows ({_NEED}) FROM STDIN"
UPSERT_NEEDS: Final = f"""
INSERT INTO live.needs AS n ({_NEED})
SELECT {_NEED} FROM need_rows ORDER BY need
ON CONFLICT (need) DO UPDATE SET
    version = excluded.version, person = excluded.person, household = excluded.household,
    status = excluded.status, since = excluded.since, review_on = excluded.review_on,
    urgency = excluded.urgency, amount_minor = excluded.amount_minor, rule = excluded.rule,
    evidence = excluded.evidence, reason = excluded.reason,
    reason_digest = excluded.reason_digest, event_id = excluded.event_id,
    assessed_on = excluded.assessed_on,
    known_from = CASE WHEN n.version = excluded.version THEN n.known_from ELSE now() END
"""  # noqa: S608 - constants only
COPY_HISTORY: Final = """
COPY live.need_history (event_id, need, version, person, household, kind, status, since, review_on,
    urgency, amount_minor, rule, evidence, reason, causation_id) FROM STDIN
"""
COPY_OUTBOX: Final = "COPY kept.outbox (kind, body) FROM STDIN"

_ASSESSMENT: Final = """
household, anchor, members, assessed_on, next_change_on, outcome, seen, near_misses,
income_through, settles_at, settles_by
"""
COPY_ASSESSMENTS: Final = f"COPY assessment_rows ({_ASSESSMENT}) FROM STDIN"
UPSERT_ASSESSMENTS: Final = f"""
INSERT INTO live.assessments AS a ({_ASSESSMENT})
SELECT {_ASSESSMENT} FROM assessment_rows ORDER BY household
ON CONFLICT (household) DO UPDATE SET
    members = excluded.members, assessed_on = excluded.assessed_on,
    next_change_on = excluded.next_change_on, outcome = excluded.outcome,
    seen = excluded.seen, near_misses = excluded.near_misses,
    income_through = excluded.income_through, settles_at = excluded.settles_at,
    settles_by = excluded.settles_by, known_from = now()
"""  # noqa: S608 - constants only
COPY_MEMBERSHIPS: Final = """
COPY live.memberships (person, household, anchor, assessed_on) FROM STDIN
"""
DELETE_ASSESSMENTS: Final = "DELETE FROM live.assessments WHERE household = ANY (%s::uuid[])"
