"""The ledger: what the hub must make of everything the simulator has written.

Files under ``home/simulator``, one JSON object a line:

    country.json                the parameters and the counts of each phase that was written
    known.json                  the hundred known people and their needs
    ledger/events-<day>.jsonl   expected events; day 0000 is the backlog
    ledger/faults-<day>.jsonl   records that must be quarantined
    ledger/files-<day>.jsonl    tax files delivered: applied, refused or repeated

A day's ledger is written before the sources are, so an event that has come out is
always expected. A day that was being written when the simulator died is
in the ledger but not in the sources: write the country anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson

from ops.simulator.expectations import ExpectedEvent, ExpectedFault

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A tax file in the drop folder and what must become of it."""

    name: str
    outcome: str  # "applied", "refused" or "duplicate"
    reason: str | None  # refused: "hash" or "rows"
    repeats: str | None  # duplicate: the name of the file delivered before
    rows: int
    phase: str


_KINDS = {"events": ExpectedEvent, "faults": ExpectedFault, "files": ExpectedFile}


@dataclass(frozen=True, slots=True)
class KnownNeed:
    """One need of one known person, by person id."""

    person: str
    key: str  # the known person's name in ops/simulator/known_people.py
    kind: str
    amount: int | None  # soum
    why: str


class LedgerWriter:
    """Writes the ledger, one day at a time."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "simulator"
        (self.folder / "ledger").mkdir(parents=True, exist_ok=True)

    def written(self) -> dict[str, Any] | None:
        """Return the parameters of the country that is here, or None."""
        try:
            facts: dict[str, Any] = orjson.loads((self.folder / "country.json").read_bytes())
        except FileNotFoundError:
            return None
        return facts

    def day(
        self, number: int, items: Iterable[ExpectedEvent | ExpectedFault | ExpectedFile]
    ) -> dict[str, dict[str, int]]:
        """Write what day ``number`` must lead to, as it comes; return how many of what."""
        counts: dict[str, Counter[str]] = {"events": Counter(), "faults": Counter()}
        with ExitStack() as stack:
            files = {
                type_: stack.enter_context(_whole(self._path(name, number)))
                for name, type_ in _KINDS.items()
            }
            for item in items:
                files[type(item)].write(orjson.dumps(item) + b"\n")
                if not isinstance(item, ExpectedFile):
                    kind = "events" if isinstance(item, ExpectedEvent) else "faults"
                    counts[kind][item.registry] += 1
        return {name: dict(count) for name, count in counts.items()}

    def _path(self, name: str, number: int) -> Path:
        return self.folder / "ledger" / f"{name}-{number:04d}.jsonl"

    def country(self, facts: dict[str, object]) -> None:
        """Write the parameters and counts."""
        _write_whole(self.folder / "country.json", orjson.dumps(facts, option=orjson.OPT_INDENT_2))

    def known(self, people: dict[str, str], needs: Iterable[KnownNeed]) -> None:
        """Write the known people (name to person id) and their needs."""
        whole = {"people": people, "needs": [asdict(need) for need in needs]}
        _write_whole(self.folder / "known.json", orjson.dumps(whole, option=orjson.OPT_INDENT_2))


@dataclass(frozen=True, slots=True)
class Ledger:
    """The documented reader; loads everything written so far."""

    country: dict[str, Any]
    events: list[ExpectedEvent]
    faults: list[ExpectedFault]
    files: list[ExpectedFile]
    known_people: dict[str, str]  # name -> person id
    known_needs: list[KnownNeed]

    @classmethod
    def load(cls, home: Path) -> Ledger:
        """Return the ledger under ``home``.

        Raises:
            FileNotFoundError: no country was written there.
        """
        folder = home / "simulator"
        known = orjson.loads((folder / "known.json").read_bytes())
        return cls(
            country=orjson.loads((folder / "country.json").read_bytes()),
            events=list(_read(folder, "events", ExpectedEvent)),
            faults=list(_read(folder, "faults", ExpectedFault)),
            files=list(_read(folder, "files", ExpectedFile)),
            known_people=known["people"],
            known_needs=[KnownNeed(**need) for need in known["needs"]],
        )

    def due_events(self) -> list[ExpectedEvent]:
        """Return the events that must be published: all that a connector could see."""
        return [event for event in self.events if not event.superseded]

    def due_faults(self) -> list[ExpectedFault]:
        """Return the quarantine entries that must be there."""
        return [fault for fault in self.faults if not fault.superseded]

    def racing(self) -> set[str]:
        """Return source keys that come out only if the snapshot passed in time.

        Civil revisions written when no replication slot watched (all of the backlog, and live
        days before the connector was there) and replaced or deleted later: a snapshot that
        reads their row after that does not find them. What is written while a slot watches
        is streamed, and certain.
        """
        both: list[ExpectedEvent | ExpectedFault] = [*self.events, *self.faults]
        civil = [item for item in both if item.registry == "civil"]
        newest: dict[str, int] = {}
        for item in civil:
            record, revision = _record(item)
            newest[record] = max(newest.get(record, 0), revision)
        raced = set()
        for item in civil:
            record, revision = _record(item)
            passed = item.deletes or newest[record] > revision
            if passed and not item.watched and not item.superseded:
                raced.add(item.source_key)
        return raced


def _record(item: ExpectedEvent | ExpectedFault) -> tuple[str, int]:
    record, _, revision = item.source_key.rpartition("/")
    return record, int(revision)


def _read(folder: Path, name: str, of: type[_T]) -> Iterator[_T]:
    for path in sorted((folder / "ledger").glob(f"{name}-*.jsonl")):
        for line in path.read_bytes().splitlines():
            yield of(**orjson.loads(line))


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that is there when all of it is, and not before."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as file:
        yield file
    draft.replace(path)


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_bytes(content)
    draft.replace(path)
