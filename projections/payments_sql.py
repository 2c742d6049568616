"""The statements behind over- and under-payments: the past is queued, judged, found."""

from __future__ import annotations

from typing import Final

# Written in the assessor's transaction, from the causes it took. The cause names the first event of
# a chunk about a person or record; whatever that partition states of them from there on is looked
# at. Only events recorded after their registry's first complete snapshot: the load is no news.
#
# A month is judged on its first day, so what begins later in it concerns the next one. Incomes of a
# month count from the next one on; a payment concerns its own month once that is past. What has
# no date (a link) concerns all months. An annulment counts once it has settled. Of a record of
# which only the end has changed the days since the earliest end are concerned, else all its days.
QUEUE_PAST: Final = """
WITH news_since AS MATERIALIZED (
    SELECT 'registry.' || registry || '.events.v1' AS topic, max(first) AS since FROM (
        SELECT registry, partition, min(known_from) FILTER (WHERE snapshot) AS first
          FROM live.completeness GROUP BY registry, partition) each
     GROUP BY registry HAVING bool_and(first IS NOT NULL)
    UNION ALL SELECT 'hub.operator.events.v1', '-infinity'
), taken AS MATERIALIZED (
    SELECT c.person, c.record, f.topic, f.partition, f."offset", n.since
      FROM live.causes c
      JOIN live.facts f ON f.event_id = c.event_id AND f.ordinal = 0
      JOIN news_since n ON n.topic = f.topic
     WHERE c.id = ANY (%(causes)s)
), stated AS (
    SELECT t.person, g.event_id, g.kind, g.valid_from, g.known_from AS settles_at
      FROM taken t JOIN live.facts g
        ON g.person = t.person AND g.topic = t.topic AND g.partition = t.partition
       AND g."offset" >= t."offset" AND g.known_from > t.since
       AND g.version = 1 AND g.change = 'CREATED'
    UNION ALL
    SELECT g.person, c.event_id, g.kind,
           CASE WHEN c.change <> 'ANNULLED' AND r.only_ended THEN r.ended_on + 1
                ELSE g.valid_from END,
           CASE WHEN c.change = 'ANNULLED' THEN c.known_from + live.settle_window(
                (SELECT a.value ->> 'type' FROM live.facts a
                  WHERE a.event_id = c.event_id AND a.ordinal = 0)) ELSE c.known_from END
      FROM taken t JOIN LATERAL (
            SELECT * FROM live.closures
             WHERE record = t.record AND known_from > t.since ORDER BY version DESC LIMIT 1) c
        ON true
      JOIN live.facts g ON g.record = t.record
      JOIN LATERAL (
            SELECT min(h.valid_to) AS ended_on,
                   count(DISTINCT h.version) > 1 AND count(h.valid_to) > 0
                   AND count(DISTINCT (h.person, h.kind))
                       = count(DISTINCT (h.person, h.kind, h.value, h.valid_from)) AS only_ended
              FROM live.facts h WHERE h.record = t.record) r
        ON true
), dated AS (
    SELECT person, event_id, kind, settles_at,
           CASE WHEN kind = 'income' THEN (date_trunc('month', valid_from) + interval '1 month')
                WHEN kind = 'benefit' THEN date_trunc('month', valid_from)
                ELSE date_trunc('month', coalesce(valid_from, '1900-01-01') + interval '1 month'
                     - interval '1 day') END::date AS from_month
      FROM stated WHERE kind = ANY (%(kinds)s)
)
INSERT INTO live.rejudgements (person, from_month, event_id, due_at)
SELECT person, min(from_month), event_id,
       max(greatest(settles_at, CASE WHEN kind = 'benefit'
           THEN (from_month + interval '1 month') AT TIME ZONE 'UTC' ELSE settles_at END))
  FROM dated
 WHERE kind = 'benefit' OR from_month < date_trunc('month', %(on)s::date)::date
 GROUP BY person, event_id ORDER BY person, 4, event_id
"""

LOCK: Final = "SELECT pg_try_advisory_lock(x'68756207'::int)"  # "hub", 7
UNLOCK: Final = "SELECT pg_advisory_unlock(x'68756207'::int)"
LOCK_GENERATION: Final = "SELECT number FROM kept.generation FOR SHARE"
FIRST: Final = """
SELECT uuid_send(person) FROM live.rejudgements
 WHERE due_at <= %(now)s AND from_month < date_trunc('month', %(on)s::date)::date
 ORDER BY id LIMIT 1
"""
TAKE: Final = """
DELETE FROM live.rejudgements
 WHERE person = %(person)s AND due_at <= %(now)s
   AND from_month < date_trunc('month', %(on)s::date)::date
RETURNING id, from_month, uuid_send(event_id)
"""
# The month in which the hub first knew everything: of earlier ones it never said anything.
FIRST_MONTH: Final = """
SELECT date_trunc('month', max(first) AT TIME ZONE 'UTC')::date FROM (
    SELECT min(known_from) FILTER (WHERE snapshot) AS first
      FROM live.completeness GROUP BY registry, partition) each
"""
LATEST: Final = """
SELECT DISTINCT ON (person, kind, month)
       uuid_send(person), kind, month, entitled_minor, paid_minor
  FROM live.payment_findings
 WHERE person = ANY (%(persons)s::uuid[]) AND month = ANY (%(months)s)
 ORDER BY person, kind, month, id DESC
"""
INSERT: Final = """
INSERT INTO live.payment_findings (person, kind, month, entitled_minor, paid_minor, event_id)
VALUES (%s, %s, %s, %s, %s, %s)
"""

_OPEN: Final = """
WITH latest AS (
    SELECT DISTINCT ON (person, kind, month) * FROM live.payment_findings
     ORDER BY person, kind, month, id DESC)
"""
OPEN_BY_MONTH: Final = (
    _OPEN
    + """
SELECT month, kind, count(*) FILTER (WHERE difference_minor > 0) AS too_little,
       coalesce(sum(difference_minor) FILTER (WHERE difference_minor > 0), 0)::bigint
           AS too_little_minor,
       count(*) FILTER (WHERE difference_minor < 0) AS too_much,
       coalesce(-sum(difference_minor) FILTER (WHERE difference_minor < 0), 0)::bigint
           AS too_much_minor
  FROM latest WHERE difference_minor <> 0 GROUP BY month, kind ORDER BY month, kind
"""
)
OPEN_EACH: Final = (
    _OPEN
    + """
SELECT person, kind, month, entitled_minor, paid_minor, difference_minor, event_id,
       known_from AS found_at, status
  FROM latest WHERE difference_minor <> 0 ORDER BY month, kind, person
"""
)
WAITING: Final = "SELECT count(*) AS waiting FROM live.rejudgements"
