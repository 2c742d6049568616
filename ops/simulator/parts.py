"""A large country is planned in parts, one after the other, and kept on disk by day.

A whole plan of a million people would need five gigabytes. Each part is planned by itself
(ops/simulator/plan.py), written to ``home/simulator/parts`` and forgotten; a day is then
read back from the files of all parts. Small countries stay in memory.

The index is written last. Without it whatever lies there is half written, and planned anew.
"""

from __future__ import annotations

import gc
import heapq
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import orjson

from ops.collector import no_collector
from ops.simulator.chance import Chance
from ops.simulator.civil_acts import CivilWrite
from ops.simulator.health_records import Version, timed
from ops.simulator.plan import Part, Plan, plan
from ops.simulator.tax_rows import TaxFile

LARGEST_PART = 50_000  # people; some 300 MiB while it is planned
_CHUNK = {"civil": 1_000, "tax": 1, "health": 1_000}  # objects a pickle; a tax file has many rows
_NUMBER = re.compile(r"-\d{4,}(?=(-again)?\.csv)")
Say = Callable[[str], None]


class Days(Protocol):
    """What is written on each day; day 0 is the backlog."""

    def civil(self, day: int) -> Iterator[list[CivilWrite]]:
        """Give the writes, one list a part; no record is in two of them."""

    def tax(self, day: int) -> Iterator[TaxFile]:
        """Give the files; their numbers rise."""

    def health(self, day: int) -> Iterator[Version]:
        """Give the versions in order of writing."""


class InMemory:
    """A country of one part."""

    def __init__(self, whole: Plan) -> None:
        self._plan = whole

    def civil(self, day: int) -> Iterator[list[CivilWrite]]:
        yield self._plan.civil.get(day, [])

    def tax(self, day: int) -> Iterator[TaxFile]:
        yield from self._plan.tax.get(day, [])

    def health(self, day: int) -> Iterator[Version]:
        yield from self._plan.health.get(day, [])


class OnDisk:
    """A country of several parts. Pickles of our own making, in a folder of our own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        index = orjson.loads((folder / "index.json").read_bytes())
        self._parts: int = index["parts"]
        # of each day and part: how many tax file numbers the part gives on that day
        self._numbers: dict[str, list[tuple[int, int]]] = index["numbers"]

    def civil(self, day: int) -> Iterator[list[CivilWrite]]:
        for part in range(self._parts):
            yield list(self._read("civil", day, part))

    def tax(self, day: int) -> Iterator[TaxFile]:
        used = sum(
            count for other, rows in self._numbers.items() if int(other) < day for _, count in rows
        )
        for part, (first, count) in enumerate(self._numbers.get(str(day), [])):
            for file in self._read("tax", day, part):
                yield _renumbered(file, used + 1 - first, part == self._parts - 1)
            used += count

    def health(self, day: int) -> Iterator[Version]:
        parts = (self._read("health", day, part) for part in range(self._parts))
        together = heapq.merge(*parts, key=lambda version: version.on)
        return timed(together, Chance(self._seed, f"instants of day {day}"))

    def _read(self, kind: str, day: int, part: int) -> Iterator[Any]:
        try:
            file = _path(self._folder, kind, day, part).open("rb")
        except FileNotFoundError:
            return
        with file:
            while file.peek(1):
                yield from pickle.load(file)  # noqa: S301 - written by ourselves, below


def days_of(  # noqa: PLR0917 - the parameters of a country
    people: int, days: int, seed: int, until: date, folder: Path, say: Say
) -> Days:
    """Return the days of a country; a large one is planned now, unless that was done before."""
    parts = -(-people // LARGEST_PART)
    if parts <= 1:
        with no_collector():
            return InMemory(plan(people, days, seed, until))
    stated = {"people": people, "days": days, "seed": seed, "until": until.isoformat()}
    if _index(folder).get("of") != stated:
        _plan_parts(stated, parts, folder, say)
    return OnDisk(folder, seed)


def _plan_parts(stated: dict[str, Any], parts: int, folder: Path, say: Say) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.json").unlink(missing_ok=True)
    for leftover in folder.glob("*.pickle"):
        leftover.unlink()
    numbers: dict[str, list[tuple[int, int]]] = {}
    until = date.fromisoformat(stated["until"])
    for number in range(parts):
        people = stated["people"] * (number + 1) // parts - stated["people"] * number // parts
        with no_collector():
            part = plan(people, stated["days"], stated["seed"], until, Part(number, parts))
            _write(folder, number, part)
        for day in range(stated["days"] + 1):
            own = [file.number for file in part.tax.get(day, [])]
            span = (min(own), max(own) - min(own) + 1) if own else (1, 0)
            numbers.setdefault(str(day), []).append(span)
        del part
        gc.collect()  # people know each other in circles
        say(f"part {number + 1} of {parts} planned")
    index = orjson.dumps({"of": stated, "parts": parts, "numbers": numbers})
    (folder / "index.json").write_bytes(index)


def _write(folder: Path, number: int, part: Plan) -> None:
    by_kind: list[tuple[str, dict[int, list[Any]]]] = [
        ("civil", part.civil),
        ("tax", part.tax),
        ("health", part.health),
    ]
    for kind, by_day in by_kind:
        for day, items in by_day.items():
            with _path(folder, kind, day, number).open("wb") as file:
                for chunk in _chunks(items, _CHUNK[kind]):
                    pickle.dump(chunk, file, protocol=5)


def _path(folder: Path, kind: str, day: int, part: int) -> Path:
    return folder / f"{kind}-{day:04d}-{part:02d}.pickle"


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk


def _index(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads((folder / "index.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return found


def _renumbered(file: TaxFile, shift: int, closes: bool) -> TaxFile:
    """Return the file under its number in the whole country; only the last part closes a month."""

    def named(name: str, number: int) -> str:
        return _NUMBER.sub(f"-{number:04d}", name)

    own = int(_NUMBER.search(file.name)[0][1:]) + shift  # type: ignore[index]
    return replace(
        file,
        number=file.number + shift,
        name=named(file.name, own),
        closes=file.closes if closes else None,
        repeats=None if file.repeats is None else named(file.repeats, own),
    )
