"""Translate a civil record into an event's draft. Pure.

Each table is a row of ``_FORMS``: which columns its event takes, and how each is read. A column
that cannot be read refuses the record by rule and column; the first one in the form's order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from connectors.source import Change, Draft, SourceRecord, Translate
from connectors.uz.identifiers import validate_district, validate_pinfl
from connectors.uz.text import normalise_name, optional_text, parse_date, required_text
from schemas.errors import InvalidRecord
from schemas.ids import Keys, PersonId

_STATUSES: Final = ("valid", "annulled")
_SEXES: Final = ("F", "M")
_DWELLINGS: Final = ("home", "institution")


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, and what reading it takes."""

    values: Mapping[str, object]
    keys: Keys
    check_digit: bool

    def text(self, column: str) -> str:
        return required_text(self.values.get(column), column)

    def optional(self, column: str) -> str | None:
        return optional_text(self.values.get(column), column)

    def number(self, column: str) -> int:
        """Return a revision: an integer from 1."""
        text = self.text(column)
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise InvalidRecord("number", column)
        return int(text)


_Read = Callable[[_Row], Any]


def _pinfl(column: str) -> _Read:
    return lambda row: validate_pinfl(row.text(column), row.check_digit, column)


def _person(column: str) -> _Read:
    pinfl = _pinfl(column)
    return lambda row: row.keys.pseudonym("uz.pinfl", pinfl(row))


def _or_none(column: str, read: Callable[[str], _Read]) -> _Read:
    present = read(column)
    return lambda row: None if row.optional(column) is None else present(row)


def _child(row: _Row) -> PersonId:
    """Return the child by its number, or provisionally by its birth record."""
    if row.optional("child_pinfl") is None:
        return row.keys.pseudonym("civil.birth", row.text("record_id"))
    child: PersonId = _person("child_pinfl")(row)
    return child


def _birth_record(column: str) -> _Read:
    """Return how the child of a birth record without a number was known."""
    return lambda row: row.keys.pseudonym("civil.birth", row.text(column))


def _day(column: str) -> _Read:
    return lambda row: parse_date(row.text(column), column)


def _until(row: _Row) -> date | None:
    until: date | None = _or_none("until_on", _day)(row)
    if until is not None and until < _day("from_on")(row):
        raise InvalidRecord("date_order", "until_on")
    return until


def _code(column: str, codes: tuple[str, ...]) -> _Read:
    def read(row: _Row) -> str:
        code = row.text(column)
        if code not in codes:
            raise InvalidRecord("code", column)
        return code

    return read


def _name(column: str) -> _Read:
    return lambda row: normalise_name(row.text(column))


def _district(row: _Row) -> str:
    return validate_district(row.text("district"))


def _dwelling(row: _Row) -> PersonId:
    return row.keys.pseudonym("uz.address", row.text("address_code"))


def _address(row: _Row) -> str:
    return row.text("address")


_SEX: Final = _code("sex", _SEXES)
_STATUS: Final = _code("status", _STATUSES)
_NAME: Final = {
    "surname": _name("surname"),
    "given_name": _name("given_name"),
    "patronymic": _or_none("patronymic", _name),
}


@dataclass(frozen=True, slots=True)
class _Form:
    """How a table's rows become events."""

    type: str
    subject: _Read
    occurred: str  # the field whose date the event bears
    fields: Mapping[str, _Read]
    sealed: Mapping[str, Mapping[str, _Read]] = field(default_factory=dict)  # by class


_FORMS: Final[dict[str, _Form]] = {
    "person": _Form(
        "civil.person_identifier_assigned",
        _person("pinfl"),
        "born_on",
        {
            "born_on": _day("born_on"),
            "sex": _SEX,
            "district": _district,
            "provisional": _or_none("birth_record", _birth_record),
        },
        {"identity": {"pinfl": _pinfl("pinfl")} | _NAME},
    ),
    "birth": _Form(
        "civil.birth_registered",
        _child,
        "born_on",
        {
            "born_on": _day("born_on"),
            "sex": _SEX,
            "district": _district,
            "mother": _or_none("mother_pinfl", _person),
            "father": _or_none("father_pinfl", _person),
        },
        {"identity": {"pinfl": _or_none("child_pinfl", _pinfl)} | _NAME},
    ),
    "death": _Form(
        "civil.death_registered",
        _person("pinfl"),
        "died_on",
        {"died_on": _day("died_on"), "district": _district},
    ),
    "marriage": _Form(
        "civil.marriage_registered",
        _person("spouse1_pinfl"),
        "married_on",
        {"spouse": _person("spouse2_pinfl"), "married_on": _day("married_on")},
    ),
    "divorce": _Form(
        "civil.divorce_registered",
        _person("spouse1_pinfl"),
        "divorced_on",
        {"spouse": _person("spouse2_pinfl"), "divorced_on": _day("divorced_on")},
    ),
    "name_change": _Form(
        "civil.name_changed",
        _person("pinfl"),
        "changed_on",
        {"changed_on": _day("changed_on")},
        {"identity": _NAME},
    ),
    "residence": _Form(
        "civil.residence_registered",
        _person("pinfl"),
        "from_on",
        {
            "district": _district,
            "dwelling": _dwelling,
            "kind": _code("kind", _DWELLINGS),
            "from_on": _day("from_on"),
            "until_on": _until,
        },
        {"contact": {"address": _address}},
    ),
    "guardianship": _Form(
        "civil.guardianship_established",
        _person("ward_pinfl"),
        "from_on",
        {
            "guardian": _person("guardian_pinfl"),
            "from_on": _day("from_on"),
            "until_on": _until,
        },
    ),
}


def translator(keys: Keys, check_digit: bool) -> Translate:
    """Return the translator of the civil registry.

    Args:
        keys: under which pseudonyms are made.
        check_digit: whether a PINFL with a wrong check digit is refused.
    """

    def translate(record: SourceRecord) -> Draft:
        content = record.content
        form = _FORMS.get(content["table"])
        if form is None:
            raise InvalidRecord("unknown_type")
        return _draft(
            form, content["table"], _Row(content["row"], keys, check_digit), content["deleted"]
        )

    return translate


def _draft(form: _Form, table: str, row: _Row, deleted: bool) -> Draft:
    record_key = f"{table}/{row.text('record_id')}"
    revision = row.number("revision")
    corrects = _replaced(table, row, record_key, revision)
    annulled = _STATUS(row) == "annulled"
    subject = form.subject(row)
    fields = {name: read(row) for name, read in form.fields.items()}
    sealed = {
        sensitivity: {name: read(row) for name, read in block.items()}
        for sensitivity, block in form.sealed.items()
    }
    version = revision + deleted  # a deletion is the revision that the row no longer got
    return Draft(
        type=form.type,
        source_key=f"{record_key}/{version}",
        record_key=record_key,
        version=version,
        subject=subject,
        change=_change(annulled or deleted, fields.get("until_on"), corrects),
        occurred_on=fields[form.occurred],
        fields=fields,
        sealed=sealed,
        corrects=f"{record_key}/{revision}" if deleted else corrects,
    )


def _replaced(table: str, row: _Row, record_key: str, revision: int) -> str | None:
    """Return the source key of the event that this one replaces, if any."""
    replaces = row.optional("replaces")
    last = row.number("replaces_revision") if replaces is not None else None
    if revision > 1:
        return f"{record_key}/{revision - 1}"
    return None if replaces is None else f"{table}/{replaces}/{last}"


def _change(void: bool, until: date | None, corrects: str | None) -> Change:
    if void:
        return "ANNULLED"
    if until is not None:
        return "ENDED"
    return "CREATED" if corrects is None else "CORRECTED"
