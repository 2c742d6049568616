"""Names as registries write them: two scripts, five apostrophes. Chance from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from ops.simulator.chance import Chance

if TYPE_CHECKING:
    from ops.simulator.people import Person

APOSTROPHES = "'`\u2018\u2019\u02bc"
_LISTS = orjson.loads((Path(__file__).parent / "names.json").read_bytes())
_LATIN: dict[str, str] = _LISTS["spelt"]
_LATIN |= {letter.upper(): spelt.capitalize() for letter, spelt in _LATIN.items()}


class Names:
    """Draws names; every apostrophe comes out as any of the five."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance

    def full(self, sex: str, script: str, parent: Person | None) -> tuple[str, str, str | None]:
        """Return surname, given name and patronymic."""
        lists = _LISTS[script]
        given_name = self.chance.pick(lists[sex])
        father = self.chance.pick(lists["M"])
        surname = self.chance.pick(lists["surnames"]) + ("" if sex == "M" else lists["feminine"])
        if parent:
            father = parent.given_name if parent.sex == "M" else father
            surname = _gendered(parent.surname, sex, lists["feminine"])
        patronymic = father + lists["son" if sex == "M" else "daughter"]
        known = None if self.chance.happens(0.03) else self.written(patronymic)
        return self.written(surname), self.written(given_name), known

    def surname(self, sex: str, script: str) -> str:
        lists = _LISTS[script]
        name = self.chance.pick(lists["surnames"]) + ("" if sex == "M" else lists["feminine"])
        return self.written(name)

    def written(self, name: str) -> str:
        """Return ``name`` with another apostrophe, if it has one."""
        for mark in APOSTROPHES:
            if mark in name:
                name = name.replace(mark, self.chance.pick(APOSTROPHES))
                break
        return name


def resembling(name: str, way: int) -> str:
    """Return the name as somebody else might write it: a letter lost, changed, or in Latin.

    >>> [resembling("\u041a\u0430\u0440\u0438\u043c\u043e\u0432", way) for way in (1, 2)]
    ['\u041a\u0430\u0440\u0438\u043c\u043e', 'Karimov']
    """
    match way:
        case 0:
            return name.replace("o", "a", 1) if "o" in name else name + name[-1]
        case 1:
            return name[:-1]
        case _:
            return "".join(_LATIN.get(letter, letter) for letter in name)


def _gendered(surname: str, sex: str, feminine: str) -> str:
    ends = surname.endswith(feminine)
    if sex == "F":
        return surname if ends else surname + feminine
    return surname[: -len(feminine)] if ends else surname
