"""Try a draft law on everybody: several processes over one snapshot, then one audit leaf.

    snapshot exported -> shares read, assess and count -> files of batches -> sum -> leaf -> report

Reads only, in transactions that may not write. What is durable: files of finished batches (see
``ops/draft/work.py``), and one audit leaf, committed before the report is shown. *Crash before the
leaf:* ``--resume`` goes on with the finished batches. *Crash after it:* asked again, all is read
again, and there is a second leaf, since the report may have been seen.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from queue import Queue
from typing import IO, Any, Final, NamedTuple

import orjson
import psycopg

from ops.cli import DEPENDENCY_DOWN, REFUSED
from ops.draft.profiles import Example, Profile, invent
from ops.draft.report import examples, report
from ops.draft.share import Job
from ops.draft.tally import Tally
from ops.draft.work import Question, Work, open_work
from ops.settings import Settings
from ops.stats import places
from projections import leaves
from projections.completeness import stated_through
from projections.everyone_store import EveryoneStore
from schemas.errors import HubError, PermanentError, TransientError
from streams.everyone import HOUSEHOLD_BATCH
from streams.rules.pack import RulePack

Progress = Callable[[int, int, int], None]  # batches finished, of how many, households in them
_END_SECONDS: Final = 20.0


class Ended(NamedTuple):
    """A share's process is over."""

    code: int
    said: str  # on standard error


@dataclass(slots=True)
class Trial:
    """One question, and with what it is answered."""

    settings: Settings
    laws: tuple[RulePack, RulePack]  # in force, and the draft
    question: Question
    workers: int
    household_batch: int = HOUSEHOLD_BATCH
    _shares: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(
        self, now: datetime, *, resume: bool, say: Callable[[str], None], progress: Progress
    ) -> dict[str, Any]:
        """Return the report.

        Raises:
            TransientError: a database does not answer, or the tables were swapped meanwhile.
            PermanentError: nobody is registered in the region that is asked for.
        """
        try:
            with closing(EveryoneStore(self.settings.hub_dsn)) as store:
                if self.question.region:
                    places.check(self.question.region, store.districts())
                data = {"offsets": store.offsets(), "batch": self.household_batch}
                work, note = open_work(self.settings.home, self.question, data, now, resume=resume)
                if note:
                    say(note)
                complete = stated_through(store.completeness(), self.settings.partitions)
                self._assess(work, store.export(), progress)
                store.check()
        except psycopg.OperationalError as error:
            raise TransientError("the hub's database does not answer; see `hub status`") from error
        of, total = work.total()
        if len(work.done()) != of:
            raise HubError("not every batch was assessed; run again with --resume")
        found = self._report(total, complete, work.now)
        self._leaf(found)
        work.remove()
        return found

    def _assess(self, work: Work, snapshot: str, progress: Progress) -> None:
        events: Queue[tuple[int, list[int] | Ended]] = Queue()
        try:
            for which in range(self.workers):
                self._start(work, which, snapshot, events)
            batches, households, left = len(work.done()), 0, self.workers
            while left:
                _, event = events.get()
                if isinstance(event, Ended):
                    left -= 1
                    _raise_for(event)
                    continue
                _, of, fresh = event
                batches, households = batches + 1, households + fresh
                progress(batches, of, households)
        finally:
            self._end()

    def _start(
        self,
        work: Work,
        which: int,
        snapshot: str,
        events: Queue[tuple[int, list[int] | Ended]],
    ) -> None:
        job = Job(
            pack=str(work.draft) if self.question.text else self.question.pack,
            base=self.laws[0].name,
            on=self.question.on,
            now=work.now.isoformat(),
            region=self.question.region,
            which=which,
            many=self.workers,
            snapshot=snapshot,
            folder=str(work.folder),
            household_batch=self.household_batch,
        )
        errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - _listen closes it
        share = subprocess.Popen(
            [sys.executable, "-m", "ops.draft.share"],
            cwd=Path(__file__).parents[2],
            env=os.environ | self.settings.as_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        self._shares.append(share)
        assert share.stdin is not None
        share.stdin.write(job.as_json() + "\n")
        share.stdin.flush()
        threading.Thread(target=_listen, args=(which, share, errors, events), daemon=True).start()

    def _end(self) -> None:
        """Stop what runs still: a share ends when its input does."""
        for share in self._shares:
            if share.stdin is not None:
                share.stdin.close()
        for share in self._shares:
            try:
                share.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                share.kill()
                share.wait()
        self._shares.clear()

    def _report(
        self, total: Tally, complete: dict[str, date | None], now: datetime
    ) -> dict[str, Any]:
        on = date.fromisoformat(self.question.on)

        def make(profile: Profile, share: float) -> Example | None:
            return invent(profile, self.laws, on, complete, share)

        return {
            "pack": self.laws[1].name,
            "base": self.laws[0].name,
            "draft_sha256": sha256(self.question.text.encode()).hexdigest(),
            "as_of": self.question.on,
            "known_at": now.isoformat(),
            "region": self.question.region or None,
            "currency": self.laws[0].currency._asdict(),
            "complete_through": {
                registry: through and through.isoformat() for registry, through in complete.items()
            },
            **report(total),
            "examples": examples(total, make),
        }

    def _leaf(self, found: dict[str, Any]) -> None:
        """Put on record that somebody asked, and what was answered, by its hash."""
        body = {name: found[name] for name in ("pack", "base", "draft_sha256", "as_of", "region")}
        body["report_sha256"] = sha256(orjson.dumps(found, option=orjson.OPT_SORT_KEYS)).hexdigest()
        try:
            with psycopg.connect(self.settings.hub_dsn) as connection:
                leaves.leave(connection, "draft_law", body)
        except psycopg.OperationalError as error:
            raise TransientError(
                "the report could not be put on record, so it is not shown; run again with --resume"
            ) from error


def _listen(
    which: int,
    share: subprocess.Popen[str],
    errors: IO[str],
    events: Queue[tuple[int, list[int] | Ended]],
) -> None:
    assert share.stdout is not None
    with share.stdout, errors:
        for line in share.stdout:
            events.put((which, json.loads(line)))
        code = share.wait()
        errors.seek(0)
        events.put((which, Ended(code, errors.read().strip().removeprefix("hub: "))))


def _raise_for(ended: Ended) -> None:
    if ended.code == 0:
        return
    kinds = {DEPENDENCY_DOWN: TransientError, REFUSED: PermanentError}
    said = ended.said or f"a share of the work ended with code {ended.code}"
    raise kinds.get(ended.code, HubError)(said)
