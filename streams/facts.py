"""From one event to the facts it states. Pure, and a table: event type -> facts.

A fact is stated for *every* person whom an event ties, so that a relation is found from either
end: the birth of a child is a fact about the child, the mother and the father. Facts never move.
Every event states at least one fact (an annulment states ``annulled``; ``hub.source_complete`` is
about no person and goes to its own table), so the event ids in the table are the events applied.

The first fact of an event is about its subject and carries the sealed block, as it came.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from projections.chunk_rows import Fact
from schemas.codec import Record
from schemas.errors import InvalidRecord
from schemas.ids import EPOCH_ORDINAL, from_days, text
from streams.erasures import decided

SOURCE_COMPLETE: Final = "hub.source_complete"
ANNULLED: Final = "annulled"
OPERATOR: Final = "operator"  # a link that an operator stated, and no registry

_EARLIEST: Final = date(1850, 1, 1).toordinal() - EPOCH_ORDINAL
_LATEST: Final = date(2200, 12, 31).toordinal() - EPOCH_ORDINAL


def facts(event_type: str, record: Record) -> list[Fact]:
    """Return what the event states, its subject's fact first.

    Raises:
        InvalidRecord: a date outside 1850 to 2200, a text with control characters, or a type that
            states nothing yet.
    """
    meta = record["meta"]
    state = _STATED.get(event_type)
    if state is None:
        raise InvalidRecord("unknown_type")
    if meta["change"] == "ANNULLED":
        return [Fact(meta["subject"], ANNULLED, {"type": event_type})]
    return state(meta["subject"], record)


def closes(record: Record) -> bool:
    """Return whether the event closes the lower versions of its record."""
    meta = record["meta"]
    return bool(meta["change"] != "CREATED" or meta["version"] > 1)


def replaces(record: Record) -> bytes | None:
    """Return the event of another record that the event replaces, if any.

    Later versions name the version before them; the first can only name another record.
    """
    meta = record["meta"]
    corrects: bytes | None = meta["corrects"]
    return corrects if meta["version"] == 1 else None


def _person(subject: bytes, r: Record) -> list[Fact]:
    value = {"born_on": _on(r, "born_on"), "sex": _word(r, "sex"), "district": _word(r, "district")}
    stated = [Fact(subject, "person", value, r["born_on"], None, *_sealed(r, "identity"))]
    if (alias := r.get("provisional")) is not None:  # from schema version 2
        link = {"alias": text(alias), "reason": "identifier"}
        stated.append(Fact(subject, "linked_from", link))
        link = {"person": text(subject), "reason": "identifier"}
        stated.append(Fact(alias, "linked_to", link))
    return stated


def _birth(subject: bytes, r: Record) -> list[Fact]:
    born_on = _on(r, "born_on")
    value = {
        "born_on": born_on,
        "sex": _word(r, "sex"),
        "district": _word(r, "district"),
        "mother": _id(r["mother"]),
        "father": _id(r["father"]),
    }
    stated = [Fact(subject, "birth", value, r["born_on"], None, *_sealed(r, "identity"))]
    child = {"child": text(subject), "born_on": born_on}
    parents = (r["mother"], r["father"])
    stated += [Fact(parent, "child", child, r["born_on"]) for parent in parents if parent]
    return stated


def _death(subject: bytes, r: Record) -> list[Fact]:
    value = {"died_on": _on(r, "died_on"), "district": _word(r, "district")}
    return [Fact(subject, "death", value, r["died_on"])]


def _couple(kind: str, dated: str) -> Callable[[bytes, Record], list[Fact]]:
    def state(subject: bytes, r: Record) -> list[Fact]:
        on, spouse = _on(r, dated), r["spouse"]
        return [
            Fact(subject, kind, {"spouse": text(spouse), dated: on}, r[dated]),
            Fact(spouse, kind, {"spouse": text(subject), dated: on}, r[dated]),
        ]

    return state


def _name(subject: bytes, r: Record) -> list[Fact]:
    value = {"changed_on": _on(r, "changed_on")}
    return [Fact(subject, "name", value, r["changed_on"], None, *_sealed(r, "identity"))]


def _residence(subject: bytes, r: Record) -> list[Fact]:
    _span(r, "from_on", "until_on")
    value = {
        "district": _word(r, "district"),
        "dwelling": text(r["dwelling"]),
        "kind": _word(r, "kind"),
    }
    sealed = _sealed(r, "contact")
    return [Fact(subject, "residence", value, r["from_on"], r["until_on"], *sealed)]


def _guardianship(subject: bytes, r: Record) -> list[Fact]:
    _span(r, "from_on", "until_on")
    guardian, span = r["guardian"], (r["from_on"], r["until_on"])
    return [
        Fact(subject, "guardian", {"guardian": text(guardian)}, *span),
        Fact(guardian, "ward", {"ward": text(subject)}, *span),
    ]


def _employment(subject: bytes, r: Record) -> list[Fact]:
    value = {"employer": text(r["employer"]), "started_on": _on(r, "started_on")}
    return [Fact(subject, "employment", value, r["started_on"], None, *_sealed(r, "identity"))]


def _employment_end(subject: bytes, r: Record) -> list[Fact]:
    value = {"employer": text(r["employer"]), "ended_on": _on(r, "ended_on")}
    return [Fact(subject, "employment_end", value, r["ended_on"], None, *_sealed(r, "identity"))]


def _income(subject: bytes, r: Record) -> list[Fact]:
    month = r["month"]
    value = {
        "employer": text(r["employer"]),
        "month": _on(r, "month"),
        "gross_minor": r["gross_minor"],
    }
    return [Fact(subject, "income", value, month, _month_end(month), *_sealed(r, "identity"))]


def _self_employment(subject: bytes, r: Record) -> list[Fact]:
    ended_on = _span(r, "registered_on", "ended_on")
    value = {
        "activity": _word(r, "activity"),
        "registered_on": _on(r, "registered_on"),
        "ended_on": ended_on,
    }
    span = (r["registered_on"], r["ended_on"])
    return [Fact(subject, "self_employment", value, *span, *_sealed(r, "identity"))]


def _property(subject: bytes, r: Record) -> list[Fact]:
    value = {
        "property": text(r["property"]),
        "kind": _word(r, "kind"),
        "share_percent": r["share_percent"],
        "registered_on": _on(r, "registered_on"),
    }
    return [Fact(subject, "property", value, r["registered_on"], None, *_sealed(r, "identity"))]


def _benefit(subject: bytes, r: Record) -> list[Fact]:
    month = r["month"]
    value = {
        "benefit": _word(r, "benefit"),
        "month": _on(r, "month"),
        "amount_minor": r["amount_minor"],
    }
    return [Fact(subject, "benefit", value, month, _month_end(month), *_sealed(r, "identity"))]


def _link(subject: bytes, r: Record) -> list[Fact]:
    reason, person = _word(r, "reason"), r["person"]
    value = {"person": _id(person), "reason": reason}
    stated = [Fact(subject, "linked_to", value, None, None, *_sealed(r, "identity"))]
    if person:
        stated.append(Fact(person, "linked_from", {"alias": text(subject), "reason": reason}))
    return stated


def _decision(verb: str, by: dict[str, str]) -> Callable[[bytes, Record], list[Fact]]:
    """An operator's word on one alias: at the person, and at the alias."""

    def state(subject: bytes, r: Record) -> list[Fact]:
        alias, person, said = r["alias"], r["person"], {"reason": _word(r, "reason")} | by
        if person != subject:
            raise InvalidRecord("meta", "subject")
        if alias == person:
            raise InvalidRecord("code", "alias")
        return [
            Fact(subject, f"{verb}_from", {"alias": text(alias)} | said),
            Fact(alias, f"{verb}_to", {"person": text(person)} | said),
        ]

    return state


def _health(kind: str, dated: str) -> Callable[[bytes, Record], list[Fact]]:
    def state(subject: bytes, r: Record) -> list[Fact]:
        value = {dated: _on(r, dated)}
        return [Fact(subject, kind, value, r[dated], None, *_sealed(r, "health"))]

    return state


_STATED: Final[dict[str, Callable[[bytes, Record], list[Fact]]]] = {
    "civil.person_identifier_assigned": _person,
    "civil.birth_registered": _birth,
    "civil.death_registered": _death,
    "civil.marriage_registered": _couple("marriage", "married_on"),
    "civil.divorce_registered": _couple("divorce", "divorced_on"),
    "civil.name_changed": _name,
    "civil.residence_registered": _residence,
    "civil.guardianship_established": _guardianship,
    "tax.employment_started": _employment,
    "tax.employment_ended": _employment_end,
    "tax.income_reported": _income,
    "tax.self_employment_registered": _self_employment,
    "tax.property_registered": _property,
    "tax.benefit_paid": _benefit,
    "health.patient_linked": _link,
    "health.disability_assessed": _health("disability", "assessed_on"),
    "health.condition_diagnosed": _health("condition", "diagnosed_on"),
    "health.pregnancy_registered": _health("pregnancy", "registered_on"),
    "health.care_dependency_assessed": _health("care", "assessed_on"),
    "health.psychological_support_referred": _health("psychological_support", "referred_on"),
    "hub.identity_linked": _decision("linked", {"by": OPERATOR}),
    "hub.identity_unlinked": _decision("unlinked", {}),
    "hub.erasure_decided": decided,
}
STATED_TYPES: Final = frozenset(_STATED)


def check_date(record: Record, field: str) -> str:
    """Return the date in ``field`` as text, or raise ``InvalidRecord``."""
    return _on(record, field)


def _on(record: Record, field: str) -> str:
    day = record[field]
    if _EARLIEST <= day <= _LATEST:
        return _iso(day)
    raise InvalidRecord("date", field)


def _span(record: Record, first: str, last: str) -> str | None:
    """Check a span's dates and return the last day as text."""
    _on(record, first)
    if record[last] is None:
        return None
    if record[last] < record[first]:
        raise InvalidRecord("date_order", last)
    return _on(record, last)


def _word(record: Record, field: str) -> str:
    word: str = record[field]
    if not _is_clean(word):
        raise InvalidRecord("text", field)
    return word


def _id(identifier: bytes | None) -> str | None:
    return None if identifier is None else text(identifier)


def _sealed(record: Record, field: str) -> tuple[bytes | None, str | None]:
    block: bytes | None = record[field]
    return (None, None) if block is None else (block, field)


@lru_cache(maxsize=65_536)
def _iso(day: int) -> str:
    return from_days(day).isoformat()


@lru_cache(maxsize=4096)
def _month_end(first: int) -> int:
    on = from_days(first) if _EARLIEST <= first <= _LATEST else date(1970, 1, 1)
    next_month = (on.replace(day=1) + timedelta(days=31)).replace(day=1)
    return next_month.toordinal() - EPOCH_ORDINAL - 1


@lru_cache(maxsize=65_536)
def _is_clean(word: str) -> bool:
    return word.isprintable()  # PostgreSQL's jsonb refuses U+0000; no code list has controls
