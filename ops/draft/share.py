"""One process's share of a trial: ``python -m ops.draft.share``, told by standard input.

It reads, assesses and counts; the only thing it writes are the files of finished batches
(``ops/draft/work.py``). It ends when its standard input does, so it never outlives a parent that
was killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from ops.cli import guarded
from ops.draft.tally import DRAFT, IN_FORCE, NOT_KNOWN, Tally, by_person, needs
from ops.draft.work import Work
from ops.keystore import open_keystore
from ops.run.garbage import collect_rarely
from ops.settings import Settings
from streams.everyone import Batch, Everyone
from streams.rules.load import load_pack
from streams.rules.pack import RulePack

Done = Callable[[int, int, int], None]  # batch, of how many, households in it
REGION_DIGITS = 4  # of a SOATO code: country and region


@dataclass(frozen=True, slots=True)
class Job:
    """What a share is told."""

    pack: str  # a name, or the path of a draft
    base: str
    on: str
    now: str
    region: str
    which: int
    many: int
    snapshot: str
    folder: str
    household_batch: int

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def run(job: Job, settings: Settings, done: Done) -> None:
    """Assess and count the share's batches that are not finished."""
    laws = load_pack(job.base), load_pack(job.pack)
    work = Work(Path(job.folder), datetime.fromisoformat(job.now))
    on = date.fromisoformat(job.on)
    with closing(open_keystore(settings)) as keystore:
        everyone = Everyone(
            settings.hub_dsn,
            keystore,
            laws[0],
            settings.partitions,
            others=laws[1:],
            share=(job.which, job.many),
            snapshot=job.snapshot,
        )
        finished = work.done()
        for batch in everyone.batches(
            on, work.now, household_batch=job.household_batch, done=finished
        ):
            tally = count(batch, laws, job.region)
            work.keep(batch.number, batch.of, tally)
            done(batch.number, batch.of, len(batch.households))


def count(batch: Batch, laws: tuple[RulePack, RulePack], region: str) -> Tally:
    """Return what the draft changes for the households of a batch that lie in ``region``."""
    districts = _districts(batch)
    found = [batch.assess(law) for law in laws]
    places = {
        assessment.household.anchor: _place(districts, assessment.household.anchor, region)
        for each in found
        for assessment in each
    }
    draft = by_person(needs(found[1]))
    tally = Tally()
    for name, each in zip((IN_FORCE, DRAFT), found, strict=True):
        tally.count_law(name, (one for one in each if places[one.household.anchor] is not None))
    for before in found[0]:
        place = places[before.household.anchor]
        if place is not None:
            tally.count(before, draft, place)
    return tally


def _districts(batch: Batch) -> dict[bytes, str]:
    """Return the district of residence by person, on the day."""
    stated = {
        fact.event_id: str(fact.value["district"])
        for fact in batch.facts
        if fact.kind == "residence" and fact.value.get("district")
    }
    found = {}
    for person in batch.persons.values():
        residence = person.residence(batch.on) if person.residences else None
        if residence is not None and residence.event in stated:
            found[person.id] = stated[residence.event]
    return found


def _place(districts: Mapping[bytes, str], anchor: bytes, region: str) -> str | None:
    """Return where a household is counted; None: not in the region that is asked for."""
    district = districts.get(anchor)
    if not region:
        return NOT_KNOWN if district is None else district[:REGION_DIGITS]
    return district if district is not None and district.startswith(region) else None


def main() -> None:
    """Do what the first line of standard input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops us, by closing our input
    job = Job(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    collect_rarely()

    def done(number: int, of: int, households: int) -> None:
        print(json.dumps([number, of, households]), flush=True)

    run(job, Settings.from_environment(), done)


def _end_with_the_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(guarded(main))
