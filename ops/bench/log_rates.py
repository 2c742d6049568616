"""How fast leaves are numbered and published, and proofs made and checked, beside their limits.

Leaves as a read leaves them. The integrator is the component's own class, with its fsyncs, and
publishes once a second as the component does. One process each, one core.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from hub_verify.note import Key
from hub_verify.proof import check_proof
from ops.audit.place import log_folder, signer
from ops.bench.families import identifier
from ops.bench.race import RaceError, empty_tables
from ops.settings import Settings
from projections import leaves, merkle
from projections.sequencer import Sequencer
from projections.tlog.build import builder
from projections.tlog.folder import Folder, read
from projections.tlog.integrator import PUBLISH_SECONDS, Integrator
from projections.tlog.layout import CHECKPOINT
from projections.tlog.proof import proof_file, record_part
from projections.tlog.tiles import Tiles

NUMBERED, PUBLISHED = "leaves numbered", "leaves published"
MADE, CHECKED = "proofs made", "proofs checked"
EVENT_MADE, EVENT_CHECKED = "proofs of an event made", "proofs of an event checked"
HASHED, SIGNED = "SHA-256 of the leaves alone", "Ed25519 of the checkpoint alone"
LIMIT_OF: Final = {PUBLISHED: HASHED, CHECKED: SIGNED, EVENT_CHECKED: SIGNED}
_PROOFS: Final = 2000
_EVENT_PROOFS: Final = 100  # each hashes a whole chunk
_CHUNK: Final = 4000  # records
_RECORD_BYTES: Final = 250
_DATABASE: Final = "bench_log"
_FIELDS: Final = ["needs.kind", "needs.since", "needs.status", "needs.urgency"]


@dataclass(slots=True)
class LogRates:
    """What a second brings."""

    leaves: int = 0
    rates: dict[str, float] = field(default_factory=dict)


def measure(settings: Settings, count: int, begin: Any, say: Any) -> LogRates:
    """Return the rates of a log of ``count`` leaves.

    Raises:
        RaceError: a proof does not hold, or the log has not all leaves.
    """
    folder = log_folder(settings)
    try:
        found = _measure(settings, folder, count, begin)
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # the next table is another log
    for name, rate in found.rates.items():
        say(f"{name}: {rate:,.0f} a second")
    return found


def _measure(settings: Settings, folder: Path, count: int, begin: Any) -> LogRates:
    found = LogRates(count)
    with empty_tables(settings, _DATABASE) as database:
        dsn = settings.dsn(database)
        tick = begin("leaves into the table", count)
        records = [
            (number, identifier(f"bytes {number}") * (_RECORD_BYTES // 16))
            for number in range(_CHUNK)
        ]
        found.leaves = count = _leave(dsn, count, tick, dict(records))
        begin("numbering", count)
        found.rates[NUMBERED] = _rate(count, lambda: _number(dsn))
        begin("publishing", count)
        found.rates[PUBLISHED] = _rate(count, lambda: _publish(settings, dsn, folder, count))
    begin("proofs", _PROOFS)
    found.rates |= _proofs(settings, folder, count, dict(records))
    return found


def _rate(count: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def _leave(dsn: str, count: int, tick: Any, chunk: dict[int, bytes]) -> int:
    """Write leaves of reads, and last that of one chunk; return how many there are then."""
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        with cursor.copy(leaves.COPY) as copy:
            for number, body in enumerate(_reads(count - 1), 1):
                copy.write_row(leaves.row("read", body))
                tick(number)
        leaves.leave(connection, "chunk", _chunk_body(chunk))
        row = connection.execute("SELECT count(*) FROM kept.audit_leaves").fetchone()
    return 0 if row is None else int(row[0])


def _reads(count: int) -> Iterator[dict[str, object]]:
    for number in range(count):
        yield {
            "what": "needs",
            "who": "bench",
            "agency": "bench",
            "purpose": "pension",
            "basis": "pension-law",
            "grant": UUID(bytes=identifier("grant")),
            "request": UUID(bytes=identifier(f"request {number}")),
            "person": UUID(bytes=identifier(f"person {number // 10}")),
            "fields": _FIELDS,
            "rows": number % 4,
        }


def _chunk_body(records: dict[int, bytes]) -> dict[str, object]:
    root = merkle.root(merkle.entry(*one) for one in records.items())
    last = len(records) - 1
    return {
        "topic": "bench",
        "partition": 0,
        "first_offset": 0,
        "last_offset": last,
        "records": len(records),
        "root": root.hex(),
    }


def _number(dsn: str) -> None:
    with closing(Sequencer(dsn)) as sequencer:
        while not sequencer.is_first():
            time.sleep(0.01)
        while sequencer.number():
            pass


def _publish(settings: Settings, dsn: str, folder: Path, count: int) -> None:
    with (
        psycopg.connect(dsn, autocommit=True) as connection,
        closing(Folder(folder)) as held,
    ):
        build = builder(settings.secrets.audit_key)
        one = Integrator(connection, held, signer(settings), build, lambda: datetime.now(UTC))
        one.open()
        published = time.monotonic()
        while one.step():
            if time.monotonic() - published >= PUBLISH_SECONDS:
                published = time.monotonic()
                one.publish()
        if (size := one.publish().size) != count:
            raise RaceError(f"{size} of {count} leaves were published")


def _proofs(
    settings: Settings, folder: Path, count: int, chunk: dict[int, bytes]
) -> dict[str, float]:
    """Return proofs a second, made out of the folder's tiles and checked by ``hub_verify``."""
    key = Key.parse(signer(settings).verifier_key)
    note = read(folder, CHECKPOINT) or b""
    asked = random.Random(1)  # noqa: S311 - which leaves are proved
    indices = [asked.randrange(count) for _ in range(_PROOFS)]
    offsets = [asked.randrange(len(chunk)) for _ in range(_EVENT_PROOFS)]
    tiles, made, of_events = Tiles(folder, count), list[bytes](), list[bytes]()

    def prove(index: int, offset: int | None = None) -> bytes:
        record = None if offset is None else record_part(chunk, offset, with_value=True)
        return proof_file(tiles.entry(index), index, tiles.inclusion(index), note, record)

    rates = {MADE: _rate(_PROOFS, lambda: made.extend(map(prove, indices)))}
    last = count - 1
    rates[EVENT_MADE] = _rate(
        _EVENT_PROOFS, lambda: of_events.extend(prove(last, offset) for offset in offsets)
    )
    rates[CHECKED] = _rate(_PROOFS, lambda: _check(made, key, [index + 1 for index in indices]))
    rates[EVENT_CHECKED] = _rate(
        _EVENT_PROOFS, lambda: _check(of_events, key, [count] * _EVENT_PROOFS)
    )
    entries = [entry for index in range(-(-count // 256)) for entry in tiles.bundle(index)]
    rates[HASHED] = _rate(count, lambda: [sha256(b"\x00" + entry).digest() for entry in entries])
    signing = signer(settings).key
    signature, public = signing.sign(note), signing.public_key()
    rates[SIGNED] = _rate(_PROOFS, lambda: [public.verify(signature, note) for _ in indices])
    return rates


def _check(proofs: Sequence[bytes], key: Key, numbers: Sequence[int]) -> None:
    for proof, number in zip(proofs, numbers, strict=True):
        if check_proof(proof, key).leaf.number != number:
            raise RaceError("a proof is about another leaf")
