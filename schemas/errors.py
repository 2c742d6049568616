"""Errors, named by what happens next.

HubError
├── TransientError   retried, in one place, with tenacity
├── PermanentError   the process stops; a person has to act
└── InvalidRecord    one quarantine entry; its neighbours go on
"""

from __future__ import annotations


class HubError(Exception):
    """An expected failure. Its text names rule and place, never a person."""


class TransientError(HubError):
    """The other side does not answer now; the same call may succeed later."""

    delay_seconds: float = 0.0  # how long it asked to be left alone


class PermanentError(HubError):
    """No retry can help: configuration, contract or history is broken. The text says what to do."""


class InvalidRecord(HubError):  # noqa: N818 - the glossary's word; it is a verdict, not a fault
    """One record breaks a rule of the contract.

    Args:
        rule: a code from ``RULES``.
        field: the registry's or schema's own field name, if one is to blame.
    """

    def __init__(self, rule: str, field: str | None = None) -> None:
        if rule not in RULES:
            raise ValueError(f"{rule} is not a quarantine rule; see schemas/errors.py")
        super().__init__(rule if field is None else f"{rule}: {field}")
        self.rule = rule
        self.field = field


RULES = {
    "pinfl_length": "a PINFL has 14 digits",
    "pinfl_digits": "a PINFL holds digits only",
    "pinfl_check_digit": "the PINFL's check digit is wrong (weights 7, 3, 1)",
    "pinfl_date": "the PINFL's birth date is no date",
    "stir": "a STIR has 9 digits; people begin with 4 to 7, organisations with 2 or 3",
    "missing": "a field that must be there is empty",
    "date": "not a date of the calendar (YYYY-MM-DD), or outside 1850 to 2200",
    "date_order": "an end before its start",
    "number": "not a number, or outside the field's range",
    "code": "not in the code list",
    "text": "control characters, or not UTF-8",
    "identifier_missing": "nothing says whom the record is about",
    "unknown_type": "no event type for this record",
    "not_a_record": "the bytes are no record of this registry",
    "conflict": "the same id came before with other content",
    "wire_format": "not the Confluent wire format",
    "schema_unknown": "the schema id is not one of the catalogue",
    "not_canonical": "the bytes are not the canonical Avro encoding of any event",
    "key_mismatch": "the record's key is not the event's subject",
    "meta": "the event's meta contradicts its type, topic or partition",
}
