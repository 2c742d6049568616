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


def _gendered(surname: str, sex: str, feminine: str) -> str:
    ends = surname.endswith(feminine)
    if sex == "F":
        return surname if ends else surname + feminine
    return surname[: -len(feminine)] if ends else surname
