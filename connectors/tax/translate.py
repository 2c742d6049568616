"""Turn a row of a tax file into a draft. Pure.

A table per kind: what its columns mean is in docs/sources.md, what becomes of them in
docs/contract.md. Columns are read from left to right; the first fault is the one named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from connectors.source import Change, Draft, SourceRecord, Translate
from connectors.uz.identifiers import compact, validate_pinfl, validate_stir
from connectors.uz.text import normalise_name, optional_text, parse_date, required_text
from schemas.errors import InvalidRecord
from schemas.ids import Keys, PersonId, text

ROWS_PER_MANIFEST: Final = 1_000_000

_CHANGES: Final[dict[str, Change]] = {"N": "CREATED", "C": "CORRECTED", "A": "ANNULLED"}
_PROPERTY_KINDS: Final = ("dwelling", "land", "commercial")
_AMOUNT: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,2})?")
_PERCENT: Final = re.compile(r"[0-9]{1,3}")
_MINOR_UNITS: Final = {"soum": 100, "tiyin": 1}  # in tiyin
_MAX_MINOR: Final = 2**63 - 1  # Avro's long

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the columns of one kind say."""

    key: tuple[str, ...]  # of the record, after kind and person
    occurred_on: date
    fields: Mapping[str, Any]
    ended: bool = False


def translator(keys: Keys, check_digit: bool) -> Translate:
    """Return the translator of tax rows.

    Args:
        keys: under which ids are derived.
        check_digit: whether a PINFL with a wrong check digit is refused.
    """

    def translate(record: SourceRecord) -> Draft:
        content = record.content
        cells: Cells | None = content["cells"]
        if cells is None:
            raise InvalidRecord("not_a_record")
        for name, cell in cells.items():
            optional_text(cell, name)
        change = _CHANGES.get(cells["change"].strip())
        if change is None:
            raise InvalidRecord("code", "change")
        subject, identity = _who(cells, keys, check_digit)
        kind = content["kind"]
        type_, read = _KINDS[kind]
        meaning = read(cells, keys, content["unit"])
        if meaning.ended and change != "ANNULLED":
            change = "ENDED"
        return Draft(
            type=type_,
            source_key=record.source_key,
            record_key="/".join((kind, text(subject), *meaning.key)),
            version=content["manifest"] * ROWS_PER_MANIFEST + content["row"],
            subject=subject,
            change=change,
            occurred_on=meaning.occurred_on,
            fields=meaning.fields,
            sealed={"identity": identity},
        )

    return translate


def _who(cells: Cells, keys: Keys, check_digit: bool) -> tuple[PersonId, Mapping[str, Any] | None]:
    """Return the subject, and the identity that is kept where there is no PINFL."""
    if compact(cells["pinfl"]):
        return keys.pseudonym("uz.pinfl", validate_pinfl(cells["pinfl"], check_digit)), None
    if not compact(cells["stir"]):
        raise InvalidRecord("identifier_missing", "pinfl")
    stir = validate_stir(cells["stir"], person=True)
    name = normalise_name(required_text(cells["name"], "name"))
    return keys.pseudonym("uz.stir", stir), {"stir": stir, "name": name}


def _income(cells: Cells, keys: Keys, unit: str) -> _Meaning:
    employer = _employer(cells, keys)
    month = _month(cells["month"])
    gross = _minor(cells["gross"], unit, "gross")
    fields = {"employer": employer, "month": month, "gross_minor": gross}
    return _Meaning((text(employer), f"{month:%Y-%m}"), month, fields)


def _employment(cells: Cells, keys: Keys, _: str) -> _Meaning:
    return _employed(cells, keys, "started_on")


def _employment_end(cells: Cells, keys: Keys, _: str) -> _Meaning:
    # An event of its own kind, not a record with an end date: its change is not ENDED.
    return _employed(cells, keys, "ended_on")


def _employed(cells: Cells, keys: Keys, name: str) -> _Meaning:
    employer = _employer(cells, keys)
    on = _day(cells, name)
    return _Meaning((text(employer), on.isoformat()), on, {"employer": employer, name: on})


def _self_employment(cells: Cells, _: Keys, __: str) -> _Meaning:
    activity = required_text(cells["activity"], "activity").strip()
    registered_on = _day(cells, "registered_on")
    ended_on = _day(cells, "ended_on") if cells["ended_on"].strip() else None
    if ended_on is not None and ended_on < registered_on:
        raise InvalidRecord("date_order", "ended_on")
    fields = {"activity": activity, "registered_on": registered_on, "ended_on": ended_on}
    return _Meaning((registered_on.isoformat(),), registered_on, fields, ended=ended_on is not None)


def _property(cells: Cells, keys: Keys, _: str) -> _Meaning:
    cadastre = required_text(cells["cadastre"], "cadastre").strip()
    property_id = keys.pseudonym("uz.cadastre", cadastre)
    kind = required_text(cells["kind"], "kind").strip()
    if kind not in _PROPERTY_KINDS:
        raise InvalidRecord("code", "kind")
    share = required_text(cells["share_percent"], "share_percent").strip()
    if not _PERCENT.fullmatch(share) or not 1 <= int(share) <= 100:  # noqa: PLR2004 - percent
        raise InvalidRecord("number", "share_percent")
    registered_on = _day(cells, "registered_on")
    fields = {
        "property": property_id,
        "kind": kind,
        "share_percent": int(share),
        "registered_on": registered_on,
    }
    return _Meaning((text(property_id),), registered_on, fields)


def _benefit(cells: Cells, _: Keys, unit: str) -> _Meaning:
    benefit = required_text(cells["benefit"], "benefit").strip()
    month = _month(cells["month"])
    amount = _minor(cells["amount"], unit, "amount")
    fields = {"benefit": benefit, "month": month, "amount_minor": amount}
    return _Meaning((benefit, f"{month:%Y-%m}"), month, fields)


_KINDS: Final[dict[str, tuple[str, Callable[[Cells, Keys, str], _Meaning]]]] = {
    "income": ("tax.income_reported", _income),
    "employment": ("tax.employment_started", _employment),
    "employment_end": ("tax.employment_ended", _employment_end),
    "self_employment": ("tax.self_employment_registered", _self_employment),
    "property": ("tax.property_registered", _property),
    "benefit": ("tax.benefit_paid", _benefit),
}


def _employer(cells: Cells, keys: Keys) -> PersonId:
    stir = validate_stir(cells["employer_stir"], person=False, field="employer_stir")
    return keys.pseudonym("uz.stir.org", stir)


def _day(cells: Cells, name: str) -> date:
    return parse_date(cells[name].strip(), name)


def _month(cell: str) -> date:
    """Return the first day of a month written ``YYYY-MM``."""
    month = required_text(cell, "month").strip()
    return parse_date(f"{month}-01", "month")


def _minor(cell: str, unit: str, name: str) -> int:
    """Return an amount in tiyin, exactly."""
    written = required_text(cell, name).strip()
    if not _AMOUNT.fullmatch(written):
        raise InvalidRecord("number", name)
    amount = Decimal(written) * _MINOR_UNITS[unit]
    if amount != int(amount) or amount > _MAX_MINOR:
        raise InvalidRecord("number", name)
    return int(amount)
