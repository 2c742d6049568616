"""What the law says of erasing each class of personal data: a table in a file. Pure but for it.

Source: ZRU-547 of 2 July 2019 and GDPR Art. 17(3) for the three answers; the file says which of its
numbers are illustrative.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, cast

from schemas.errors import PermanentError
from schemas.sealing import CLASSES

Decision = Literal["erase", "restrict", "refuse"]
DECISIONS: Final = ("erase", "restrict", "refuse")

_FIELDS: Final = {"title", "decision", "law", "years", "readable_for"}
_MOST_YEARS: Final = 100
_LONGEST: Final = 200  # characters of a law: it is published with the event


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of one class."""

    sensitivity: str
    title: str
    decision: Decision
    law: str
    years: int | None = None  # from the day of the decision; None: for good
    readable_for: tuple[str, ...] = ()

    def until(self, on: date) -> date | None:
        """Return the last day on which the decision of ``on`` holds."""
        if self.years is None:
            return None
        try:
            return on.replace(year=on.year + self.years)
        except ValueError:  # 29 February
            return on.replace(year=on.year + self.years, day=28)


def load(path: Path | None = None) -> dict[str, Rule]:
    """Return the rule of every class, in the order of the file.

    Args:
        path: another table than the country's.

    Raises:
        PermanentError: it is no such table, or a class is missing; the text says which line.
    """
    source = files("schemas") / "policy" / "retention_uz.toml" if path is None else path
    try:
        stated = tomllib.loads(source.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PermanentError(f"the retention table cannot be read: {error}") from error
    rules = {name: _rule(name, row) for name, row in stated.items()}
    if missing := [name for name in CLASSES if name not in rules]:
        raise PermanentError(f"the retention table lacks {', '.join(missing)}")
    return rules


def _rule(name: str, row: Mapping[str, Any]) -> Rule:
    if name not in CLASSES:
        raise PermanentError(f"the retention table has no class {name}; there are {CLASSES}")
    if not isinstance(row, dict) or (unknown := row.keys() - _FIELDS):
        raise PermanentError(f"retention of {name}: unknown field {min(unknown)}")
    decision, years, law = row.get("decision"), row.get("years"), row.get("law", "")
    if decision not in DECISIONS:
        raise PermanentError(f"retention of {name}: decision is one of {', '.join(DECISIONS)}")
    if not isinstance(law, str) or not law.isprintable() or not 0 < len(law) <= _LONGEST:
        raise PermanentError(f"retention of {name}: law is a line of 1 to {_LONGEST} characters")
    is_number = isinstance(years, int) and not isinstance(years, bool)
    if years is not None and not (is_number and 0 < years <= _MOST_YEARS):
        raise PermanentError(f"retention of {name}: years is a number from 1 to {_MOST_YEARS}")
    if (decision == "erase") != (years is None):
        raise PermanentError(f"retention of {name}: years belong to restrict and refuse, to each")
    readable_for = row.get("readable_for", [])
    if not isinstance(readable_for, list) or not all(isinstance(b, str) for b in readable_for):
        raise PermanentError(f"retention of {name}: readable_for is a list of bases")
    if readable_for and decision != "restrict":
        raise PermanentError(f"retention of {name}: readable_for belongs to restrict")
    return Rule(
        name,
        str(row.get("title", name)),
        cast(Decision, decision),
        law,
        years,
        tuple(readable_for),
    )
