"""The key store against a simple model: whatever happens in whatever order.

The model is a dict of states and a list of epochs. Backups are copies of the tables, put back whole
or by ``hub keys restore``; a rotation may die anywhere in it. After each step every name is asked
for by an old process (with its cache) and by a new one.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ops.privacy import backup
from ops.privacy.decided import EverDecided
from projections.epochs import FIRST, EpochFolder, EpochMissingError
from projections.keystore import ERASED, Erasure, PostgresKeyStore, initialise
from projections.rotation import rotate
from schemas.ids import uuid8
from tests.integration.privacy.test_rotation import KilledError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = [(bytes([n]) * 16, each) for n in range(4) for each in ("health", "identity")]
names = st.sampled_from(NAMES)


class Lives(RuleBasedStateMachine):
    """What may happen to a key store."""

    dsn: str
    folder: Path

    @initialize()
    def begin(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.epochs = EpochFolder(self.folder / "epochs")
        self.epochs.create(FIRST)
        with psycopg.connect(self.dsn) as connection:
            connection.execute("TRUNCATE sealing_keys, key_epochs, key_erasures, kept.audit_leaves")
        initialise(self.dsn)
        self.keys: dict[tuple[bytes, str], bytes] = {}  # the model: a key, or ERASED
        self.decided: list[Erasure] = []
        self.backups: list[tuple[Path, dict[tuple[bytes, str], bytes]]] = []
        self.old = self.store()

    def store(self) -> PostgresKeyStore:
        return PostgresKeyStore(self.dsn, EpochFolder(self.epochs.folder), max_age_seconds=0)

    @rule(wanted=st.sets(names, min_size=1), is_new=st.booleans())
    def create(self, wanted: set[tuple[bytes, str]], is_new: bool) -> None:
        with closing(self.store()) as fresh:
            found = (fresh if is_new else self.old).keys(wanted)
        for name in wanted:
            assert found[name] == self.keys.setdefault(name, found[name])
        assert all(found.values()) or any(self.keys[name] == ERASED for name in wanted)

    @rule(gone=st.sets(names, min_size=1, max_size=3))
    def erase(self, gone: set[tuple[bytes, str]]) -> None:
        erasures = [
            Erasure(uuid8(bytes([len(self.decided) + n]) * 32), *name)
            for n, name in enumerate(sorted(gone))
        ]
        self.decided += erasures
        self.old.erase(erasures, NOW)
        self.old.note_done([UUID(bytes=one.event_id) for one in erasures])
        self.keys |= dict.fromkeys(gone, ERASED)

    @rule(dies=st.sampled_from([None, 0, 1, 2]))
    def change_epoch(self, dies: int | None) -> None:
        left = [dies]

        def show(_done: int, _total: int) -> None:
            if left[0] is not None:
                if left[0] == 0:
                    raise KilledError
                left[0] -= 1

        try:
            rotate(self.dsn, self.dsn, EpochFolder(self.epochs.folder), who="t", show=show, batch=2)
        except KilledError:
            return
        assert len(self.epochs.numbers()) == 1

    @rule()
    def back_up(self) -> None:
        path = self.folder / f"backup{len(self.backups)}"
        backup.write(self.dsn, path, NOW)
        self.backups.append((path, dict(self.keys)))

    @precondition(lambda self: self.backups)
    @rule(data=st.data(), loses=st.booleans())
    def restore(self, data: Any, loses: bool) -> None:
        path, then = self.backups[
            data.draw(st.integers(min_value=0, max_value=len(self.backups) - 1))
        ]
        files = self.epochs.numbers()
        with psycopg.connect(self.dsn) as connection:
            if loses:
                connection.execute("TRUNCATE sealing_keys, key_erasures")
            done = backup.put_back(connection, path, files, EverDecided(self.decided))
            present = self.active(connection)
        erased = {name for name, key in self.keys.items() if key == ERASED}
        held = {} if loses else {n: key for n, key in self.keys.items() if key != ERASED}
        held = {n: key for n, key in then.items() if key != ERASED and n not in erased} | held
        assert present <= held.keys()
        assert len(held.keys() - present) <= done.unopened  # of an epoch that is gone
        assert held.keys() - present <= then.keys()
        self.keys = {n: held[n] for n in present} | dict.fromkeys(erased, ERASED)
        self.old.forget()

    def active(self, connection: psycopg.Connection[Any]) -> set[tuple[bytes, str]]:
        rows = connection.execute(
            "SELECT owner, class FROM sealing_keys WHERE state = 'active'"
        ).fetchall()
        return {(owner.bytes, sensitivity) for owner, sensitivity in rows}

    @invariant()
    def everybody_finds_what_the_model_has(self) -> None:
        if not hasattr(self, "old"):
            return
        with closing(self.store()) as fresh:
            for each in (self.old, fresh):
                try:
                    assert each.existing(NAMES) == self.keys
                except EpochMissingError:
                    raise AssertionError("a key of an epoch that is gone") from None

    def teardown(self) -> None:
        if hasattr(self, "old"):
            self.old.close()


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_any_life(keys_dsn: str, tmp_path: Path) -> None:
    machine = type("Here", (Lives,), {"dsn": keys_dsn, "folder": tmp_path / "store"})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
