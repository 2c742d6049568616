"""Leaves of the table become a log that other people's code accepts, or nothing is signed."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event as Flag
from threading import Thread

import psycopg
import pytest

from hub_verify.log import check_log
from hub_verify.note import Key
from ops.audit.checking import DifferenceError, check
from projections.tlog.folder import Folder
from projections.tlog.note import Signer
from schemas.errors import PermanentError, TransientError
from tests.disks import full_disk
from tests.integration.audit.logrig import AUDIT_KEY, ORIGIN, SEED, LogRig
from tests.outsiders import Outsider

_CHANGE = """
ALTER TABLE kept.audit_leaves DISABLE TRIGGER USER; {};
ALTER TABLE kept.audit_leaves ENABLE TRIGGER USER
"""


def test_an_outsider_accepts_the_log_at_every_size(rig: LogRig, outsider: Outsider) -> None:
    size = 0
    assert rig.integrate() == 0
    for count in (1, 1, 253, 1, 1, 300, 5000):
        rig.leave(count)
        size += count

        assert rig.integrate() == size
        assert outsider.log(rig.signer.verifier_key, rig.folder) == ""
        check(rig.dsn, rig.folder, rig.signer.verifier_key, AUDIT_KEY)


def test_what_has_no_number_yet_is_not_published(rig: LogRig) -> None:
    rig.leave(3)
    rig.execute("INSERT INTO kept.audit_leaves (kind, body) VALUES ('read', '{}')")

    assert rig.integrate() == 3
    rig.number()
    assert rig.integrate() == 4


def test_integrating_again_changes_no_file(rig: LogRig) -> None:
    rig.leave(300)
    rig.integrate()
    before = {path: path.stat().st_ino for path in rig.folder.rglob("*") if path.is_file()}

    assert rig.integrate() == 300
    assert {path: path.stat().st_ino for path in rig.folder.rglob("*") if path.is_file()} == before


def test_partial_tiles_of_full_ones_are_removed(rig: LogRig) -> None:
    for count in (100, 100, 100):
        rig.leave(count)
        rig.integrate()

    partial = sorted(path.relative_to(rig.folder).as_posix() for path in rig.folder.rglob("*.p/*"))
    assert partial == ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"]


def test_a_lost_folder_is_built_again_the_same(rig: LogRig) -> None:
    rig.leave(700)
    rig.integrate()
    before = rig.checkpoint
    shutil.rmtree(rig.folder)

    rig.integrate()

    assert rig.checkpoint == before


def test_a_lost_folder_is_not_built_from_other_leaves(rig: LogRig) -> None:
    """One size has one root, whatever happens to the folder: the database remembers."""
    rig.leave(5000)  # more than one step reads
    rig.integrate()
    shutil.rmtree(rig.folder)
    rig.execute(_CHANGE.format("UPDATE kept.audit_leaves SET body = '{}' WHERE number = 7"))

    with pytest.raises(PermanentError, match="another root for 5000 leaves"):
        rig.run(Flag())
    assert not (rig.folder / "checkpoint").exists()  # not even of fewer leaves


def test_a_table_that_was_set_back_stops_it(rig: LogRig) -> None:
    rig.leave(700)
    rig.integrate()
    rig.execute(_CHANGE.format("DELETE FROM kept.audit_leaves WHERE number > 650"))

    with pytest.raises(PermanentError, match="700 leaves published and the table has 650"):
        rig.integrate()
    with pytest.raises(DifferenceError, match="lacks leaf 651"):
        check(rig.dsn, rig.folder, rig.signer.verifier_key, AUDIT_KEY)
    rig.leave(100)  # grown again, into another history
    with pytest.raises(PermanentError, match="leaf 651 of the table is not the one"):
        rig.integrate()
    shutil.rmtree(rig.folder)
    with pytest.raises(PermanentError, match="another root for 700"):
        rig.integrate()
    assert not (rig.folder / "checkpoint").exists()


def test_another_root_for_what_is_published_stops_it(rig: LogRig) -> None:
    """Two signed roots of one size are a fork, also if the folder has as many leaves as either."""
    rig.leave(300)
    rig.integrate()
    rig.execute("UPDATE kept.log_head SET root = sha256('another')")

    with pytest.raises(PermanentError, match="another root for 300 leaves"):
        rig.integrate()


def test_the_database_knows_a_root_before_anybody_else_does(
    rig: LogRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with the checkpoint just out: its root is promised, and no other can be signed."""
    rig.leave(5)
    rig.integrate()
    rig.leave(2)
    publish = Folder.publish

    def dies(folder: Folder, note: bytes) -> None:
        publish(folder, note)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            rig.integrate()
    assert rig.size() == 7
    shutil.rmtree(rig.folder)
    rig.execute(_CHANGE.format("UPDATE kept.audit_leaves SET body = '{}' WHERE number = 6"))

    with pytest.raises(PermanentError, match="another root for 7 leaves"):
        rig.integrate()
    assert rig.size() == -1


def test_a_row_that_was_changed_long_ago_is_found(rig: LogRig) -> None:
    rig.leave(1000)
    rig.integrate()
    rig.execute(
        _CHANGE.format("UPDATE kept.audit_leaves SET body = body || '{\"n\": 0}' WHERE number = 77")
    )

    with pytest.raises(DifferenceError, match="leaf 77 of the table is not"):
        check(rig.dsn, rig.folder, rig.signer.verifier_key, AUDIT_KEY)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kept.audit_leaves SET body = '{}'",
        "UPDATE kept.audit_leaves SET at = now()",
        "UPDATE kept.audit_leaves SET number = 9",
        "DELETE FROM kept.audit_leaves",
    ],
)
def test_the_table_refuses_to_be_changed(rig: LogRig, statement: str) -> None:
    rig.leave(3)
    with pytest.raises(psycopg.errors.IntegrityError, match="never changed"):
        rig.execute(statement)


def test_a_number_that_is_missing_stops_it(rig: LogRig) -> None:
    rig.leave(10)
    rig.execute(_CHANGE.format("DELETE FROM kept.audit_leaves WHERE number = 4"))

    with pytest.raises(PermanentError, match="no gapless numbers"):
        rig.integrate()


def test_another_key_or_origin_stops_it(rig: LogRig) -> None:
    rig.leave(3)
    rig.integrate()
    for other in (Signer.of(ORIGIN, bytes(32)), Signer.of("hub.test/other", SEED)):
        with pytest.raises(PermanentError, match="cannot be gone on from"):
            LogRig(rig.dsn, rig.folder, other).integrate()


def test_a_tile_that_was_changed_stops_it(rig: LogRig) -> None:
    rig.leave(300)
    rig.integrate()
    tile = rig.folder / "tile/1/000.p/1"
    tile.write_bytes(bytes(32))

    with pytest.raises(PermanentError, match="do not give the root"):
        rig.integrate()


def test_a_tile_with_other_bytes_is_not_overwritten(rig: LogRig) -> None:
    rig.leave(256)
    (rig.folder / "tile/0").mkdir(parents=True)
    (rig.folder / "tile/0/000").write_bytes(b"somebody saw this")

    with pytest.raises(PermanentError, match="tile/0/000 of the audit log is published"):
        rig.integrate()
    assert (rig.folder / "tile/0/000").read_bytes() == b"somebody saw this"
    assert rig.size() == 0


def test_the_second_waits_and_follows(rig: LogRig) -> None:
    stops = [Flag(), Flag()]
    threads = [Thread(target=rig.run, args=(stop,)) for stop in stops]
    threads[0].start()
    rig.wait_for(0)
    threads[1].start()
    for n, stop in enumerate(stops):
        rig.leave(10)
        rig.wait_for(10 * n + 10)
        stop.set()
        threads[n].join(20)
    assert check_log(rig.folder, Key.parse(rig.signer.verifier_key)).checkpoint.size == 20


def test_what_was_read_is_published_when_it_ends(rig: LogRig) -> None:
    """However seldom it publishes: what no checkpoint speaks of yet gets one at the end."""
    rig.leave(10)
    stop = Flag()
    thread = Thread(target=rig.run, args=(stop, 3600.0))
    thread.start()
    rig.wait_for(10)  # the first is published at once
    rig.leave(300)
    rig.wait_until((rig.folder / "tile/0/000").exists, "a full tile")  # so they were read
    assert rig.size() == 10
    stop.set()
    thread.join(20)

    assert rig.size() == 310


@pytest.mark.parametrize("limit", [0, 100, 5000, 9000])
def test_a_full_disk_signs_nothing_and_passes(rig: LogRig, limit: int) -> None:
    rig.leave(20)
    rig.integrate()
    before = rig.checkpoint
    rig.leave(700)

    with full_disk(limit), pytest.raises(TransientError, match="cannot be written"):
        rig.run(Flag())

    assert rig.checkpoint == before
    assert rig.integrate() == 720
    check(rig.dsn, rig.folder, rig.signer.verifier_key, AUDIT_KEY)


def test_the_role_of_the_integrator_suffices(rig: LogRig) -> None:
    rig.leave(300)
    with psycopg.connect(rig.dsn) as connection:
        connection.execute("SET ROLE hub_audit")
        for statement in (
            "SELECT number FROM kept.audit_leaves",
            "INSERT INTO kept.log_head (origin, size, root) VALUES ('x', 1, '')",
        ):
            connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO kept.audit_leaves (kind, body) VALUES ('read', '{}')")


def test_the_same_rows_give_the_same_log_elsewhere(rig: LogRig, tmp_path: Path) -> None:
    rig.leave(300)
    rig.integrate()
    rig.execute("DELETE FROM kept.log_head")
    again = LogRig(rig.dsn, tmp_path / "again", rig.signer)
    again.integrate()

    assert again.checkpoint == rig.checkpoint
