"""A job goes through its file unharmed, and the clock starts once."""

from __future__ import annotations

import os
from pathlib import Path

from ops.bench import cpu
from ops.bench.job import Job


def job(folder: Path) -> Job:
    return Job(
        dsn="host=h dbname=d",
        topic="t",
        group="g",
        batch=7,
        types={4: "tax.income_reported"},
        first_record_file=str(folder / "first"),
    )


def test_a_contestant_reads_what_it_is_told(tmp_path: Path) -> None:
    job(tmp_path).write(tmp_path / "job.json")

    assert Job.read(str(tmp_path / "job.json")) == job(tmp_path)


def test_only_the_first_record_starts_the_clock(tmp_path: Path) -> None:
    told = job(tmp_path)
    told.started()
    at = told.first_record()
    told.started()

    assert told.first_record() == at


def test_processor_time_is_that_of_the_process() -> None:
    used = sum(os.times()[:2])

    assert cpu.seconds(os.getpid()) >= used - 0.1
    assert cpu.seconds_with_children(os.getpid()) >= used - 0.1
    assert cpu.seconds(2**30) == 0
