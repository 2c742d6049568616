"""Read the whole world, wait until it has settled, compare. The shell around ``compare``."""

from __future__ import annotations

import time
from datetime import date

from ops.collector import no_collector
from ops.settings import Settings
from ops.verify.civil import civil_pending, read_civil
from ops.verify.compare import CHECKS, World, compare
from ops.verify.database import database_pending, read_tables
from ops.verify.fhir import Access, read_fhir
from ops.verify.kafka import end_offsets, read_topics
from ops.verify.ledger import read_ledger
from ops.verify.pending import behind, incomplete, not_erased, unread
from ops.verify.report import Report, report_on
from ops.verify.room import available_bytes, check_room
from ops.verify.seals import read_keys
from ops.verify.tax import read_tax, tax_pending
from ops.verify.values import Ledger, Source, Tables
from schemas.errors import PermanentError
from schemas.topics import EVENTS, OPERATOR

_PAUSE = 1.0
_MICROS = 1_000_000
_FHIR_CLIENT = "hub"


def verify(
    settings: Settings,
    *,
    with_ledger: bool = True,
    only: str | None = None,
    wait_seconds: float = 60.0,
) -> Report:
    """Compare sources, ledger, topics and tables, and return what differs.

    Waits up to ``wait_seconds`` for work that is under way; a difference counts only
    when nothing moved while it was found.

    Raises:
        TransientError: a server does not answer.
        PermanentError: no such check, no ledger although one was asked for, or no room in memory.
    """
    began = time.monotonic()
    needed = _needed(only, with_ledger)
    ledger = _ledger(settings, needed)
    on = _today(settings, ledger)
    place: str | None = None
    with no_collector():
        while True:
            pending, place = _under_way(settings, needed, place)
            late = time.monotonic() - began >= wait_seconds
            ends = end_offsets(settings.kafka("reader"))
            check_room(sum(ends.values()), available_bytes())
            nothing = not any(ends.values())
            reading = time.monotonic()
            if not pending or (late and nothing):
                world = _read(settings, needed, ledger, on)
                pending += _unsettled(settings, world, needed)
                if not pending or (late and nothing):
                    checks = compare(world, only)
                    report = report_on(world, checks, time.monotonic() - began)
                    if not report.differences or late or _stood_still(settings, ends):
                        return report
                del world
            if late:
                return Report(pending=pending, seconds=time.monotonic() - began)
            # Whoever is still at work needs the processor more than we do.
            time.sleep(max(_PAUSE, time.monotonic() - reading))


def _under_way(
    settings: Settings, needed: frozenset[str], place: str | None
) -> tuple[list[str], str | None]:
    """Return what is pending as far as it can be seen cheaply, and the log's place to wait for."""
    pending: list[str] = []
    if "sources" in needed:
        waits, place = civil_pending(settings.civil_dsn, place)
        pending += [waits] if waits else []
        pending += tax_pending(settings.tax_drop_folder)
    if "tables" in needed and not pending:
        pending += database_pending(settings.hub_dsn, None, None)
    return pending, place


def _needed(only: str | None, with_ledger: bool) -> frozenset[str]:
    """Return what must be read for the checks that will run."""
    names = [check.name for check in CHECKS]
    if only is not None and only not in names:
        raise PermanentError(f"no check is called {only}; there are {', '.join(names)}")
    rows = [check for check in CHECKS if only in {None, check.name}]
    rows = [check for check in rows if with_ledger or "ledger" not in check.reads]
    if not rows:
        raise PermanentError(f"check {only} needs the ledger")
    return frozenset().union(*(check.reads for check in rows))


def _ledger(settings: Settings, needed: frozenset[str]) -> Ledger | None:
    if "ledger" not in needed:
        return None
    ledger = read_ledger(settings.home)
    if ledger is None:
        raise PermanentError(
            "no ledger under the home: run `hub simulate`, or verify with --without-ledger"
        )
    return ledger


def _today(settings: Settings, ledger: Ledger | None) -> date:
    """Return the day of judgement: as set, else the simulated country's, else the real one."""
    if settings.today_override is not None:
        return settings.today_override
    found = ledger or read_ledger(settings.home)
    if found is not None and found.today is not None:
        return found.today
    return settings.today


def _read(settings: Settings, needed: frozenset[str], ledger: Ledger | None, on: date) -> World:
    secrets = settings.secrets
    sources: list[Source] = []
    if "sources" in needed:
        sources = [
            read_civil(settings.civil_dsn),
            read_tax(settings.tax_drop_folder),
            read_fhir(_fhir(settings)),
        ]
    keys = read_keys(settings.keys_dsn, settings.home / "secrets" / "epochs")
    return World(
        event_key=secrets.event_key,
        digest_key=secrets.digest_key,
        on=on,
        now=int(time.time() * _MICROS),
        topics=read_topics(settings.kafka("reader"), settings.registry_url, keys),
        sources=sources,
        tables=read_tables(settings.hub_dsn) if "tables" in needed else Tables(),
        ledger=ledger,
        erased=keys.erased,
    )


def _fhir(settings: Settings) -> Access:
    path = settings.home / "secrets" / "fhir_client_secret"
    try:
        secret = path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise PermanentError(f"{path} is missing: the FHIR server's client secret") from error
    return Access(settings.fhir_url, _FHIR_CLIENT, secret)


def _unsettled(settings: Settings, world: World, needed: frozenset[str]) -> list[str]:
    """Return what can only be seen to be pending once everything has been read."""
    found = incomplete(world.topics) + not_erased(world.topics, world.erased)
    for source in world.sources:
        found += behind(source, world.topics, world.event_key)
        found += sorted(source.pending)
    if "tables" in needed:
        found += unread(world.topics, world.tables)
        own = sum(entry.source not in EVENTS for entry in world.topics.entries)
        decided = sum(event.place.topic == OPERATOR for event in world.topics.events)
        needs = len(world.topics.needs)
        found += database_pending(settings.hub_dsn, needs, own, decided)
    return found


def _stood_still(settings: Settings, ends: dict[tuple[str, int], int]) -> bool:
    return end_offsets(settings.kafka("reader")) == ends
