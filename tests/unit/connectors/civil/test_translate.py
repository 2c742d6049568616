from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from connectors.civil.records import civil_record
from connectors.civil.tables import TABLES
from connectors.civil.translate import translator
from connectors.source import Draft, SourceRecord
from schemas.catalogue import catalogue
from schemas.errors import InvalidRecord
from schemas.ids import Keys

KEYS = Keys(person=b"p" * 32, event=b"e" * 32, digest=b"d" * 32)
ANNA = "30211975910033"  # the published example
BORIS = "32202805910011"
NAME: dict[str, str | None] = {
    "surname": "O'ktamova",
    "given_name": " Gu\u2018zal  Oy ",
    "patronymic": None,
}
CLEAN: dict[str, str | None] = {
    "surname": "O\u02bbktamova",
    "given_name": "Gu\u02bbzal Oy",
    "patronymic": None,
}

ROWS: dict[str, dict[str, str | None]] = {
    "person": {
        "pinfl": "3 021197 5910033",
        "sex": "F",
        "born_on": "1997-11-02",
        "district": "17",
        **NAME,
    },
    "birth": {
        "child_pinfl": None,
        "mother_pinfl": ANNA,
        "father_pinfl": None,
        "sex": "M",
        "born_on": "2026-01-01",
        "district": "1703202",
        **NAME,
    },
    "death": {"pinfl": ANNA, "died_on": "2026-01-01", "district": "1703"},
    "marriage": {"spouse1_pinfl": ANNA, "spouse2_pinfl": BORIS, "married_on": "2020-02-29"},
    "divorce": {"spouse1_pinfl": ANNA, "spouse2_pinfl": BORIS, "divorced_on": "2021-02-28"},
    "name_change": {"pinfl": ANNA, "changed_on": "2021-02-28", **NAME},
    "residence": {
        "pinfl": ANNA,
        "district": "1703202",
        "address": "Bog'bon  7",
        "address_code": "A-1",
        "kind": "home",
        "from_on": "2020-01-01",
        "until_on": None,
    },
    "guardianship": {
        "ward_pinfl": ANNA,
        "guardian_pinfl": BORIS,
        "from_on": "2020-01-01",
        "until_on": "2020-01-01",
    },
}
ANNAS_ID = KEYS.pseudonym("uz.pinfl", ANNA)
BORIS_ID = KEYS.pseudonym("uz.pinfl", BORIS)

EXPECTED: dict[str, tuple[str, bytes, date, dict[str, object], dict[str, object]]] = {
    "person": (
        "civil.person_identifier_assigned",
        ANNAS_ID,
        date(1997, 11, 2),
        {"born_on": date(1997, 11, 2), "sex": "F", "district": "17", "provisional": None},
        {"identity": {"pinfl": ANNA} | CLEAN},
    ),
    "birth": (
        "civil.birth_registered",
        KEYS.pseudonym("civil.birth", "r1"),
        date(2026, 1, 1),
        {
            "born_on": date(2026, 1, 1),
            "sex": "M",
            "district": "1703202",
            "mother": ANNAS_ID,
            "father": None,
        },
        {"identity": {"pinfl": None} | CLEAN},
    ),
    "death": (
        "civil.death_registered",
        ANNAS_ID,
        date(2026, 1, 1),
        {"died_on": date(2026, 1, 1), "district": "1703"},
        {},
    ),
    "marriage": (
        "civil.marriage_registered",
        ANNAS_ID,
        date(2020, 2, 29),
        {"spouse": BORIS_ID, "married_on": date(2020, 2, 29)},
        {},
    ),
    "divorce": (
        "civil.divorce_registered",
        ANNAS_ID,
        date(2021, 2, 28),
        {"spouse": BORIS_ID, "divorced_on": date(2021, 2, 28)},
        {},
    ),
    "name_change": (
        "civil.name_changed",
        ANNAS_ID,
        date(2021, 2, 28),
        {"changed_on": date(2021, 2, 28)},
        {"identity": CLEAN},
    ),
    "residence": (
        "civil.residence_registered",
        ANNAS_ID,
        date(2020, 1, 1),
        {
            "district": "1703202",
            "dwelling": KEYS.pseudonym("uz.address", "A-1"),
            "kind": "home",
            "from_on": date(2020, 1, 1),
            "until_on": None,
        },
        {"contact": {"address": "Bog'bon  7"}},
    ),
    "guardianship": (
        "civil.guardianship_established",
        ANNAS_ID,
        date(2020, 1, 1),
        {"guardian": BORIS_ID, "from_on": date(2020, 1, 1), "until_on": date(2020, 1, 1)},
        {},
    ),
}


def source_record(
    table: str, columns: Mapping[str, object], *, deleted: bool = False
) -> SourceRecord:
    row: dict[str, Any] = {"record_id": "r1", "revision": "1", "status": "valid"}
    row |= ROWS[table] | dict(columns)
    as_bytes = {
        column: value.encode() if isinstance(value, str) else value
        for column in {*TABLES[table], *columns}
        for value in [row.get(column)]
    }
    return civil_record(table, as_bytes, deleted=deleted).record


def translate(
    table: str,
    columns: Mapping[str, object] | None = None,
    *,
    check_digit: bool = True,
    deleted: bool = False,
) -> Draft:
    return translator(KEYS, check_digit)(source_record(table, columns or {}, deleted=deleted))


@pytest.mark.parametrize("table", TABLES)
def test_each_table_becomes_its_event(table: str) -> None:
    draft = translate(table)

    kind, subject, occurred_on, fields, sealed = EXPECTED[table]
    assert (draft.type, draft.subject, draft.occurred_on) == (kind, subject, occurred_on)
    assert draft.fields == fields
    assert draft.sealed == sealed
    assert (draft.source_key, draft.record_key, draft.version) == (
        f"{table}/r1/1",
        f"{table}/r1",
        1,
    )


@pytest.mark.parametrize("table", TABLES)
def test_each_event_has_just_the_fields_of_its_schema(table: str) -> None:
    draft = translate(table)

    row = catalogue()[draft.type]
    assert set(row.fields) == set(draft.fields) | set(draft.sealed)
    assert set(row.sealed) == set(draft.sealed)


def test_a_person_registered_by_a_birth_record_names_the_id_it_had() -> None:
    draft = translate("person", {"birth_record": "b7"})

    assert draft.fields["provisional"] == KEYS.pseudonym("civil.birth", "b7")
    assert draft.fields["provisional"] == translate("birth", {"record_id": "b7"}).subject


def test_a_child_with_a_number_is_known_by_it() -> None:
    draft = translate("birth", {"child_pinfl": f" {BORIS}"})

    assert draft.subject == BORIS_ID
    assert draft.sealed["identity"] == {"pinfl": BORIS} | CLEAN


@pytest.mark.parametrize(
    ("columns", "change", "corrects"),
    [
        ({}, "CREATED", None),
        ({"revision": "3"}, "CORRECTED", "residence/r1/2"),
        ({"replaces": "r0", "replaces_revision": "4"}, "CORRECTED", "residence/r0/4"),
        (
            {"revision": "2", "replaces": "r0", "replaces_revision": "4"},
            "CORRECTED",
            "residence/r1/1",
        ),
        ({"until_on": "2020-01-01"}, "ENDED", None),
        ({"revision": "2", "until_on": "2021-01-01"}, "ENDED", "residence/r1/1"),
        ({"status": "annulled", "until_on": "2021-01-01"}, "ANNULLED", None),
        ({"status": "annulled", "revision": "2"}, "ANNULLED", "residence/r1/1"),
    ],
)
def test_the_row_says_what_kind_of_change_it_is(
    columns: dict[str, str], change: str, corrects: str | None
) -> None:
    draft = translate("residence", columns)

    assert (draft.change, draft.corrects) == (change, corrects)


def test_a_deletion_annuls_with_the_old_content_and_the_next_version() -> None:
    draft = translate("death", {"revision": "2"}, deleted=True)

    assert (draft.change, draft.version, draft.source_key) == ("ANNULLED", 3, "death/r1/3")
    assert draft.corrects == "death/r1/2"
    assert draft.fields == EXPECTED["death"][3]


PINFL_COLUMNS = [
    (table, column)
    for table, columns in TABLES.items()
    for column in columns
    if column.endswith("pinfl")
]


@pytest.mark.parametrize(("table", "column"), PINFL_COLUMNS)
def test_a_bad_pinfl_anywhere_is_named(table: str, column: str) -> None:
    bad = ANNA[:-1] + "4"

    with pytest.raises(InvalidRecord) as error:
        translate(table, {column: bad})

    assert (error.value.rule, error.value.field) == ("pinfl_check_digit", column)
    assert bad not in str(error.value)
    translate(table, {column: bad}, check_digit=False)


@pytest.mark.parametrize(
    ("table", "columns", "rule", "field"),
    [
        ("person", {"pinfl": None}, "missing", "pinfl"),
        ("person", {"pinfl": " "}, "missing", "pinfl"),
        ("person", {"surname": ""}, "missing", "surname"),
        ("person", {"given_name": "a\x07"}, "text", "given_name"),
        ("person", {"patronymic": b"\xff"}, "text", "patronymic"),
        ("person", {"sex": "f"}, "code", "sex"),
        ("person", {"born_on": "1997-02-30"}, "date", "born_on"),
        ("person", {"born_on": "1849-12-31"}, "date", "born_on"),
        ("person", {"born_on": None}, "missing", "born_on"),
        ("death", {"district": "170320"}, "code", "district"),
        ("death", {"status": None}, "missing", "status"),
        ("death", {"status": "VALID"}, "code", "status"),
        ("death", {"revision": "0"}, "number", "revision"),
        ("death", {"revision": "-1"}, "number", "revision"),
        ("death", {"replaces": "r0"}, "missing", "replaces_revision"),
        ("residence", {"kind": "dacha"}, "code", "kind"),
        ("residence", {"address": None}, "missing", "address"),
        ("residence", {"address_code": None}, "missing", "address_code"),
        ("residence", {"until_on": "2019-12-31"}, "date_order", "until_on"),
        ("residence", {"until_on": "soon"}, "date", "until_on"),
        ("guardianship", {"until_on": "2019-12-31"}, "date_order", "until_on"),
    ],
)
def test_a_broken_row_names_rule_and_column(
    table: str, columns: dict[str, object], rule: str, field: str
) -> None:
    with pytest.raises(InvalidRecord) as error:
        translate(table, columns)

    assert (error.value.rule, error.value.field) == (rule, field)
