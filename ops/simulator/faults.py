"""Ways in which a record can be broken, and the quarantine rule each must end in. Pure data.

One fault per record, and only faults for which docs/contract.md leaves one rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ops.simulator.pinfl import check_digit

Spoil = Callable[[str], object]

LONG_AGO = "1899-12-31"  # before anything that the country has on record


@dataclass(frozen=True, slots=True)
class Fault:
    """One planted fault."""

    cause: str  # what was done to the record
    rule: str  # what the quarantine must call it
    field: str  # where; a column, or a path in a FHIR resource
    spoil: Spoil  # from the good text to what stands there instead

    def __reduce__(self) -> tuple[Callable[..., Fault], tuple[str, str, str]]:
        """Return how to find it again: what spoils is code, and cannot be written to a file."""
        return fault_called, (self.cause, self.rule, self.field)


def wrong_check_digit(number: str) -> str:
    """Return the number with another last digit."""
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def impossible_date(number: str) -> str:
    """Return a number born on 31 February, its check digit right."""
    stem = f"{number[0]}3102{number[5:13]}"
    return stem + str(check_digit(stem))


def pinfl_faults(field: str) -> tuple[Fault, ...]:
    """Return the four ways in which a national number in ``field`` can be broken."""
    return (
        Fault("wrong check digit", "pinfl_check_digit", field, wrong_check_digit),
        Fault("letter O for zero", "pinfl_digits", field, lambda n: n[:9] + "O" + n[10:]),
        Fault("a digit lost", "pinfl_length", field, lambda n: n[:6] + n[7:]),
        Fault("born on 31 February", "pinfl_date", field, impossible_date),
    )


def _absent(_: str) -> None:
    return None


def _empty(_: str) -> str:
    return ""


def _ringing(text: str) -> str:
    return f"{text[:2]}\x07{text[2:]}"


def date_faults(field: str) -> tuple[Fault, ...]:
    """Return the ways in which a date in ``field`` can be broken."""
    return (
        Fault("30 February", "date", field, lambda d: f"{d[:4]}-02-30"),
        Fault("date in local order", "date", field, lambda d: f"{d[8:]}.{d[5:7]}.{d[:4]}"),
    )


_BAD_DISTRICT = Fault("district with a letter", "code", "district", lambda d: f"17O{d[3:]}")

CIVIL_FAULTS: dict[str, tuple[Fault, ...]] = {
    "person": (
        *pinfl_faults("pinfl"),
        *date_faults("born_on"),
        Fault("surname missing", "missing", "surname", _absent),
        Fault("bell in a name", "text", "given_name", _ringing),
        Fault("unknown sex", "code", "sex", lambda _: "X"),
        _BAD_DISTRICT,
    ),
    "birth": (
        *pinfl_faults("mother_pinfl"),
        *date_faults("born_on"),
        Fault("given name missing", "missing", "given_name", _absent),
        Fault("bell in a name", "text", "surname", _ringing),
        _BAD_DISTRICT,
    ),
    "death": (*pinfl_faults("pinfl"), *date_faults("died_on")),
    "marriage": (*pinfl_faults("spouse2_pinfl"), *date_faults("married_on")),
    "divorce": (*pinfl_faults("spouse1_pinfl"), *date_faults("divorced_on")),
    "name_change": (
        *pinfl_faults("pinfl"),
        Fault("bell in a name", "text", "surname", _ringing),
    ),
    "residence": (
        *pinfl_faults("pinfl"),
        *date_faults("from_on"),
        Fault("ends before it starts", "date_order", "until_on", lambda _: LONG_AGO),
        Fault("unknown kind", "code", "kind", lambda _: "tent"),
        Fault("no address code", "missing", "address_code", _absent),
        _BAD_DISTRICT,
    ),
    "guardianship": (
        *pinfl_faults("guardian_pinfl"),
        Fault("ends before it starts", "date_order", "until_on", lambda _: LONG_AGO),
    ),
}

_AMOUNT = (
    Fault("amount in words", "number", "gross", lambda _: "ikki million"),
    Fault("negative amount", "number", "gross", lambda a: f"-{a}"),
    Fault("three decimal places", "number", "gross", lambda a: f"{a.split('.')[0]}.125"),
)
_MONTH = Fault("month 13", "date", "month", lambda m: f"{m[:4]}-13")
_EMPLOYER = Fault("employer with a letter", "stir", "employer_stir", lambda s: f"{s[:4]}A{s[5:]}")
_NOBODY = Fault("nobody named", "identifier_missing", "pinfl", _empty)

TAX_FAULTS: dict[str, tuple[Fault, ...]] = {
    "income": (
        *pinfl_faults("pinfl"),
        *_AMOUNT,
        _MONTH,
        _EMPLOYER,
        _NOBODY,
        Fault("month missing", "missing", "month", _empty),
        Fault("unknown change", "code", "change", lambda _: "X"),
    ),
    "employment": (
        *pinfl_faults("pinfl"),
        *date_faults("started_on"),
        _EMPLOYER,
    ),
    "employment_end": (*pinfl_faults("pinfl"), *date_faults("ended_on"), _NOBODY),
    "self_employment": (
        *pinfl_faults("pinfl"),
        Fault("ends before it starts", "date_order", "ended_on", lambda _: LONG_AGO),
        Fault("activity missing", "missing", "activity", _empty),
    ),
    "property": (
        *pinfl_faults("pinfl"),
        Fault("unknown kind of property", "code", "kind", lambda _: "castle"),
        Fault("share in words", "number", "share_percent", lambda _: "half"),
    ),
    "benefit": (
        *pinfl_faults("pinfl"),
        _MONTH,
        Fault("amount in words", "number", "amount", lambda _: "ikki million"),
    ),
}

HEALTH_FAULTS: dict[str, tuple[Fault, ...]] = {
    "Patient": (
        *pinfl_faults("identifier.0.value"),
        Fault("bell in a name", "text", "name.0.family", _ringing),
    ),
    "Observation": (
        *date_faults("effectiveDateTime"),
        Fault("date missing", "missing", "effectiveDateTime", _absent),
        Fault("value missing", "missing", "valueInteger", _absent),
        Fault("value in words", "number", "valueInteger", lambda _: "two"),
        Fault("nobody named", "identifier_missing", "subject", _absent),
        Fault("ends before it starts", "date_order", "extension.0.valueDate", lambda _: LONG_AGO),
    ),
    "Condition": (
        *date_faults("recordedDate"),
        Fault("code missing", "missing", "code", _absent),
        Fault("nobody named", "identifier_missing", "subject", _absent),
    ),
    "ServiceRequest": (
        Fault("date missing", "missing", "authoredOn", _absent),
        Fault("nobody named", "identifier_missing", "subject", _absent),
    ),
}

_ALL = [
    fault
    for table in (CIVIL_FAULTS, TAX_FAULTS, HEALTH_FAULTS)
    for faults in table.values()
    for fault in faults
]
# Each can be told by its names alone; a test holds them to it.
_BY_NAME = {(fault.cause, fault.rule, fault.field): fault for fault in _ALL}


def fault_called(cause: str, rule: str, field: str) -> Fault:
    """Return the planted fault with these names."""
    return _BY_NAME[cause, rule, field]
