"""The policy: for what purpose and by which law who may see which fields. Pure but for its file.

``schemas/policy/uz.toml`` is written to be read by a lawyer; this module refuses whatever does not
say one thing only. All faults are told together, each with its place and its rule.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from schemas import rights_fields as known
from schemas.errors import PermanentError
from schemas.rights_reading import Place

NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,30}")  # of agencies, purposes, bases, groups
LANGUAGES: Final = ("uz", "ru", "en")

NATIONAL, REGIONAL, OWN = "national", "regional", "own"
REACHES: Final = (NATIONAL, REGIONAL, OWN)


class PolicyError(PermanentError):
    """A policy that cannot be meant; the text names every place and rule."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """For what something may be asked."""

    name: str
    title: Mapping[str, str]  # by language
    law: str
    illustrative: bool  # the law is an example, to be replaced before real data


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are allowed together, or not."""

    name: str
    title: Mapping[str, str]
    fields: frozenset[str]

    @property
    def is_sensitive(self) -> bool:
        """Whether only a basis that says by which law may have it."""
        return any(map(known.is_sensitive, self.fields))


@dataclass(frozen=True, slots=True)
class Basis:
    """By which law which fields may be seen, in which operations, for which purposes."""

    name: str
    title: Mapping[str, str]
    law: str
    illustrative: bool
    since: date  # in force from this day on
    until: date | None  # the last day; None: open
    reach: str  # national; regional: a grant names regions; own: only about who asks
    longest_days: int | None  # of a grant
    history_days: int | None  # how far back a subscriber may go; None: to the beginning
    sensitive_law: str | None  # without it neither health nor reasons nor sensitive needs
    purposes: frozenset[str]
    operations: frozenset[str]
    groups: frozenset[str]
    need_kinds: frozenset[str]
    event_types: frozenset[str]
    fields: frozenset[str]  # of all its groups

    def fields_of(self, operation: str) -> frozenset[str]:
        """Return what may be seen in one operation, which the basis need not allow."""
        return _fields_of(self.fields, self.event_types, operation)

    def in_force(self, on: date) -> bool:
        """Return whether it counts on a day."""
        return self.since <= on and (self.until is None or on <= self.until)


@lru_cache(maxsize=256)  # every question asks; there are some bases and a few operations
def _fields_of(
    fields: frozenset[str], event_types: frozenset[str], operation: str
) -> frozenset[str]:
    allowed = fields & known.answer_fields()[operation]
    if operation in known.OF_EVENTS:
        for event_type in event_types & known.types_of(operation):
            allowed |= fields & known.event_fields()[event_type]
    return allowed


@dataclass(frozen=True, slots=True)
class Policy:
    """What ``decide`` goes by."""

    purposes: Mapping[str, Purpose]
    groups: Mapping[str, Group]
    bases: Mapping[str, Basis]


def load_policy(path: Path | None = None) -> Policy:
    """Return the policy in ``path``; None: that of this package.

    Raises:
        PolicyError: it cannot be read, or not be meant.
    """
    if path is None:
        return _packaged()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: cannot be read ({type(error).__name__})") from error
    return parse_policy(text, path.name)


@cache
def _packaged() -> Policy:
    return parse_policy((files("schemas") / "policy" / "uz.toml").read_text("utf-8"), "uz.toml")


def parse_policy(text: str, name: str) -> Policy:
    """Return the policy that ``text`` says; ``name`` is for the errors.

    Raises:
        PolicyError: it cannot be meant.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: not TOML: {error}") from error
    top = Place("", document, [])
    purposes = {place.name: _purpose(place) for place in top.tables("purposes", NAME)}
    groups = {place.name: _group(place) for place in top.tables("groups", NAME)}
    _check_groups(top, groups)
    bases = {place.name: _basis(place, purposes, groups) for place in top.tables("bases", NAME)}
    top.done()
    if top.faults:
        raise PolicyError("\n".join(f"{name}: {fault}" for fault in top.faults))
    return Policy(purposes, groups, bases)


def _purpose(place: Place) -> Purpose:
    made = Purpose(
        place.name, place.titles(LANGUAGES), place.text("law"), place.flag("illustrative")
    )
    place.done()
    return made


def _group(place: Place) -> Group:
    fields = place.names("fields", known.all_fields(), "a field of an event or an answer")
    made = Group(place.name, place.titles(LANGUAGES), fields)
    place.done()
    return made


def _check_groups(top: Place, groups: Mapping[str, Group]) -> None:
    owner: dict[str, str] = {}
    for group in groups.values():
        for field in sorted(group.fields):
            if field in owner:
                top.fault(
                    f"groups.{group.name}.fields",
                    f"{field} is in group {owner[field]} already; a field has one group",
                )
            owner[field] = group.name
        mixed = {known.is_sensitive(field) for field in group.fields}
        if len(mixed) > 1:
            some = min(field for field in group.fields if known.is_sensitive(field))
            top.fault(
                f"groups.{group.name}.fields",
                f"{some} is sensitive and others are not; each needs a group of its own kind",
            )
    if left := sorted(known.all_fields() - owner.keys()):
        top.fault("groups", f"in no group: {', '.join(left)}")


def _basis(place: Place, purposes: Mapping[str, Any], groups: Mapping[str, Group]) -> Basis:
    group_names = place.names("groups", groups.keys(), "a group")
    made = Basis(
        name=place.name,
        title=place.titles(LANGUAGES),
        law=place.text("law"),
        illustrative=place.flag("illustrative"),
        since=place.day("from"),
        until=place.day_or_none("until"),
        reach=place.one_of("reach", REACHES),
        longest_days=place.days_or_none("longest_days"),
        history_days=place.history("history"),
        sensitive_law=place.text_or_none("sensitive_law"),
        purposes=place.names("purposes", purposes.keys(), "a purpose"),
        operations=place.names("operations", known.OPERATIONS, "an operation"),
        groups=group_names,
        need_kinds=place.names("need_kinds", known.NEED_KINDS, "a kind of need", may_lack=True),
        event_types=place.names(
            "event_types", known.event_fields().keys(), "an event type", may_lack=True
        ),
        fields=frozenset().union(*(groups[name].fields for name in group_names)),
    )
    place.done()
    _check_basis(place, made, groups)
    return made


def _check_basis(place: Place, basis: Basis, groups: Mapping[str, Group]) -> None:
    if basis.until is not None and basis.until < basis.since:
        place.fault("until", "is before from")
    if basis.sensitive_law is None:
        wanted = [f"group {name}" for name in sorted(basis.groups) if groups[name].is_sensitive]
        wanted += [f"need {name}" for name in sorted(basis.need_kinds & known.SENSITIVE_NEEDS)]
        wanted += [name for name in sorted(basis.event_types) if name.startswith("health.")]
        if wanted:
            place.fault("sensitive_law", f"is missing, and these need it: {', '.join(wanted)}")
    if basis.event_types and not basis.operations & known.OF_EVENTS:
        place.fault("event_types", "are of no use without the operation facts or subscribe")
    for operation in sorted(basis.operations):
        if operation in known.OF_EVENTS and not basis.event_types:
            place.fault("event_types", f"are missing, and {operation} shows nothing else")
        elif not basis.fields_of(operation):
            place.fault("groups", f"none of them has a field of {operation}")
    used = frozenset().union(*map(basis.fields_of, basis.operations))
    for name in sorted(basis.groups):
        if not groups[name].fields & used:
            place.fault("groups", f"{name} has no field of these operations and event types")
