"""Leave out of an answer what may not be seen. Pure.

The API and the feeds cut alike: by full names of fields, kinds of needs and event types. What was
withheld is told without looking at the answer: a list that depended on it would say what is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from schemas import rights_fields as known
from schemas.rights_facts import FACTS

# Lists of an answer whose rows are about one kind of need.
_BY_KIND: Final = frozenset(
    {"needs.needs", "needs.near_misses", "needs.unknown", "history.history"}
)
_FACTS: Final = "facts.facts"


def cut(
    operation: str,
    answer: Mapping[str, Any],
    fields: frozenset[str],
    need_kinds: frozenset[str],
    event_types: frozenset[str],
) -> dict[str, Any]:
    """Return of ``answer`` what may be seen; a field that nobody has named is not.

    Args:
        operation: whose answer it is.
        answer: JSON values; objects and lists of objects are cut field by field.
        fields: full names.
        need_kinds: of needs of other kinds there is no row.
        event_types: of facts that other events state there is no row.
    """
    whole = _object(operation, answer, fields)
    for name in whole:
        path = f"{operation}.{name}"
        if path in _BY_KIND:
            rows = answer[name] or []
            kept = [row for row in rows if row.get("kind") in need_kinds]
            whole[name] = _value(path, kept, fields)
        elif path == _FACTS:
            rows = answer[name] or []
            kinds = known.kinds_of(event_types)
            kept = [_fact(row, fields) for row in rows if row.get("kind") in kinds]
            whole[name] = _value(path, kept, fields)
    return whole


def withheld(
    operation: str,
    fields: frozenset[str],
    need_kinds: frozenset[str],
    event_types: frozenset[str],
) -> list[str]:
    """Return what an answer of ``operation`` lacks, by full name, sorted.

    An event type that is lacking as a whole is named once; so is a kind of need.
    """
    if not operation:
        return []
    lacking = set(known.answer_fields()[operation] - fields)
    if operation in known.OF_EVENTS:
        for name in known.types_of(operation):
            lacking |= known.event_fields()[name] - fields if name in event_types else {name}
    if any(path.partition(".")[0] == operation for path in _BY_KIND):
        lacking |= known.NEED_KINDS - need_kinds
    return sorted(lacking)


def _object(path: str, values: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    kept, above = {}, _above(fields)
    for name, value in values.items():
        below = f"{path}.{name}"
        if below in fields or below in above:
            kept[name] = _value(below, value, fields)
    return kept


def _value(path: str, value: Any, fields: frozenset[str]) -> Any:
    if path in fields:
        return value  # as a whole
    if isinstance(value, Mapping):
        return _object(path, value, fields)
    if isinstance(value, list):
        return [_object(path, each, fields) for each in value if isinstance(each, Mapping)]
    return None


@lru_cache(maxsize=256)  # the same few sets, for every row of every answer
def _above(fields: frozenset[str]) -> frozenset[str]:
    """Return the paths that lead to a field."""
    return frozenset(
        field[:place] for field in fields for place, sign in enumerate(field) if sign == "."
    )


def _fact(row: Mapping[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """Return a fact with those keys of its value that may be seen."""
    keys = FACTS[row["kind"]]
    value = {
        name: each
        for name, each in (row.get("value") or {}).items()
        if name in keys and keys[name] in fields
    }
    return {**row, "value": value}
