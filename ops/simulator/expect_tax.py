"""What each row of a tax file must become, read from the contract. Pure."""

from __future__ import annotations

from ops.simulator.contract import Pseudonyms, clean_name, compact
from ops.simulator.expectations import Statement
from ops.simulator.tax_rows import TaxFile, TaxRow

TYPES = {
    "income": "tax.income_reported",
    "employment": "tax.employment_started",
    "employment_end": "tax.employment_ended",
    "self_employment": "tax.self_employment_registered",
    "property": "tax.property_registered",
    "benefit": "tax.benefit_paid",
}


def source_key(file: TaxFile, row_number: int) -> str:
    """Return ``<kind>/<manifest number>/<row>``."""
    return f"{file.kind}/{file.number}/{row_number}"


def statement(row: TaxRow, pseudonyms: Pseudonyms) -> Statement:
    """Return what ``row`` states."""
    cells = row.cells
    identity: dict[str, object] | None = None
    if cells["pinfl"]:
        subject = pseudonyms.person(cells["pinfl"])
    else:
        stir = compact(cells["stir"])
        subject = pseudonyms.of("uz.stir", stir)
        identity = {"stir": stir, "name": clean_name(cells["name"])}
    content = _content(row.kind, cells, pseudonyms) | {"identity": identity}
    return Statement(TYPES[row.kind], subject, change(row), content)


def change(row: TaxRow) -> str:
    """Return the change of the contract.

    The end of an employment is an event of its own kind, not a record with an end date.
    """
    if row.cells["change"] == "A":
        return "ANNULLED"
    if row.kind == "self_employment" and row.cells["ended_on"]:
        return "ENDED"
    return "CORRECTED" if row.cells["change"] == "C" else "CREATED"


def _content(kind: str, cells: dict[str, str], pseudonyms: Pseudonyms) -> dict[str, object]:
    match kind:
        case "income":
            return {
                "employer": _employer(cells, pseudonyms),
                "month": f"{cells['month']}-01",
                "gross_minor": int(cells["gross"]),
            }
        case "employment":
            return {
                "employer": _employer(cells, pseudonyms),
                "started_on": cells["started_on"],
            }
        case "employment_end":
            return {"employer": _employer(cells, pseudonyms), "ended_on": cells["ended_on"]}
        case "self_employment":
            return {
                "activity": cells["activity"],
                "registered_on": cells["registered_on"],
                "ended_on": cells["ended_on"] or None,
            }
        case "property":
            return {
                "property": pseudonyms.of("uz.cadastre", cells["cadastre"]),
                "kind": cells["kind"],
                "share_percent": int(cells["share_percent"]),
                "registered_on": cells["registered_on"],
            }
        case _:
            return {
                "benefit": cells["benefit"],
                "month": f"{cells['month']}-01",
                "amount_minor": int(cells["amount"]),
            }


def _employer(cells: dict[str, str], pseudonyms: Pseudonyms) -> str:
    return pseudonyms.of("uz.stir.org", cells["employer_stir"])
