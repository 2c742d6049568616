"""What each kind of row becomes: docs/contract.md and docs/sources.md, line by line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connectors.source import Draft, SourceRecord
from connectors.tax.manifest import COLUMNS, HEAD
from connectors.tax.translate import translator
from schemas.catalogue import catalogue
from schemas.errors import InvalidRecord
from schemas.ids import Keys, text

KEYS = Keys(person=b"p" * 32, event=b"e" * 32, digest=b"d" * 32)
PINFL = "30211975910033"
PERSON = KEYS.pseudonym("uz.pinfl", PINFL)
EMPLOYER = KEYS.pseudonym("uz.stir.org", "201122334")
CADASTRE = KEYS.pseudonym("uz.cadastre", "10:11:05:02:0144")

GOOD = {
    "income": {"employer_stir": "201122334", "month": "2026-08", "gross": "1500000.50"},
    "employment": {"employer_stir": "201122334", "started_on": "2026-02-01"},
    "employment_end": {"employer_stir": "201122334", "ended_on": "2026-07-31"},
    "self_employment": {"activity": "tailor", "registered_on": "2025-01-02", "ended_on": ""},
    "property": {
        "cadastre": "10:11:05:02:0144",
        "kind": "dwelling",
        "share_percent": "50",
        "registered_on": "2020-05-06",
    },
    "benefit": {"benefit": "child", "month": "2026-08", "amount": "250000"},
}


def record(kind: str, unit: str = "soum", /, **cells: str) -> SourceRecord:
    row = {"row": "3", "change": "N", "pinfl": PINFL, "stir": "", "name": "", **GOOD[kind], **cells}
    assert list(row) == [*HEAD, *COLUMNS[kind]]
    content = {"kind": kind, "manifest": 17, "row": 3, "unit": unit, "cells": row}
    return SourceRecord(f"{kind}/17/3", b"", content)


def translate(kind: str, unit: str = "soum", /, **cells: str) -> Draft:
    return translator(KEYS, check_digit=True)(record(kind, unit, **cells))


@pytest.mark.parametrize(
    ("kind", "type_", "key", "occurred_on", "fields"),
    [
        (
            "income",
            "tax.income_reported",
            f"{text(EMPLOYER)}/2026-08",
            date(2026, 8, 1),
            {"employer": EMPLOYER, "month": date(2026, 8, 1), "gross_minor": 150_000_050},
        ),
        (
            "employment",
            "tax.employment_started",
            f"{text(EMPLOYER)}/2026-02-01",
            date(2026, 2, 1),
            {"employer": EMPLOYER, "started_on": date(2026, 2, 1)},
        ),
        (
            "employment_end",
            "tax.employment_ended",
            f"{text(EMPLOYER)}/2026-07-31",
            date(2026, 7, 31),
            {"employer": EMPLOYER, "ended_on": date(2026, 7, 31)},
        ),
        (
            "self_employment",
            "tax.self_employment_registered",
            "2025-01-02",
            date(2025, 1, 2),
            {"activity": "tailor", "registered_on": date(2025, 1, 2), "ended_on": None},
        ),
        (
            "property",
            "tax.property_registered",
            text(CADASTRE),
            date(2020, 5, 6),
            {
                "property": CADASTRE,
                "kind": "dwelling",
                "share_percent": 50,
                "registered_on": date(2020, 5, 6),
            },
        ),
        (
            "benefit",
            "tax.benefit_paid",
            "child/2026-08",
            date(2026, 8, 1),
            {"benefit": "child", "month": date(2026, 8, 1), "amount_minor": 25_000_000},
        ),
    ],
)
def test_each_kind(
    kind: str, type_: str, key: str, occurred_on: date, fields: dict[str, Any]
) -> None:
    assert translate(kind) == Draft(
        type=type_,
        source_key=f"{kind}/17/3",
        record_key=f"{kind}/{text(PERSON)}/{key}",
        version=17_000_003,
        subject=PERSON,
        change="CREATED",
        occurred_on=occurred_on,
        fields=fields,
        sealed={"identity": None},
    )
    row = catalogue()[type_]
    assert {*fields, "identity"} == set(row.fields)


@pytest.mark.parametrize(
    ("kind", "cells", "change"),
    [
        ("income", {"change": "N"}, "CREATED"),
        ("income", {"change": "C"}, "CORRECTED"),
        ("income", {"change": "A"}, "ANNULLED"),
        ("employment_end", {"change": "N"}, "CREATED"),
        ("self_employment", {"change": "N", "ended_on": "2026-01-01"}, "ENDED"),
        ("self_employment", {"change": "C", "ended_on": "2026-01-01"}, "ENDED"),
        ("self_employment", {"change": "A", "ended_on": "2026-01-01"}, "ANNULLED"),
        ("self_employment", {"change": "C", "ended_on": " "}, "CORRECTED"),
    ],
)
def test_change(kind: str, cells: dict[str, str], change: str) -> None:
    draft = translate(kind, **cells)

    assert draft.change == change
    assert draft.corrects is None


@pytest.mark.parametrize("pinfl", [PINFL, " 3021 1975910033 ", "3021197\u00a05910033"])
def test_a_person_is_the_compacted_pinfl(pinfl: str) -> None:
    draft = translate("income", pinfl=pinfl, stir="no stir", name="O'tkir")

    assert draft.subject == PERSON
    assert draft.sealed == {"identity": None}


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("  G`ulomov   O'tkir ", "G\u02bbulomov O\u02bbtkir"),
        (
            "\u0413\u0443\u043b\u043e\u043c\u043e\u0432",
            "\u0413\u0443\u043b\u043e\u043c\u043e\u0432",
        ),
        ('=HYPERLINK("http://x")', '=HYPERLINK("http://x")'),  # a cell is data, whatever it says
    ],
)
def test_without_pinfl_identity_is_sealed(name: str, normal: str) -> None:
    draft = translate("property", pinfl=" ", stir="412 345 678", name=name)

    assert draft.subject == KEYS.pseudonym("uz.stir", "412345678")
    assert draft.sealed == {"identity": {"stir": "412345678", "name": normal}}
    assert draft.record_key.startswith(f"property/{text(draft.subject)}/")


@pytest.mark.parametrize(
    ("written", "unit", "minor"),
    [
        ("0", "soum", 0),
        ("1", "soum", 100),
        ("0.1", "soum", 10),
        ("0.07", "soum", 7),
        ("1.10", "soum", 110),
        (" 12 ", "soum", 1200),
        ("90071992547409.93", "soum", 9_007_199_254_740_993),  # no float holds it
        ("150", "tiyin", 150),
        ("150.00", "tiyin", 150),
        ("9223372036854775807", "tiyin", None),  # over 18 digits before the point
        ("92233720368547758.07", "soum", 2**63 - 1),
        ("92233720368547758.08", "soum", None),
        ("150.5", "tiyin", None),
        ("0.001", "soum", None),
        ("1.", "soum", None),
        (".5", "soum", None),
        ("-1", "soum", None),
        ("-0", "soum", None),
        ("+1", "soum", None),
        ("1e3", "soum", None),
        ("1 000", "soum", None),
        ("1,5", "soum", None),
        ("NaN", "soum", None),
        ("Infinity", "soum", None),
        ("\u0661\u0662", "soum", None),
        ("ikki million", "soum", None),
    ],
)
def test_money_is_exact_or_refused(written: str, unit: str, minor: int | None) -> None:
    if minor is not None:
        assert translate("income", unit, gross=written).fields["gross_minor"] == minor
        return
    with pytest.raises(InvalidRecord, match=r"^number: gross$"):
        translate("income", unit, gross=written)


@pytest.mark.parametrize(
    ("kind", "cells", "fault"),
    [
        ("income", {"change": ""}, "code: change"),
        ("income", {"change": "n"}, "code: change"),
        ("income", {"pinfl": ""}, "identifier_missing: pinfl"),
        ("income", {"pinfl": "", "stir": " ", "name": "Ali"}, "identifier_missing: pinfl"),
        ("income", {"pinfl": "3021197591003"}, "pinfl_length: pinfl"),
        ("income", {"pinfl": "3021197591003O"}, "pinfl_digits: pinfl"),
        ("income", {"pinfl": "30211975910034"}, "pinfl_check_digit: pinfl"),
        ("income", {"pinfl": "", "stir": "201122334", "name": "Ali"}, "stir: stir"),
        ("income", {"pinfl": "", "stir": "412345678"}, "missing: name"),
        ("income", {"employer_stir": ""}, "missing: employer_stir"),
        ("income", {"employer_stir": "412345678"}, "stir: employer_stir"),
        ("income", {"month": ""}, "missing: month"),
        ("income", {"month": "2026-13"}, "date: month"),
        ("income", {"month": "2026-08-01"}, "date: month"),
        ("income", {"month": "0001-01"}, "date: month"),
        ("income", {"gross": ""}, "missing: gross"),
        ("income", {"name": "a\0b"}, "text: name"),
        ("income", {"gross": "1\n"}, "text: gross"),
        ("employment", {"started_on": "2023-02-29"}, "date: started_on"),
        ("employment", {"started_on": "9999-12-31"}, "date: started_on"),
        ("employment", {"started_on": ""}, "missing: started_on"),
        ("employment_end", {"ended_on": "31.07.2026"}, "date: ended_on"),
        ("self_employment", {"activity": ""}, "missing: activity"),
        ("self_employment", {"ended_on": "1899-12-31"}, "date_order: ended_on"),
        ("property", {"kind": "castle"}, "code: kind"),
        ("property", {"kind": ""}, "missing: kind"),
        ("property", {"share_percent": "0"}, "number: share_percent"),
        ("property", {"share_percent": "101"}, "number: share_percent"),
        ("property", {"share_percent": "33.3"}, "number: share_percent"),
        ("property", {"cadastre": ""}, "missing: cadastre"),
        ("benefit", {"benefit": ""}, "missing: benefit"),
        ("benefit", {"amount": "-1"}, "number: amount"),
    ],
)
def test_faults(kind: str, cells: dict[str, str], fault: str) -> None:
    with pytest.raises(InvalidRecord, match=f"^{fault}$") as raised:
        translate(kind, **cells)
    assert raised.value.__context__ is None or PINFL not in str(raised.value.__context__)


def test_the_check_digit_is_checked_by_setting() -> None:
    wrong = record("income", pinfl="30211975910034")

    assert translator(KEYS, check_digit=False)(wrong).subject == KEYS.pseudonym(
        "uz.pinfl", "30211975910034"
    )


def test_a_row_that_is_no_record() -> None:
    content = {"kind": "income", "manifest": 17, "row": 3, "unit": "soum", "cells": None}
    with pytest.raises(InvalidRecord, match=r"^not_a_record$"):
        translator(KEYS, check_digit=True)(SourceRecord("income/17/3", b"", content))
