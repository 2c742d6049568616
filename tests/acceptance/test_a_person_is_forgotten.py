"""A person goes through the whole hub, is erased, and afterwards nobody can find or open anything.

Real servers and all components. The civil registry is in another cluster of PostgreSQL, the tax
folder elsewhere: the registries' own stores are not the hub's, and what lies there is not its to
erase. The simulator's notes stand for the registries, too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ops.initialise import schema_ids
from ops.privacy.holdings import HOLDINGS, WITHOUT
from ops.privacy.quarantine import raw_entries
from ops.run.api import identify
from ops.settings import Settings
from ops.trial import Trial
from ops.verify.report import EQUAL
from ops.verify.run import verify
from schemas import topics
from tests.acceptance import kept_back
from tests.acceptance.burglar import Block, opened, stolen_keys
from tests.acceptance.forgotten import FIELDS, STEM, STIR, Canary, plant, word
from tests.acceptance.forms import files_with, forms
from tests.acceptance.kept_back import hub, told
from tests.acceptance.leaks import written
from tests.integration.replay.catalog import catalog

pytestmark = pytest.mark.long

UNTIL = date(2026, 9, 30)
NOT_OURS = ("simulator",)  # notes of the simulated registries
PATIENCE_SECONDS = 400.0


@pytest.fixture
def trial(own_stack: Settings, database: str, tmp_path: Path) -> Iterator[Trial]:
    settings = replace(
        own_stack, today_override=UNTIL, civil_dsn_override=database, tax_override=tmp_path / "tax"
    )
    made = Trial(settings=settings, people=100, days=1, seed=3, until=UNTIL)
    drop_slots(database)  # of a run that was killed: a slot's name counts in the whole cluster
    yield made
    made.stop()
    drop_slots(database)


def drop_slots(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
            " WHERE slot_name = 'hub_civil' AND NOT active"
        )


class Scene:
    """What there is of the canary."""

    def __init__(self, settings: Settings, canary: Canary) -> None:
        self.settings = settings
        self.canary = canary
        self.person = UUID(bytes=identify(settings, canary.pinfl))
        self.taxpayer = UUID(bytes=settings.keys.pseudonym("uz.stir", STIR))

    def ids(self) -> set[UUID]:
        with psycopg.connect(self.settings.hub_dsn) as connection:
            rows = connection.execute("SELECT kept.ever_linked(%s)", [self.person]).fetchall()
        return {row[0] for row in rows}

    def blocks(self) -> list[Block]:
        """Return every sealed block of the canary, as topics and tables hold them."""
        with psycopg.connect(self.settings.hub_dsn) as connection:
            rows = connection.execute(
                "SELECT person, sensitivity, event_id, sealed FROM live.facts"
                " WHERE sealed IS NOT NULL AND person = ANY (%s)",
                [list(self.ids())],
            ).fetchall()
        facts = [Block(who.bytes, name, event.bytes, sealed) for who, name, event, sealed in rows]
        entries = raw_entries(self.settings, schema_ids(self.settings))
        return facts + [Block(e["id"], "quarantine", e["id"], e["original"]) for e in entries]

    def found(self) -> list[str]:
        """Return every place of the hub where one of the words, or the number, lies open."""
        patterns = forms(STEM) | forms(self.canary.pinfl)
        found = files_with(self.settings.home, patterns, NOT_OURS)
        return found + [
            place
            for place, whole in written(self.settings)
            if any(pattern in whole for pattern in patterns)
        ]


def test_a_person_is_forgotten(trial: Trial, tmp_path: Path) -> None:
    settings = trial.settings
    trial.start_servers(lambda _: None)
    trial.country.backlog()
    canary = plant(settings)
    trial.country.day(1)
    scene = Scene(settings, canary)
    trial.start_components(lambda _: None)
    kept_back.let_in(settings)
    trial.wait_until_settled(PATIENCE_SECONDS)
    link = ("person", "link", "--alias", str(scene.taxpayer), "--person", str(scene.person))
    hub(settings, *link, "--reason", "same person")
    before = export(settings, canary, tmp_path / "before.json")

    everything_is_told(scene, before)
    name = word("newsurname").encode()
    until(lambda: name in b"".join(told(settings, scene.person)))
    # Sealed, and so to be found nowhere; but in the feed of an agency that may see her name.
    assert {place.rpartition("/")[0] for place in scene.found()} == {kept_back.FEED_FILES}
    kept_back.restricted(settings, canary, scene.person)
    hub(settings, "keys", "backup", str(old := tmp_path / "old"))
    plain = opened(blocks := scene.blocks(), stolen_keys(settings, owners(blocks)))
    assert {field for field in FIELDS if word(field).encode() not in plain} == set()

    erase = ("person", "erase", "--reason", "asked for it", "--yes", "--timeout", "600")
    said = hub(settings, *erase, typed=canary.pinfl)
    assert "carried out" in said
    assert hub(settings, *erase, typed=canary.pinfl).count("0 decisions put on record") == 1
    trial.wait_until_settled(PATIENCE_SECONDS)
    kept_back.restored(settings, canary, old, scene.ids())
    # Deleted is not destroyed: old pages and the write-ahead log have the keys still.
    assert STEM.encode() in opened(blocks, stolen_keys(settings, owners(blocks)))
    hub(settings, "keys", "rotate", "--yes")
    assert stolen_keys(settings, owners(blocks)) == {}
    assert scene.blocks() == blocks, "the blocks are there, and nobody opens them"

    after = export(settings, canary, tmp_path / "after.json")
    assert STEM not in json.dumps(after)
    assert canary.pinfl not in json.dumps(after)
    trial.wait_until_settled(PATIENCE_SECONDS)
    report = verify(settings, with_ledger=False, wait_seconds=PATIENCE_SECONDS)
    assert report.outcome == EQUAL, (report.pending, report.first, report.as_json()["kinds"])
    # In autocommit: what a transaction has looked at, a swap waits for.
    with psycopg.connect(settings.hub_dsn, autocommit=True) as connection:
        fresh = catalog(connection)
        assert "equal" in hub(settings, "replay")
        assert catalog(connection) == fresh, "nothing of the tables was lost"
    kept_back.due(settings, scene.ids())
    kept_back.hurry(settings)
    until(lambda: scene.found() == [])
    what_a_search_finds(scene)


def export(settings: Settings, canary: Canary, file: Path) -> dict[str, Any]:
    hub(settings, "person", "export", "-o", str(file), typed=canary.pinfl)
    assert file.stat().st_mode & 0o777 == 0o600
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


def owners(blocks: list[Block]) -> set[bytes]:
    return {block.owner for block in blocks}


def everything_is_told(scene: Scene, document: dict[str, Any]) -> None:
    """Hold the export against every table and topic, looked through one by one."""
    text = json.dumps(document)
    assert [field for field in FIELDS if word(field) not in text] == []
    ids = [str(one) for one in scene.ids()]
    assert len(ids) == 3  # by number, the patient's, the taxpayer's
    exported = {one.table: one.name for one in HOLDINGS}
    with psycopg.connect(scene.settings.hub_dsn) as connection:
        tables = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables"
            " WHERE schemaname IN ('live', 'kept')"
        ).fetchall()
        for (table,) in tables:
            assert (table in exported) != (table in WITHOUT), f"{table} is not thought of"
            hexed = [one.replace("-", "") for one in ids]
            shown = [value.encode().hex() for value in ids]  # as bytea is shown
            held = "t::text LIKE ANY (SELECT '%%' || each || '%%' FROM unnest(%s::text[]) each)"
            query = f"SELECT count(*) FROM {table} t WHERE {held}"
            row = connection.execute(query.encode(), [ids + hexed + shown]).fetchone()
            assert row is not None
            told = len(document[exported[table]]) if table in exported else 0
            own = int(table == "kept.audit_leaves")  # the leaf of this very reading
            assert told >= row[0] - own, f"{table} holds {row[0]} rows, {told} were told"
    known = {row["event_id"] for row in (*document["facts"], *document["need_history"])}
    raw = {UUID(one).bytes for one in ids}
    for place, whole in written(scene.settings):
        if place.startswith((*topics.EVENTS.values(), topics.NEEDS, topics.OPERATOR)):
            event = str(UUID(bytes=whole[22:38]))  # behind key, magic byte and schema id
            if any(one in whole for one in raw):
                assert event in known, f"{place} is not told"


def what_a_search_finds(scene: Scene) -> None:
    """Show that the search would have found: in a log, in a table, in any form."""
    settings = scene.settings
    assert scene.found() == []
    log = settings.home / "logs" / "planted.log"
    for pattern in forms(word("broken")):
        log.write_bytes(b"refused: " + pattern)
        assert files_with(log.parent, forms(STEM), ()) == [log.name], pattern
    assert "logs/planted.log" in scene.found()
    log.unlink()
    with psycopg.connect(settings.hub_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept.planted AS SELECT %s::text AS said", [word("given")])
        assert any(place.startswith("postgres/data/pg_wal") for place in scene.found())
        connection.execute("DROP TABLE kept.planted")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
