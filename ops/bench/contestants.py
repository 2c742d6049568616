"""Who takes part, which batch sizes are tried for each, and what each cannot promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way from Kafka to committed facts."""

    name: str
    title: str
    module: str  # run as a process of its own, with a job file as its argument
    batches: tuple[int, int, int]  # records; the middle one is what a user would begin with
    promises: str
    lacks: str = ""
    is_ours: bool = False  # says in live.progress what became of each record


OURS: Final = Contestant(
    "ours",
    "our worker",
    "ops.bench.ours",
    (2000, 4000, 8000),
    "effects once; fenced owner; position, facts, closures, causes and audit leaf in one "
    "transaction; strict decoding; bad record quarantined",
    is_ours=True,
)

PEERS: Final = (
    Contestant(
        "quix",
        "Quix Streams",
        "ops.bench.peers.quix_sink",
        (1000, 5000, 20_000),
        "its PostgreSQL sink: at least once; repeats left out by the primary key",
        "no fencing; offsets outside the transaction; no quarantine (a bad record stops it, or is "
        "dropped); lenient decoding; no closures, causes, audit; the same id with other content "
        "goes unnoticed",
    ),
    Contestant(
        "faust",
        "stock Faust",
        "ops.bench.peers.faust_agent",
        (1000, 5000, 20_000),
        "message by message: at least once as far as its committer goes (wrong around offset "
        "gaps); repeats left out by the primary key",
        "no fencing; offsets outside the transaction; reads uncommitted records; no quarantine (a "
        "bad record raises in its agent); lenient decoding; no closures, causes, audit; the same "
        "id with other content goes unnoticed",
    ),
)
CONTESTANTS: Final = (OURS, *PEERS)
