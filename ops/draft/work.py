"""What a trial has finished so far, in a folder: so that a killed one can go on.

A folder for each question (pack, its text, day, region); in it ``run.json``, which says of which
data the finished batches are, the draft's text as it was read, and a file for each finished batch.
Durable effects: a batch's file is written whole and then given its name. A crash before that loses
the batch, after it nothing. Batches hold exact counts, so the folder is the owner's alone, and it
is removed once the report was made. Data is told apart by how far every topic was read: the same
offsets are the same facts.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ops.draft.tally import Tally

_RUN: Final = "run.json"
_DRAFT: Final = "draft.toml"
_BATCH: Final = "batch-{:06d}.json"
_CODE: Final = Path(__file__).parents[2] / "streams"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of everybody."""

    pack: str  # a name, or a path
    text: str  # of the draft; empty for a pack in force
    on: str  # ISO
    region: str  # empty: the whole country

    def key(self) -> str:
        """Return the name of its folder."""
        told = [self.pack if not self.text else "", self.text, self.on, self.region]
        return sha256(json.dumps(told).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Work:
    """The folder of one question."""

    folder: Path
    now: datetime  # of the whole run, also after it was resumed

    @property
    def draft(self) -> Path:
        return self.folder / _DRAFT

    def keep(self, number: int, of: int, tally: Tally) -> None:
        """Store a finished batch."""
        content = {"of": of, "tally": tally.as_json()}
        _write(self.folder / _BATCH.format(number), json.dumps(content))

    def done(self) -> frozenset[int]:
        """Return the numbers of the finished batches."""
        return frozenset(int(path.stem.partition("-")[2]) for path in self._files())

    def total(self) -> tuple[int, Tally]:
        """Return how many batches there are for everybody, and the sum of those finished."""
        of, total = 0, Tally()
        for path in self._files():
            content = json.loads(path.read_text("utf-8"))
            of = content["of"]
            total.add(Tally.from_json(content["tally"]))
        return of, total

    def remove(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> Iterator[Path]:
        return self.folder.glob("batch-*.json")


def open_work(
    home: Path, question: Question, data: Mapping[str, Any], now: datetime, *, resume: bool
) -> tuple[Work, str]:
    """Return where the work on ``question`` is kept, and what to say of what was found there.

    Args:
        home: the hub's folder.
        question: what is asked.
        data: of which data: the tables' generation, and every topic's offset.
        now: the moment of this run.
        resume: go on with finished batches, if they are of the same data.
    """
    folder = home / "draft" / question.key()
    about = {"data": _plain(data), "code": _code()}
    found = _about(folder / _RUN)
    note = ""
    if resume and found is None:
        note = "nothing to resume; beginning"
    elif resume and found is not None:
        if found["about"] == about:
            work = Work(folder, datetime.fromisoformat(found["now"]))
            return work, f"resuming: {len(work.done()):,} batches are finished"
        what = "the rules" if found["about"]["data"] == about["data"] else "the data"
        note = f"{what} changed since the last run; beginning anew"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    _write(folder / _DRAFT, question.text)
    _write(folder / _RUN, json.dumps({"about": about, "now": now.isoformat()}))
    return Work(folder, now), note


def _about(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _code() -> str:
    """Return the hash of all that decides: rules that changed give other answers."""
    found = sha256()
    for path in sorted(_CODE.rglob("*")):
        if path.suffix in {".py", ".toml"}:
            found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _plain(data: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(data))


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, "utf-8")
    draft.replace(path)
