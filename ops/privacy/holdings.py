"""Every place where the hub holds something of a person, as a table: what to read, what is sealed.

A row here is a table of the database. What no row names, and why, stands in ``WITHOUT``; a test
compares both with the database's own list of tables.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Holding(NamedTuple):
    """One table: how to find the rows that hold any of the ids."""

    name: str  # in the export
    table: str
    where: str  # %(ids)s: uuid[]; %(texts)s: the same as text[]; %(entries)s: uuid[] of quarantine
    title: str


# A relation stands in a fact of each person whom the event ties, so all facts of those events name
# everything that names the person.
HOLDINGS: Final = (
    Holding(
        "facts",
        "live.facts",
        "event_id IN (SELECT event_id FROM live.facts WHERE person = ANY (%(ids)s::uuid[])"
        " OR person = ANY (%(entries)s::uuid[]))",
        "what registries and operators stated, in the words of the law's types",
    ),
    Holding("needs", "live.needs", "person = ANY (%(ids)s::uuid[])", "what is due, and why"),
    Holding(
        "need_history",
        "live.need_history",
        "person = ANY (%(ids)s::uuid[])",
        "everything that was ever said of needs, and why",
    ),
    Holding(
        "households",
        "live.assessments",
        "members && %(ids)s::uuid[]",
        "the household as it was judged last",
    ),
    Holding(
        "memberships",
        "live.memberships",
        "person = ANY (%(ids)s::uuid[]) OR anchor = ANY (%(ids)s::uuid[])",
        "in which household, since when",
    ),
    Holding(
        "payments",
        "live.payment_findings",
        "person = ANY (%(ids)s::uuid[])",
        "what was paid against what was due",
    ),
    Holding(
        "past_to_judge",
        "live.rejudgements",
        "person = ANY (%(ids)s::uuid[])",
        "past months that wait to be judged again",
    ),
    Holding("to_judge", "live.causes", "person = ANY (%(ids)s::uuid[])", "waits to be judged"),
    Holding(
        "name_digests",
        "live.match_blocks",
        "person = ANY (%(ids)s::uuid[])",
        "keyed digests of names, by which doubles are looked for",
    ),
    Holding(
        "suggestions",
        "live.suggestions",
        "person = ANY (%(ids)s::uuid[]) OR alias = ANY (%(ids)s::uuid[])",
        "who may be the same person",
    ),
    Holding(
        "set_aside",
        "live.quarantined",
        "entry = ANY (%(entries)s::uuid[])",
        "records that broke a rule, as the streams noted them",
    ),
    Holding(
        "sent",
        "kept.outbox",
        "EXISTS (SELECT FROM unnest(%(texts)s::text[]) t WHERE position(t::bytea IN body) > 0)"
        " OR EXISTS (SELECT FROM unnest(%(entries)s::uuid[]) e"
        " WHERE position(e::text::bytea IN body) > 0)",
        "what the hub published of the person, or will; blocks as sent",
    ),
    Holding(
        "on_record",
        "kept.audit_leaves",
        "body::text LIKE ANY (SELECT '%%' || t || '%%' FROM unnest(%(texts)s::text[]) t)"
        " OR body::text LIKE ANY (SELECT '%%' || e || '%%' FROM unnest(%(entries)s::uuid[]) e)",
        "who looked, when, why; what was decided; refusals",
    ),
)
KEY_HOLDINGS: Final = (
    Holding(
        "keys",
        "sealing_keys",
        "owner = ANY (%(ids)s::uuid[]) OR owner = ANY (%(entries)s::uuid[])",
        "states of the sealing keys; never the keys",
    ),
    Holding(
        "restrictions",
        "key_restrictions",
        "owner = ANY (%(ids)s::uuid[]) OR owner = ANY (%(entries)s::uuid[])",
        "what may be opened for some purposes only",
    ),
)
# Tables that hold nothing of a person, and why.
WITHOUT: Final = {
    "kept.agencies": "agencies",
    "kept.bases": "the rights policy",
    "kept.clients": "programs of agencies",
    "kept.feed_access": "passwords of agencies",
    "kept.feed_index": "places of feeds' records by number; the topics are read instead",
    "kept.generation": "one number",
    "kept.grants": "rights of agencies",
    "kept.log_head": "the audit log's size",
    "kept.migrations": "names of files",
    "kept.resends": "numbers asked for again",
    "kept.rights_key": "a key",
    "live.closures": "ids of events and records; their facts are exported",
    "live.completeness": "days of registries",
    "live.match_progress": "the last id looked at while names are compared, for minutes",
    "live.progress": "places of workers",
    "live.replacements": "ids of events; their facts are exported",
}
