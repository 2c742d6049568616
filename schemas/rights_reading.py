"""Read one table of the policy file after the other and remember every fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final

_NEVER: Final = date.max
ALL: Final = "all"


class Place:
    """One table of the file: its values are taken by name, and what is left over is a fault."""

    def __init__(self, path: str, values: Mapping[str, Any], faults: list[str]) -> None:
        self._path = path
        self._left = dict(values)
        self._absent: set[str] = set()
        self.faults = faults

    @property
    def name(self) -> str:
        return self._path.rpartition(".")[2]

    def fault(self, key: str, rule: str) -> None:
        """Remember that what stands under ``key`` breaks ``rule``."""
        self.faults.append(f"{self._path}.{key}: {rule}" if self._path else f"{key}: {rule}")

    def done(self) -> None:
        """Say of everything that was not taken that nobody knows it."""
        for key in sorted(self._left):
            self.fault(key, "is not a setting of the policy")

    def tables(self, key: str, names: re.Pattern[str]) -> Iterator[Place]:
        """Give each table below ``key``."""
        found = self._take(key)
        if not isinstance(found, dict) or not found:
            self.fault(key, "is missing")
            return
        for name, values in found.items():
            if not names.fullmatch(name):
                self.fault(key, f"{name!r} is not a name: {names.pattern}")
            if isinstance(values, dict):
                yield Place(f"{key}.{name}", values, self.faults)
            else:
                self.fault(f"{key}.{name}", "is not a table")

    def titles(self, languages: Collection[str]) -> Mapping[str, str]:
        """Return the title in every language."""
        found = self._take("title")
        titles = found if isinstance(found, dict) else {}
        for language in languages:
            if not _is_text(titles.get(language)):
                self.fault(f"title.{language}", "is missing")
        for language in sorted(titles.keys() - set(languages)):
            self.fault(f"title.{language}", f"is not one of {', '.join(languages)}")
        return {language: str(titles.get(language, "")) for language in languages}

    def text(self, key: str) -> str:
        found = self.text_or_none(key)
        if found is None:
            self._missing(key)
        return found or ""

    def text_or_none(self, key: str) -> str | None:
        found = self._take(key)
        if found is None:
            return None
        if not _is_text(found):
            self.fault(key, "must be a text")
            return ""
        return str(found)

    def flag(self, key: str) -> bool:
        """Return a switch; what is not there is off."""
        found = self._take(key)
        if found is not None and not isinstance(found, bool):
            self.fault(key, "must be true or false")
        return found is True

    def one_of(self, key: str, allowed: Collection[str]) -> str:
        found = self.text(key)
        if found and found not in allowed:
            self.fault(key, f"must be one of {', '.join(allowed)}")
        return found

    def day(self, key: str) -> date:
        found = self.day_or_none(key)
        if found is None:
            self._missing(key)
        return found or _NEVER

    def day_or_none(self, key: str) -> date | None:
        found = self._take(key)
        if found is None:
            return None
        if not isinstance(found, date) or isinstance(found, datetime):
            self.fault(key, "must be a day such as 2026-01-31, without quotes")
            return _NEVER
        return found

    def days_or_none(self, key: str) -> int | None:
        found = self._take(key)
        if found is None:
            return None
        if not _is_days(found):
            self.fault(key, "must be a whole number of days above 0")
            return None
        return int(found)

    def history(self, key: str) -> int | None:
        """Return how many days back; None: all of it. It must be said."""
        found = self._take(key)
        if found == ALL:
            return None
        if found is None:
            self._missing(key)
        elif not (_is_days(found) or (found == 0 and not isinstance(found, bool))):
            self.fault(key, 'must be "all" or a whole number of days')
        else:
            return int(found)
        return 0

    def names(
        self, key: str, allowed: Collection[str], what: str, *, may_lack: bool = False
    ) -> frozenset[str]:
        """Return a list of names, each of them known and there once."""
        found = self._take(key)
        if found is None:
            if not may_lack:
                self._missing(key)
            return frozenset()
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            self.fault(key, "must be a list of texts")
            return frozenset()
        if not found:
            self.fault(key, "is empty; leave it out, or say what is allowed")
        for one in sorted(set(found)):
            if one not in allowed:
                self.fault(key, f"{one!r} is not {what}")
            if found.count(one) > 1:
                self.fault(key, f"{one!r} stands there twice")
        return frozenset(found) & frozenset(allowed)

    def _take(self, key: str) -> Any:
        if key not in self._left:
            self._absent.add(key)
            return None
        return self._left.pop(key)

    def _missing(self, key: str) -> None:
        if key in self._absent:  # another fault has been told of what is there
            self.fault(key, "is missing")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _is_days(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
