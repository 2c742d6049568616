"""The civil registry's book: every write to its tables, in order, with planned trouble. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from ops.simulator.chance import Chance
from ops.simulator.faults import CIVIL_FAULTS, Fault
from ops.simulator.people import Dwelling, Person
from ops.simulator.rates import TROUBLE

Row = dict[str, str | int | None]

HEAD = ("record_id", "revision", "status", "replaces", "replaces_revision", "registered_at")
COLUMNS: dict[str, tuple[str, ...]] = {
    "person": (
        *("pinfl", "surname", "given_name", "patronymic", "sex", "born_on", "district"),
        "birth_record",
    ),
    "birth": (
        *("child_pinfl", "mother_pinfl", "father_pinfl", "surname", "given_name"),
        *("patronymic", "sex", "born_on", "district"),
    ),
    "death": ("pinfl", "died_on", "district"),
    "marriage": ("spouse1_pinfl", "spouse2_pinfl", "married_on"),
    "divorce": ("spouse1_pinfl", "spouse2_pinfl", "divorced_on"),
    "name_change": ("pinfl", "surname", "given_name", "patronymic", "changed_on"),
    "residence": (
        *("pinfl", "district", "address", "address_code", "kind", "from_on", "until_on"),
    ),
    "guardianship": ("ward_pinfl", "guardian_pinfl", "from_on", "until_on"),
}
# What a clerk gets wrong before it is corrected.
MISTAKEN = {
    "person": "district",
    "birth": "given_name",
    "death": "died_on",
    "marriage": "married_on",
    "divorce": "divorced_on",
    "name_change": "surname",
    "residence": "address",
    "guardianship": "from_on",
}
_TROUBLES = {
    name: TROUBLE[f"civil_{name}"]
    for name in (
        *("corrected_in_place", "replaced", "replaced_later", "annulled_and_anew"),
        "registered_twice_one_annulled",
        *("registered_twice", "broken_then_mended", "broken_extra", "deleted"),
    )
}


@dataclass(slots=True)
class CivilWrite:
    """One statement: the whole row as it stands after it (a deletion: as it stood before)."""

    on: date
    op: Literal["insert", "update", "delete"]
    table: str
    row: Row
    fault: Fault | None = None
    joined: bool = False  # in one transaction with the write before it


class CivilBook:
    """Collects writes. The writes of one record are in order of their day."""

    def __init__(self, seed: int | str, start: date, until: date, first: int = 0) -> None:
        self.chance = Chance(seed, "civil")
        self.start = start  # end of the backlog
        self.until = until
        self.writes: list[CivilWrite] = []
        self._latest: dict[str, CivilWrite] = {}
        self._numbers: Counter[str] = Counter()  # of records, by table
        self._first = first  # records are numbered after this

    def register(self, table: str, on: date, **fields: str | None) -> str:
        """Enter an act, perhaps with trouble, and return the record that holds it in the end."""
        fields = {k: self._spaced(v) if k.endswith("pinfl") else v for k, v in fields.items()}
        trouble = self._trouble()
        match trouble:
            case "corrected_in_place":
                record = self.insert(table, on, self._mistaken(table, fields))
                self.update(record, self._later(on), **fields)
            case "replaced":
                wrong = self.insert(table, on, self._mistaken(table, fields))
                record = self.replace(wrong, self._later(on), **fields)
            case "replaced_later" | "annulled_and_anew":
                wrong = self.insert(table, on, self._mistaken(table, fields))
                annulled_on = self._later(on)
                self.annul(wrong, annulled_on)
                record = self.insert(table, self._soon(annulled_on), fields)
                if trouble == "replaced_later":
                    self._names(record, wrong)
            case "registered_twice_one_annulled":
                record = self.insert(table, on, fields)
                self.annul(self.insert(table, on, fields), self._later(on))
            case "registered_twice":
                self.insert(table, on, fields)
                record = self.insert(table, self._later(on), fields)
            case "broken_then_mended":
                record = self._insert_broken(table, on, fields)
                self.update(record, self._later(on), **fields)
            case "broken_extra":
                self._insert_broken(table, on, fields)
                record = self.insert(table, on, fields)
            case "deleted":
                self._insert_and_delete(table, on, fields)
                record = self.insert(table, on, fields)
            case _:
                record = self.insert(table, on, fields)
        return record

    def insert(
        self, table: str, on: date, fields: dict[str, str | None], fault: Fault | None = None
    ) -> str:
        """Enter a new record and return its id."""
        self._numbers[table] += 1
        record = f"{table[:2]}{self._first + self._numbers[table]:08d}"
        row: Row = dict.fromkeys((*HEAD, *COLUMNS[table]))
        row.update(fields)
        row.update(record_id=record, revision=1, status="valid", registered_at=self._at(on))
        self._write(CivilWrite(on, "insert", table, row, fault))
        return record

    def update(self, record: str, on: date, **fields: str | None) -> None:
        """Write the record's next revision."""
        before = self._latest[record]
        on = max(on, before.on)
        row = before.row | fields
        row.update(revision=_revision(before.row) + 1, registered_at=self._at(on))
        self._write(CivilWrite(on, "update", before.table, row))

    def annul(self, record: str, on: date) -> None:
        self.update(record, on, status="annulled")

    def replace(self, record: str, on: date, **fields: str | None) -> str:
        """Annul the record and enter another in its place, in one transaction."""
        before = self._latest[record]
        self.annul(record, on)
        on = self._latest[record].on
        content = {c: before.row[c] for c in COLUMNS[before.table]} | fields
        other = self.insert(before.table, on, content)  # type: ignore[arg-type]
        self._names(other, record)
        self._latest[other].joined = True
        return other

    def _names(self, record: str, replaced: str) -> None:
        """Let a record say which it replaces: the last valid revision of an annulled one."""
        revision = _revision(self._latest[replaced].row) - 1
        self._latest[record].row.update(replaces=replaced, replaces_revision=revision)

    def delete(self, record: str, on: date) -> None:
        """Delete the row; only in the live days, because a snapshot would never see it."""
        before = self._latest[record]
        self._write(CivilWrite(max(on, before.on), "delete", before.table, dict(before.row)))

    def _write(self, write: CivilWrite) -> None:
        self.writes.append(write)
        self._latest[str(write.row["record_id"])] = write

    def _insert_broken(self, table: str, on: date, fields: dict[str, str | None]) -> str:
        fault = self.chance.pick(CIVIL_FAULTS[table])
        good = fields[fault.field] or ""
        if fault.field.endswith("pinfl"):
            good = "".join(good.split())
        spoiled = fault.spoil(good)
        broken = fields | {fault.field: None if spoiled is None else str(spoiled)}
        return self.insert(table, on, broken, fault)

    def _insert_and_delete(self, table: str, on: date, fields: dict[str, str | None]) -> None:
        record = self.insert(table, on, fields)
        after = max(on, self.start) + timedelta(days=1)
        if after <= self.until:
            self.delete(record, self.chance.between(after, self.until))

    def _mistaken(self, table: str, fields: dict[str, str | None]) -> dict[str, str | None]:
        column = MISTAKEN[table]
        right = fields[column] or ""
        if column.endswith("_on"):
            wrong = (
                date.fromisoformat(right) - timedelta(days=self.chance.whole(1, 9))
            ).isoformat()
        elif column == "district":
            wrong = "1726266" if right != "1726266" else "1726264"
        else:
            wrong = f"{right}a"
        return fields | {column: wrong}

    def _trouble(self) -> str | None:
        left = self.chance.unit()
        for name, share in _TROUBLES.items():
            left -= share
            if left < 0:
                return name
        return None

    def _spaced(self, number: str | None) -> str | None:
        if number is None or not self.chance.happens(TROUBLE["pinfl_with_spaces"]):
            return number
        return f"{number[0]} {number[1:7]} {number[7:]}"

    def _later(self, on: date) -> date:
        return min(on + timedelta(days=self.chance.whole(1, 60)), self.until)

    def _soon(self, on: date) -> date:
        return min(on + timedelta(days=self.chance.whole(1, 5)), self.until)

    def _at(self, on: date) -> str:
        second = len(self.writes) * 7 % 36_000 + 14_400  # clerks work from 09:00 in Tashkent
        return f"{on}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+00:00"


def _revision(row: Row) -> int:
    revision = row["revision"]
    assert isinstance(revision, int)
    return revision


def named(person: Person) -> dict[str, str | None]:
    """Return the name columns of ``person``."""
    return {
        "surname": person.surname,
        "given_name": person.given_name,
        "patronymic": person.patronymic,
    }


def lives_at(person: Person, dwelling: Dwelling, from_on: date) -> dict[str, str | None]:
    """Return the columns of a residence."""
    return {
        "pinfl": person.pinfl,
        "district": dwelling.district,
        "address": dwelling.address,
        "address_code": dwelling.code,
        "kind": dwelling.kind,
        "from_on": from_on.isoformat(),
        "until_on": None,
    }
