"""Are the needs those that the law gives, and do they cite what exists? Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ops.verify.ids import event_id
from ops.verify.needs import OF_FAMILIES, urgency_of
from ops.verify.values import Difference, Event, Known, Need, NeedRow, Tables, Topics

NEEDS, TOPIC, EVIDENCE, KNOWN = "needs", "needs topic", "evidence", "known people"
_ENDED = "ended"


def check_needs(right: Iterable[Need], tables: Tables) -> list[Difference]:
    """Compare the needs that stand in the table with those that the events give."""
    found: list[Difference] = []
    stated: dict[tuple[str, str], NeedRow] = {}
    for row in standing(tables):
        if (row.person, row.kind) in stated:
            found.append(_about(NEEDS, "need twice", row.person, row.kind, f"need {row.need}"))
        stated[row.person, row.kind] = row
    for need in right:
        is_ = stated.pop((need.person, need.kind), None)
        if is_ is None:
            detail = f"household {need.household}"
            found.append(_about(NEEDS, "need missing", need.person, need.kind, detail))
            continue
        compared: list[tuple[str, object, object]] = [
            ("amount_minor", is_.amount_minor, need.amount_minor),
            ("household", is_.household, need.household),
            ("urgency", is_.urgency, urgency_of(need.kind)),
        ]
        if need.since is not None:
            compared.append(("since", is_.since, need.since))
        if need.kind not in OF_FAMILIES:
            compared.append(("review_on", is_.review_on, need.review_on))
        for name, one, other in compared:
            if one != other:
                found.append(_about(NEEDS, name, need.person, need.kind, f"{one}, not {other}"))
    for (person, kind), row in stated.items():
        found.append(_about(NEEDS, "need too many", person, kind, f"need {row.need}"))
    return found


def check_needs_topic(topics: Topics, tables: Tables, event_key: bytes) -> list[Difference]:
    """Compare citizen.needs.v1, folded to the last word on each need, with the tables."""
    found: list[Difference] = []
    by_need: dict[str, list[Event]] = {}
    for event in topics.needs:
        by_need.setdefault(event.content["need"], []).append(event)
        found += _well_formed(event, event_key)
    rows = {row.need: row for row in tables.needs}
    for need, events in by_need.items():
        events.sort(key=lambda event: event.version)
        versions = [event.version for event in events]
        last = events[-1]
        if versions != list(range(1, len(versions) + 1)):
            found.append(_at(last, "versions", f"need {need} has versions {versions}"))
        row = rows.pop(need, None)
        if row is None:
            if last.content["status"] != _ENDED:
                found.append(_at(last, "need without row", f"need {need}"))
            continue
        found += _same(last, row)
    for need, row in rows.items():
        detail = f"need {need} was never said on the topic"
        found.append(_about(TOPIC, "row without event", row.person, row.kind, detail))
    said = {event.id for event in topics.needs}
    for id_ in sorted(said ^ tables.history):
        detail = "is only on the topic" if id_ in said else "is only in live.need_history"
        found.append(Difference(TOPIC, "history", f"event {id_}", detail))
    return found


def check_evidence(topics: Topics, tables: Tables) -> list[Difference]:
    """Check that every need cites events, and that those exist."""
    known = {event.id for event in topics.events}
    found: list[Difference] = []
    for row in standing(tables):
        if not row.evidence:
            found.append(_about(EVIDENCE, "no evidence", row.person, row.kind, f"need {row.need}"))
        for id_ in row.evidence:
            if id_ not in known:
                detail = f"need {row.need} cites event {id_}"
                found.append(_about(EVIDENCE, "no such event", row.person, row.kind, detail))
    for event in topics.needs:
        if event.causation_id is not None and event.causation_id not in known:
            detail = f"event {event.id} names cause {event.causation_id}"
            found.append(Difference(EVIDENCE, "no such cause", str(event.place), detail))
    return found


def check_known(
    known: Iterable[Known], tables: Tables, forgotten: Collection[str] = ()
) -> list[Difference]:
    """Compare the people whose needs were worked out by hand.

    Not those of whom, or of whose household, something was erased since: the hand did not know.
    """
    homes = {row.household for row in tables.needs if row.person in forgotten}
    left_out = {row.person for row in tables.needs if row.household in homes} | set(forgotten)
    stated: dict[str, dict[str, int | None]] = {}
    for row in standing(tables):
        stated.setdefault(row.person, {})[row.kind] = row.amount_minor
    found: list[Difference] = []
    for case in known:
        if case.person in left_out:
            continue
        have, right = stated.get(case.person, {}), dict(case.needs)
        for kind in sorted({*have, *right}):
            if kind not in have:
                found.append(_about(KNOWN, "need missing", case.person, kind, case.name))
            elif kind not in right:
                found.append(_about(KNOWN, "need too many", case.person, kind, case.name))
            elif have[kind] != right[kind]:
                detail = f"{case.name}: {have[kind]}, not {right[kind]}"
                found.append(_about(KNOWN, "amount_minor", case.person, kind, detail))
    return found


def standing(tables: Tables) -> list[NeedRow]:
    """Return the needs that have not ended."""
    return [row for row in tables.needs if row.status != _ENDED]


def _well_formed(event: Event, event_key: bytes) -> Iterator[Difference]:
    need, status = event.content["need"], event.content["status"]
    if event.type != f"hub.need_{status}":
        yield _at(event, "status", f"event {event.id} is {event.type} with status {status}")
    if event.id != event_id(event_key, "hub", f"need/{need}/{event.version}"):
        yield _at(event, "id", f"event {event.id} is not version {event.version} of {need}")


def _same(event: Event, row: NeedRow) -> Iterator[Difference]:
    content = event.content
    for name, one, other in (
        ("version", row.version, event.version),
        ("event_id", row.event_id, event.id),
        ("person", row.person, event.subject),
        ("household", row.household, content["household"]),
        ("kind", row.kind, content["kind"]),
        ("status", row.status, content["status"]),
        ("amount_minor", row.amount_minor, content["amount_minor"]),
        ("since", row.since, content["since"]),
        ("review_on", row.review_on, content["review_on"]),
        ("urgency", row.urgency, content["urgency"]),
    ):
        if one != other:
            yield _at(event, name, f"need {row.need} ({row.kind}): table {one}, topic {other}")


def _about(check: str, kind: str, person: str, need: str, detail: str) -> Difference:
    return Difference(check, kind, f"person {person} {need}", detail)


def _at(event: Event, kind: str, detail: str) -> Difference:
    return Difference(TOPIC, kind, str(event.place), detail)
