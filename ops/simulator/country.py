"""A simulated country, written to its three sources phase by phase.

    ledger of the day -> civil database -> tax folder -> FHIR store

The ledger comes first, so that whatever comes out of the hub is already expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path

from ops.simulator.civil_database import (
    CountryExistsError,
    apply_day,
    copy_backlog,
    create_schema,
    is_watched,
)
from ops.simulator.contract import Keys, Pseudonyms
from ops.simulator.drop_folder import deliver
from ops.simulator.expecting import Expected, Expecting, Item
from ops.simulator.fhir_store import FhirStore
from ops.simulator.health_records import Version
from ops.simulator.known_people import known_needs, known_persons
from ops.simulator.ledger import LedgerWriter
from ops.simulator.parts import Days, Say, days_of
from ops.simulator.plan import standing_rows

LARGEST_LOAD = 20_000  # resources in one transaction of the FHIR server's store


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the three sources and the ledger are."""

    home: Path
    civil_dsn: str = field(repr=False)
    tax_folder: Path

    @property
    def fhir_file(self) -> Path:
        return self.home / "simulator" / "fhir.sqlite"


class OutOfTurnError(Exception):
    """The days of a country are written in order, each once."""


class Country:
    """A country of ``people`` whose last ``days`` before ``until`` are lived, not loaded.

    Call ``backlog`` once, then ``day(1)`` to ``day(days)`` in order, each once. A second
    ``Country`` with the same arguments may carry on where another stopped.
    """

    def __init__(
        self,
        people: int,
        days: int,
        seed: int,
        until: date,
        *,
        places: Places,
        keys: Keys,
        say: Say = lambda _: None,
    ) -> None:
        self.people = people
        self.days = days
        self.seed = seed
        self.until = until
        self.places = places
        self.keys = keys
        self.say = say
        self._pseudonyms = Pseudonyms(keys)
        self._planned: Days | None = None

    def backlog(self) -> None:
        """Create the civil schema and write the population and its history.

        Raises:
            CountryExistsError: a country was written there before.
        """
        ledger = LedgerWriter(self.places.home)
        if ledger.written() is not None:
            raise CountryExistsError("this home holds a country already; use a new home")
        create_schema(self.places.civil_dsn)
        self._write_ledger(ledger, 0)
        ledger.known(known_persons(self.until, self.keys), known_needs(self.until, self.keys))
        copy_backlog(self.places.civil_dsn, map(standing_rows, self._days.civil(0)))
        self.say("civil registry filled")
        self._write_files(0)

    def day(self, number: int) -> None:
        """Write the changes of one live day; the last has the number ``days``.

        Raises:
            OutOfTurnError: another day is due, or the country there is another one.
        """
        if not 1 <= number <= self.days:
            raise ValueError(f"there is no day {number}; the live days are 1 to {self.days}")
        ledger = LedgerWriter(self.places.home)
        written = ledger.written() or {}
        if any(written.get(name) != value for name, value in self._parameters().items()):
            raise OutOfTurnError("the country in this home has other parameters, or none")
        through = written["written_through_day"]
        if through != number - 1:
            raise OutOfTurnError(f"day {number} is not due: day {through} is the last one written")
        # Asked first: a slot made while we write would watch the rest, not all.
        self._write_ledger(ledger, number, is_watched(self.places.civil_dsn))
        writes = sorted(chain.from_iterable(self._days.civil(number)), key=lambda write: write.on)
        apply_day(self.places.civil_dsn, writes)
        self._write_files(number)

    @property
    def _days(self) -> Days:
        if self._planned is None:
            folder = self.places.home / "simulator" / "parts"
            self._planned = days_of(self.people, self.days, self.seed, self.until, folder, self.say)
        return self._planned

    def expected(self, number: int, watched: bool = False) -> Expected:
        """Return what day ``number`` must lead to, all at once."""
        found = Expected()
        for item in self.expecting(number, watched):
            found.add(item)
        return found

    def expecting(self, number: int, watched: bool = False) -> Iterator[Item]:
        """Give what day ``number`` must lead to, one after the other; 0 is the backlog.

        Args:
            number: of the day.
            watched: whether a replication slot follows the civil database on that day.
        """
        expect = Expecting(self.keys, self._pseudonyms, "live" if number else "backlog")
        for writes in self._days.civil(number):
            # In the backlog only the last write of a record reaches the database.
            last = {} if number else {write.row["record_id"]: write for write in writes}
            standing = {id(write) for write in last.values()}
            for write in writes:
                superseded = number == 0 and id(write) not in standing
                yield expect.civil(write, (superseded, watched, write.op == "delete"))
        for file in self._days.tax(number):
            yield from expect.tax(file)
        for version in self._days.health(number):
            yield from expect.health(version)

    def _write_ledger(self, ledger: LedgerWriter, number: int, watched: bool = False) -> None:
        counts = ledger.day(number, self.expecting(number, watched))
        ledger.country(self._parameters() | {"written_through_day": number, "last_day": counts})
        self.say(f"ledger of day {number} written")

    def _parameters(self) -> dict[str, object]:
        return {
            "people": self.people,
            "days": self.days,
            "seed": self.seed,
            "until": self.until.isoformat(),
        }

    def _write_files(self, number: int) -> None:
        for file in self._days.tax(number):
            deliver(self.places.tax_folder, file)
        self.say(f"tax files of day {number} delivered")
        store = FhirStore(self.places.fhir_file)
        try:
            # In several loads, between which a page may be read; an instant may lie in two.
            for versions in _loads(self._days.health(number)):
                store.load(versions)
        finally:
            store.close()
        self.say(f"resources of day {number} stored")


def _loads(versions: Iterator[Version]) -> Iterator[list[Version]]:
    """Give the versions in two loads or more."""
    first = list(islice(versions, LARGEST_LOAD))
    half = len(first) // 2
    yield first[:half]
    yield first[half:]
    while more := list(islice(versions, LARGEST_LOAD)):
        yield more
