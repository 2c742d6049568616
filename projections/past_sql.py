"""The statements that ask for a past moment; ``006_past.sql`` has the functions."""

from __future__ import annotations

from typing import Final

FACTS: Final = """
SELECT event_id, ordinal, held.person, held.kind, held.value, held.valid_from, held.valid_to,
       held.known_from, held.record, held.version, held.change, held.sensitivity, held.is_sealed,
       held.topic, held.partition, held."offset", f.sealed
  FROM unnest(%(ids)s::uuid[]) AS id,
       live.facts_at(id, %(as_of)s::date, %(known_at)s::timestamptz) AS held
  JOIN live.facts f USING (event_id, ordinal)
 ORDER BY held.valid_from NULLS FIRST, held.kind, held.known_from, event_id, ordinal
"""
IS_KNOWN: Final = """
SELECT EXISTS (SELECT FROM live.facts
                WHERE person = ANY (%(ids)s::uuid[]) AND known_from <= %(known_at)s::timestamptz)
       AS is_known
"""

NEEDS_SAID: Final = """
SELECT need, version, person, household, kind, status, since, review_on, urgency, amount_minor,
       rule, evidence, reason, event_id, known_from
  FROM unnest(%(ids)s::uuid[]) AS id, live.needs_said(id, %(known_at)s::timestamptz)
 WHERE status <> 'ended' ORDER BY kind, need
"""
HOUSEHOLD_SAID: Final = """
SELECT household, anchor, members, assessed_on, known_from
  FROM live.household_said(%(person)s::uuid, %(known_at)s::timestamptz)
"""
HISTORY: Final = """
SELECT h.event_id, h.need, h.version, h.person, h.household, h.kind, h.status, h.since,
       h.review_on, h.urgency, h.amount_minor, h.rule, h.evidence, h.reason, h.known_from,
       h.causation_id, f.kind AS cause_states, f.known_from AS cause_recorded_at,
       f.topic AS cause_topic, f.partition AS cause_partition, f."offset" AS cause_offset
  FROM live.need_history h
  LEFT JOIN live.facts f ON f.event_id = h.causation_id AND f.ordinal = 0
 WHERE h.person = ANY (%(ids)s::uuid[]) AND h.known_from <= %(known_at)s::timestamptz
 ORDER BY h.known_from, h.kind, h.need, h.version
"""

FRESHNESS: Final = """
SELECT p.topic, count(c.partition) = count(*) AS is_complete, min(c.through) AS complete_through,
       max(p.updated_at) AS updated_at, sum(p.events)::bigint AS events
  FROM live.progress p
  LEFT JOIN (SELECT registry, partition, max(through) AS through FROM live.completeness
              WHERE known_from <= %(known_at)s::timestamptz
              GROUP BY registry, partition) c
    ON p.topic = 'registry.' || c.registry || '.events.v1' AND p.partition = c.partition
 GROUP BY p.topic
"""
