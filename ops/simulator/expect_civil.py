"""What each civil row must become, read from docs/contract.md and docs/sources.md. Pure."""

from __future__ import annotations

from collections.abc import Callable

from ops.simulator.civil_acts import CivilWrite, Row
from ops.simulator.contract import Pseudonyms, clean_name, compact, optional_name
from ops.simulator.expectations import Statement

Content = dict[str, object]
Reader = Callable[[Row, Pseudonyms], tuple[str, Content]]


def source_key(write: CivilWrite) -> str:
    """Return ``<table>/<record>/<revision>``; a deletion counts as one revision more."""
    revision = write.row["revision"]
    assert isinstance(revision, int)
    return f"{write.table}/{write.row['record_id']}/{revision + (write.op == 'delete')}"


def statement(write: CivilWrite, pseudonyms: Pseudonyms) -> Statement:
    """Return what the row states after ``write``."""
    type_, read = READERS[write.table]
    subject, content = read(write.row, pseudonyms)
    return Statement(f"civil.{type_}", subject, change(write), content)


def change(write: CivilWrite) -> str:
    """Return the change of the contract; the first that fits wins."""
    row = write.row
    if write.op == "delete" or row["status"] == "annulled":
        return "ANNULLED"
    if row.get("until_on"):
        return "ENDED"
    if row["revision"] != 1 or row["replaces"]:
        return "CORRECTED"
    return "CREATED"


def _text(row: Row, column: str) -> str:
    value = row[column]
    assert isinstance(value, str)
    return value


def _optional_person(row: Row, column: str, pseudonyms: Pseudonyms) -> str | None:
    return pseudonyms.person(_text(row, column)) if row[column] else None


def _name(row: Row) -> Content:
    patronymic = row["patronymic"]
    assert patronymic is None or isinstance(patronymic, str)
    return {
        "surname": clean_name(_text(row, "surname")),
        "given_name": clean_name(_text(row, "given_name")),
        "patronymic": optional_name(patronymic),
    }


def _person(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    pinfl, birth = _text(row, "pinfl"), row["birth_record"]
    assert birth is None or isinstance(birth, str)
    return pseudonyms.person(pinfl), {
        "born_on": row["born_on"],
        "sex": row["sex"],
        "district": row["district"],
        "provisional": pseudonyms.of("civil.birth", birth) if birth else None,
        "identity": {"pinfl": compact(pinfl), **_name(row)},
    }


def _birth(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    pinfl = row["child_pinfl"]
    assert pinfl is None or isinstance(pinfl, str)
    if pinfl:
        subject = pseudonyms.person(pinfl)
    else:
        subject = pseudonyms.of("civil.birth", _text(row, "record_id"))
    return subject, {
        "born_on": row["born_on"],
        "sex": row["sex"],
        "district": row["district"],
        "mother": _optional_person(row, "mother_pinfl", pseudonyms),
        "father": _optional_person(row, "father_pinfl", pseudonyms),
        "identity": {"pinfl": compact(pinfl) if pinfl else None, **_name(row)},
    }


def _death(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    content: Content = {"died_on": row["died_on"], "district": row["district"]}
    return pseudonyms.person(_text(row, "pinfl")), content


def _marriage(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    return pseudonyms.person(_text(row, "spouse1_pinfl")), {
        "spouse": pseudonyms.person(_text(row, "spouse2_pinfl")),
        "married_on": row["married_on"],
    }


def _divorce(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    return pseudonyms.person(_text(row, "spouse1_pinfl")), {
        "spouse": pseudonyms.person(_text(row, "spouse2_pinfl")),
        "divorced_on": row["divorced_on"],
    }


def _name_change(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    return pseudonyms.person(_text(row, "pinfl")), {
        "changed_on": row["changed_on"],
        "identity": _name(row),
    }


def _residence(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    return pseudonyms.person(_text(row, "pinfl")), {
        "district": row["district"],
        "dwelling": pseudonyms.of("uz.address", _text(row, "address_code")),
        "kind": row["kind"],
        "from_on": row["from_on"],
        "until_on": row["until_on"],
        "contact": {"address": row["address"]},
    }


def _guardianship(row: Row, pseudonyms: Pseudonyms) -> tuple[str, Content]:
    return pseudonyms.person(_text(row, "ward_pinfl")), {
        "guardian": pseudonyms.person(_text(row, "guardian_pinfl")),
        "from_on": row["from_on"],
        "until_on": row["until_on"],
    }


READERS: dict[str, tuple[str, Reader]] = {
    "person": ("person_identifier_assigned", _person),
    "birth": ("birth_registered", _birth),
    "death": ("death_registered", _death),
    "marriage": ("marriage_registered", _marriage),
    "divorce": ("divorce_registered", _divorce),
    "name_change": ("name_changed", _name_change),
    "residence": ("residence_registered", _residence),
    "guardianship": ("guardianship_established", _guardianship),
}
