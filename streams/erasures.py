"""What an operator decides of one class of one person's data becomes a fact. Pure.

An erased class counts as erased from this fact on, whether or not its key is destroyed by now: so
the same events give the same needs, live and in a rebuild.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from projections.chunk_rows import Fact as StatedFact
from schemas.codec import Record
from schemas.errors import InvalidRecord
from schemas.ids import from_days
from schemas.sealing import CLASSES
from streams.lifecycle import Fact

DECIDED: Final = "hub.erasure_decided"
ERASED: Final = "erased"
ERASE: Final = "erase"
RESTRICT: Final = "restrict"
KIND: Final = {ERASE: ERASED, RESTRICT: "restricted", "refuse": "erasure_refused"}
_LATEST: Final = date(2200, 12, 31).toordinal() - date(1970, 1, 1).toordinal()


def decided(subject: bytes, record: Record) -> list[StatedFact]:
    """Return the fact that a decision states, at whom it is about.

    Raises:
        InvalidRecord: a class or a decision that there is none of, or a day nobody can mean.
    """
    sensitivity, decision, basis = record["sensitivity"], record["decision"], record["basis"]
    until = record["until"]
    if sensitivity not in CLASSES:
        raise InvalidRecord("code", "sensitivity")
    if decision not in KIND:
        raise InvalidRecord("code", "decision")
    if not basis or not basis.isprintable():
        raise InvalidRecord("text", "basis")
    if until is not None and not 0 <= until <= _LATEST:
        raise InvalidRecord("date", "until")
    last = None if until is None else from_days(until).isoformat()
    value = {"class": sensitivity, "basis": basis, "until": last}
    return [StatedFact(subject, KIND[decision], value)]


def erased(facts: Iterable[Fact], sensitivity: str) -> set[bytes]:
    """Return the ids of which a class was erased, by facts that hold."""
    return {
        fact.person
        for fact in facts
        if fact.kind == ERASED and fact.value.get("class") == sensitivity
    }
