"""The statements behind planners' figures: set by set, on one snapshot, in tables of the session.

``%(at)s`` is the moment of knowledge and ``%(on)s`` the day in the world. The tables last until the
transaction ends; docs/planning.md defines every figure.
"""

from __future__ import annotations

from typing import Final

SESSION: Final = {
    "application_name": "hub-stats",
    "options": "-c timezone=UTC -c jit=off -c work_mem=128MB -c statement_timeout=900s",
    "connect_timeout": "5",
}
BEGIN: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"

FIRST_SAID: Final = "SELECT min(known_from) AS first FROM live.assessments"

FORGET: Final = """
DROP TABLE IF EXISTS pg_temp.aliases, pg_temp.held, pg_temp.places, pg_temp.births, pg_temp.standing
"""

# Ids that stand for somebody else, where anything that counts here was said of them.
ALIASES: Final = """
CREATE TEMPORARY TABLE aliases ON COMMIT DROP AS
SELECT linked.alias, kept.canonical(linked.alias, %(at)s, %(at)s) AS person
  FROM (SELECT DISTINCT person AS alias FROM live.facts
         WHERE kind = 'linked_to' AND value ->> 'person' IS NOT NULL) linked
 WHERE EXISTS (SELECT FROM live.facts f WHERE f.person = linked.alias AND f.kind = ANY (%(kinds)s))
"""

# Facts that hold at the moment, of whoever they are about: streams/lifecycle.py as one set. Who has
# a higher version has a closure: every version but the first closes.
HELD: Final = """
CREATE TEMPORARY TABLE held ON COMMIT DROP AS
SELECT coalesce(a.person, f.person) AS person, f.kind, f.value, f.valid_from, f.valid_to,
       f.known_from, f.event_id
  FROM live.facts f LEFT JOIN aliases a ON a.alias = f.person
 WHERE f.kind = ANY (%(kinds)s) AND f.known_from <= %(at)s AND f.change <> 'ANNULLED'
   AND (f.kind <> 'income' OR f.valid_from >= %(since)s)
   AND NOT EXISTS (
        SELECT FROM live.closures c
         WHERE c.record = f.record AND c.version > f.version AND c.change <> 'ANNULLED'
           AND c.known_from <= %(at)s)
   AND NOT EXISTS (
        SELECT FROM live.closures c
          JOIN live.facts a ON a.event_id = c.event_id AND a.ordinal = 0
         WHERE c.record = f.record AND c.version > f.version AND c.change = 'ANNULLED'
           AND c.known_from <= %(at)s
           AND (c.known_from + live.settle_window(a.value ->> 'type') <= %(at)s
                OR EXISTS (
                    SELECT FROM live.facts g JOIN live.replacements r ON r.replaced = g.event_id
                     WHERE g.record = c.record AND r.known_from <= %(at)s)))
"""

# The registration in force; of several the latest.
PLACES: Final = """
CREATE TEMPORARY TABLE places ON COMMIT DROP AS
SELECT DISTINCT ON (person) person, value ->> 'district' AS district FROM held
 WHERE kind = 'residence' AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to >= %(on)s)
 ORDER BY person, valid_from DESC, event_id DESC
"""
# A birth record goes before the population register.
BIRTHS: Final = """
CREATE TEMPORARY TABLE births ON COMMIT DROP AS
SELECT DISTINCT ON (person) person, (value ->> 'born_on')::date AS born_on,
       value ->> 'district' AS district
  FROM held WHERE kind IN ('birth', 'person')
 ORDER BY person, (kind = 'birth') DESC, event_id DESC
"""
# What had been said last of each need, where it had not ended.
STANDING: Final = """
CREATE TEMPORARY TABLE standing ON COMMIT DROP AS
SELECT * FROM (
    SELECT DISTINCT ON (need) need, person, household, kind, status, amount_minor
      FROM live.need_history WHERE known_from <= %(at)s ORDER BY need, version DESC) said
 WHERE status <> 'ended'
"""
# In the order in which they are made; each is analysed, for nobody else does that in a transaction.
TABLES: Final = {
    "aliases": ALIASES,
    "held": HELD,
    "places": PLACES,
    "births": BIRTHS,
    "standing": STANDING,
}

DISTRICTS: Final = """
SELECT DISTINCT value ->> 'district' AS district FROM live.facts
 WHERE kind = 'residence' AND known_from <= %(at)s
"""

NEEDS: Final = """
SELECT s.kind, p.district,
       CASE WHEN b.born_on IS NULL OR b.born_on > %(on)s THEN NULL
            ELSE extract(year FROM age(%(on)s::date, b.born_on))::int END AS age,
       count(*)::bigint AS count, sum(s.amount_minor)::bigint AS cost,
       max(s.amount_minor) AS highest
  FROM standing s LEFT JOIN places p USING (person) LEFT JOIN births b USING (person)
 GROUP BY 1, 2, 3
"""

# A need counts as paid if its household was: who is paid for a child is the mother. The household
# is that of the need, with the members it has now.
TAKE_UP: Final = """
WITH paid AS (
    SELECT DISTINCT h.person, wanted.kind
      FROM held h JOIN unnest(%(codes)s::text[], %(of)s::text[]) AS wanted (code, kind)
        ON wanted.code = h.value ->> 'benefit'
     WHERE h.kind = 'benefit' AND h.valid_from = %(month)s
       AND (h.value ->> 'amount_minor')::bigint > 0
), paid_households AS (
    SELECT DISTINCT a.household, paid.kind
      FROM live.assessments a, unnest(a.members) AS member JOIN paid ON paid.person = member
)
SELECT s.kind, p.district,
       CASE WHEN own.person IS NOT NULL OR theirs.household IS NOT NULL
            THEN 'paid' ELSE 'unpaid' END AS value,
       count(*)::bigint AS count
  FROM standing s
  LEFT JOIN places p USING (person)
  LEFT JOIN paid own ON own.person = s.person AND own.kind = s.kind
  LEFT JOIN paid_households theirs ON theirs.household = s.household AND theirs.kind = s.kind
 WHERE s.kind = ANY (%(of)s)
 GROUP BY 1, 2, 3
"""

# When the hub first knew everything: a need found then says nothing about how long anything takes.
FIRST_COMPLETE: Final = """
SELECT max(first) AS first FROM (
    SELECT min(known_from) FILTER (WHERE snapshot) AS first
      FROM live.completeness WHERE known_from <= %(at)s GROUP BY registry, partition) each
"""
# From the event that moved it to the first word on a need; the calendar's own have no event.
TO_NEED: Final = """
SELECT h.kind, count(*)::bigint AS count,
       percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY
           greatest(h.known_from::date - f.known_from::date, 0)) AS told,
       percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY h.since - f.valid_from)
           AS happened
  FROM live.need_history h JOIN live.facts f ON f.event_id = h.causation_id AND f.ordinal = 0
 WHERE h.status = 'detected' AND h.known_from > %(first)s AND h.known_from <= %(at)s
 GROUP BY h.kind ORDER BY h.kind
"""
# From the first word on a need to the first payment known after it, of the person or the household.
TO_PAYMENT: Final = """
WITH said AS (
    SELECT need, person, household, kind, min(known_from) AS said_at FROM live.need_history
     WHERE status = 'detected' AND kind = ANY (%(of)s) AND known_from <= %(at)s
     GROUP BY need, person, household, kind
), payments AS (
    SELECT h.person, wanted.kind, h.known_from
      FROM held h JOIN unnest(%(codes)s::text[], %(of)s::text[]) AS wanted (code, kind)
        ON wanted.code = h.value ->> 'benefit'
     WHERE h.kind = 'benefit' AND (h.value ->> 'amount_minor')::bigint > 0
), all_payments AS (
    SELECT person, NULL::uuid AS household, kind, known_from FROM payments
    UNION ALL
    SELECT NULL, a.household, p.kind, p.known_from
      FROM live.assessments a, unnest(a.members) AS member JOIN payments p ON p.person = member
), waited AS (
    SELECT said.need, said.kind, min(p.known_from)::date - said.said_at::date AS days
      FROM said JOIN all_payments p
        ON p.kind = said.kind AND p.known_from >= said.said_at
       AND (p.person = said.person OR p.household = said.household)
     GROUP BY said.need, said.kind, said.said_at
)
SELECT kind, count(*)::bigint AS count,
       percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY days) AS paid
  FROM waited GROUP BY kind ORDER BY kind
"""

# Records that are missing, by district. Each row of the answer: what, where, how many.
MISSING: Final = """
WITH living AS (
    SELECT b.person, p.district AS home, b.district AS born_in
      FROM births b LEFT JOIN places p USING (person)
     WHERE b.born_on <= %(on)s
       AND NOT EXISTS (SELECT FROM held d WHERE d.person = b.person AND d.kind = 'death'
                          AND d.valid_from <= %(on)s)
), jobs AS (
    SELECT h.person, h.value ->> 'employer' AS employer FROM held h
     WHERE h.kind = 'employment' AND h.valid_from <= %(month_end)s
       AND NOT EXISTS (
            SELECT FROM held e WHERE e.kind = 'employment_end' AND e.person = h.person
               AND e.value ->> 'employer' = h.value ->> 'employer'
               AND e.valid_from >= h.valid_from AND e.valid_from < %(month)s)
)
SELECT 'income_report' AS what, l.home AS district, count(DISTINCT l.person)::bigint AS count
  FROM jobs j JOIN living l USING (person)
 WHERE NOT EXISTS (SELECT FROM held i WHERE i.kind = 'income' AND i.person = j.person
                      AND i.value ->> 'employer' = j.employer AND i.valid_from = %(month)s)
 GROUP BY 2
UNION ALL
SELECT 'registration', born_in, count(*) FROM living WHERE home IS NULL GROUP BY 2
UNION ALL
SELECT 'link', p.district, count(*) FROM (
    SELECT DISTINCT person FROM live.facts f WHERE kind = 'linked_to' AND known_from <= %(at)s
       AND NOT EXISTS (SELECT FROM aliases a WHERE a.alias = f.person AND a.person <> f.person)
       AND kept.canonical(f.person, %(at)s, %(at)s) = f.person) unlinked
  LEFT JOIN places p USING (person) GROUP BY 2
"""
OUTCOMES: Final = """
SELECT p.district, a.outcome AS value, count(*)::bigint AS count
  FROM live.assessments a LEFT JOIN places p ON p.person = a.anchor GROUP BY 1, 2
"""
PLACE_OF: Final = "SELECT uuid_send(person) AS person, district FROM places"

WORKLIST: Final = """
SELECT n.need, n.person, n.household, n.kind, n.since, n.review_on, n.urgency, n.rule,
       p.district, count(*) OVER ()::bigint AS of
  FROM live.needs n LEFT JOIN places p USING (person)
 WHERE n.status <> 'ended' AND n.kind <> ALL (%(leave_out)s)
   AND coalesce(p.district, 'unknown') LIKE %(district)s
   AND (%(kind)s::text IS NULL OR n.kind = %(kind)s)
   AND (%(urgency)s::text IS NULL OR n.urgency = %(urgency)s)
 ORDER BY array_position(%(urgencies)s::text[], n.urgency), n.since, n.kind, n.person
 LIMIT %(limit)s
"""
# Blocks that may hold a name or an address, the newest statement first.
SEALED: Final = """
SELECT coalesce(a.person, f.person) AS person, f.person AS owner, f.event_id, f.sealed,
       f.sensitivity
  FROM live.facts f LEFT JOIN aliases a ON a.alias = f.person
 WHERE (f.person = ANY (%(persons)s)
        OR f.person IN (SELECT alias FROM aliases WHERE person = ANY (%(persons)s)))
   AND f.kind = ANY (%(kinds)s) AND f.sealed IS NOT NULL AND f.change <> 'ANNULLED'
   AND NOT EXISTS (SELECT FROM live.closures c
                    WHERE c.record = f.record AND c.version > f.version)
   AND (f.valid_to IS NULL OR f.valid_to >= %(on)s)
 ORDER BY f.valid_from DESC NULLS LAST, f.known_from DESC, f.event_id DESC
"""
EXPORT: Final = "SELECT pg_export_snapshot() AS name"
