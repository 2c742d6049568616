"""The civil registry's tables as docs/sources.md states them. Pure."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = "civil"
KEY: Final = "record_id"

ENVELOPE: Final = {
    "record_id": "text",
    "revision": "integer",
    "status": "text",
    "replaces": "text",
    "replaces_revision": "integer",
    "registered_at": "timestamp with time zone",
}

_OWN: Final = {
    "person": "pinfl surname given_name patronymic sex born_on district",
    "birth": "child_pinfl mother_pinfl father_pinfl surname given_name patronymic sex born_on"
    " district",
    "death": "pinfl died_on district",
    "marriage": "spouse1_pinfl spouse2_pinfl married_on",
    "divorce": "spouse1_pinfl spouse2_pinfl divorced_on",
    "name_change": "pinfl surname given_name patronymic changed_on",
    "residence": "pinfl district address address_code kind from_on until_on",
    "guardianship": "ward_pinfl guardian_pinfl from_on until_on",
}

# By table, each column and its type, in the order in which the snapshot reads them.
TABLES: Final[dict[str, dict[str, str]]] = {
    table: ENVELOPE | dict.fromkeys(columns.split(), "text") for table, columns in _OWN.items()
}

# Columns that a registry of an earlier release does not have; where they are, they are read.
OPTIONAL: Final[dict[str, dict[str, str]]] = {"person": {"birth_record": "text"}}


def next_table(table: str) -> str | None:
    """Return the table that the snapshot reads after ``table``; None after the last.

    >>> next_table("person"), next_table("guardianship")
    ('birth', None)
    """
    names = list(TABLES)
    at = names.index(table) + 1
    return names[at] if at < len(names) else None


FIRST_TABLE: Final = next(iter(TABLES))
