"""The tax office's book: rows to deliver, with planned trouble, and the files they make. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby

from ops.simulator.chance import Chance
from ops.simulator.faults import TAX_FAULTS, Fault
from ops.simulator.people import Person
from ops.simulator.rates import TROUBLE

HEAD = ("row", "change", "pinfl", "stir", "name")
COLUMNS: dict[str, tuple[str, ...]] = {
    "income": ("employer_stir", "month", "gross"),
    "employment": ("employer_stir", "started_on"),
    "employment_end": ("employer_stir", "ended_on"),
    "self_employment": ("activity", "registered_on", "ended_on"),
    "property": ("cadastre", "kind", "share_percent", "registered_on"),
    "benefit": ("benefit", "month", "amount"),
}
AMOUNTS = ("gross", "amount")  # kept in tiyin here, written in the file's unit
# What a later row corrects, and the wrong value it corrects.
_CORRECTABLE = {"income": "gross", "benefit": "amount", "property": "share_percent"}
_ANNULLABLE = ("income", "employment", "self_employment", "property", "benefit")
CHUNK_ROWS = 2500


@dataclass(slots=True)
class TaxRow:
    """One row; ``on`` is the day of its delivery."""

    on: date
    kind: str
    cells: dict[str, str]  # amounts in tiyin
    fault: Fault | None = None


@dataclass(slots=True, frozen=True)
class TaxFile:
    """One delivery."""

    on: date
    number: int
    kind: str
    period: str
    name: str  # of the data file, with its suffix
    unit: str
    closes: str | None
    rows: list[TaxRow]
    refused_for: str | None = None  # "hash" or "rows": the hub must refuse the file
    repeats: str | None = None  # name of the file that this one delivers again


@dataclass(slots=True)
class TaxBook:
    """Collects rows; ``files`` sorts them into deliveries."""

    seed: int | str
    start: date  # end of the backlog
    until: date
    rows: list[TaxRow] = field(default_factory=list)
    closing: dict[date, str] = field(default_factory=dict)  # day of delivery -> month closed
    chance: Chance = field(init=False)

    def __post_init__(self) -> None:
        self.chance = Chance(self.seed, "tax")

    def state(self, kind: str, on: date, person: Person, /, **columns: str) -> None:
        """State one fact about ``person``, perhaps with trouble."""
        cells = {"change": "N", **self._who(kind, person), **columns}
        chance = self.chance
        if kind in _CORRECTABLE and chance.happens(TROUBLE["tax_corrected"]):
            column = _CORRECTABLE[kind]
            wrong = str(max(int(cells[column]) * chance.whole(3, 9) // 10, 1))
            self.add(kind, on, cells | {column: wrong})
            self.add(kind, self._later(on), cells | {"change": "C"})
        else:
            self.add(kind, on, cells)
        if kind in _ANNULLABLE and chance.happens(TROUBLE["tax_annulled"]):
            extra = cells | self._elsewhere(kind, cells)
            self.add(kind, on, extra)
            self.add(kind, self._later(on), extra | {"change": "A"})
        if cells["pinfl"] and chance.happens(TROUBLE["tax_broken_extra"]):
            self.add(kind, on, cells, chance.pick(TAX_FAULTS[kind]))

    def add(self, kind: str, on: date, cells: dict[str, str], fault: Fault | None = None) -> None:
        """Put a row into the file of that day."""
        if fault and fault.rule == "identifier_missing":
            cells = cells | {"stir": "", "name": ""}
        self.rows.append(TaxRow(on, kind, cells, fault))

    def employer(self, number: int) -> str:
        """Return the STIR of an organisation."""
        return str(200_000_000 + number * 7919 % 199_999_999)

    def files(self) -> list[TaxFile]:
        """Return all deliveries in order; their numbers rise."""
        files: list[TaxFile] = []
        rows = sorted(self.rows, key=lambda r: (self._delivery(r), r.kind, r.on))
        for (on, kind), group in groupby(rows, key=lambda r: (self._delivery(r), r.kind)):
            whole = list(group)
            chunks = [whole[i : i + CHUNK_ROWS] for i in range(0, len(whole), CHUNK_ROWS)]
            for chunk in chunks:
                last = kind == "income" and chunk is chunks[-1]
                self._deliver(files, on, kind, chunk, self.closing.get(on) if last else None)
        return files

    def _deliver(
        self, files: list[TaxFile], on: date, kind: str, rows: list[TaxRow], closes: str | None
    ) -> None:
        number = files[-1].number + 1 if files else 1
        unit = "tiyin" if self.chance.happens(0.3) else "soum"
        period = closes or f"{on:%Y-%m}"
        suffix = ".csv.gz" if self.chance.happens(0.5) else ".csv"
        name = f"{kind}-{period}-{number:04d}{suffix}"
        file = TaxFile(on, number, kind, period, name, unit, closes, rows)
        spoiled = self._refusal(files, on, kind)
        if spoiled:
            files.append(replace(file, refused_for=spoiled))
            number += 1
            name = f"{kind}-{period}-{number:04d}{suffix}"
            file = replace(file, number=number, name=name)
        files.append(file)
        if self.chance.happens(TROUBLE["tax_file_twice"]) or number == 1:
            again = number + self.chance.whole(0, 1)
            stem = name.removesuffix(suffix)
            files.append(replace(file, number=again, name=f"{stem}-again{suffix}", repeats=name))

    def _refusal(self, files: list[TaxFile], on: date, kind: str) -> str | None:
        """Return why the next file shall be refused: each reason once before and once in life."""
        live = on > self.start
        seen = {f.refused_for for f in files if f.refused_for and (f.on > self.start) == live}
        wanted = {"hash": "income", "rows": "benefit"}
        return next((r for r, k in wanted.items() if k == kind and r not in seen), None)

    def _delivery(self, row: TaxRow) -> date:
        """Return the day of the file: in the backlog one a month, and one for all before."""
        if row.on > self.start or row.kind == "income":
            return row.on
        oldest = (self.start - timedelta(days=150)).replace(day=1)
        return max(row.on.replace(day=1), oldest)

    def _who(self, kind: str, person: Person) -> dict[str, str]:
        chance = self.chance
        stir = str(400_000_000 + int(person.pinfl[1:13]) * 31 % 399_999_999)
        name = f"{person.surname} {person.given_name}"
        anonymous = kind in ("self_employment", "property")
        if anonymous and chance.happens(TROUBLE["tax_without_pinfl"]):
            return {"pinfl": "", "stir": stir, "name": name}
        spaced = chance.happens(TROUBLE["pinfl_with_spaces"])
        return {
            "pinfl": f"{person.pinfl[:7]} {person.pinfl[7:]}" if spaced else person.pinfl,
            "stir": stir if chance.happens(0.2) else "",
            "name": name if chance.happens(0.5) else "",
        }

    def _elsewhere(self, kind: str, cells: dict[str, str]) -> dict[str, str]:
        """Return what makes the row another record: stated by mistake, taken back later."""
        number = self.chance.whole(500_000, 999_999)
        match kind:
            case "income" | "employment":
                return {"employer_stir": self.employer(number)}
            case "property":
                return {"cadastre": f"{cells['cadastre']}:{number}"}
            case "benefit":
                return {"benefit": "one-off"}
            case _:
                registered_on = date.fromisoformat(cells["registered_on"]) - timedelta(days=400)
                return {"registered_on": registered_on.isoformat()}

    def _later(self, on: date) -> date:
        return min(on + timedelta(days=self.chance.whole(5, 60)), self.until)
