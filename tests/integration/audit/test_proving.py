"""`hub audit` on records that a real worker stored: what it writes, outsiders believe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from hub_verify.command import GOOD, run
from hub_verify.log import check_log
from hub_verify.note import Key
from hub_verify.proof import check_proof
from ops.audit.command import app, make_proof
from ops.audit.finding import NotOnRecordError
from ops.audit.place import log_folder, signer
from ops.run import integrator
from ops.settings import Settings
from ops.stack import acls
from projections import leaves
from schemas.errors import HubError
from tests.builders import person, record, some_id
from tests.integration.audit.logrig import LogRig
from tests.integration.streams.rig import PARTITIONS, Rig, open_rig
from tests.outsiders import Outsider

REQUEST = "5f0c7a52-6a1e-4d0e-8f43-0d1b8f0f5a11"
POISON = [(b"k", None), (b"k", b""), (b"k", b"\x00\x00\x00\x00\x01junk")]


@pytest.fixture
def hub(
    stack: Settings, database: str, topic_name: str, tmp_path: Path
) -> Iterator[tuple[Rig, Settings]]:
    """A topic that a worker has stored, leaves of other kinds, and all of it published."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "secrets").symlink_to(stack.secrets_folder)
    settings = replace(stack, home=home, hub_dsn_override=database, audit_origin="hub.test/audit")
    rig = open_rig(stack, database, topic_name, tmp_path)
    try:
        rule = acls.Rule("reader", "READ", acls.TOPIC, topic_name)
        rig.administer(lambda admin: acls.create(admin, [rule]))
        writer = rig.writer()
        for partition in range(PARTITIONS):
            for turn in range(3):
                names = [(partition, turn, n) for n in range(5)]
                writer.write(partition, [income(name) for name in names])
                writer.write(partition, [income(("aborted", *names[0]))], abort=True)
            writer.write_raw(partition, POISON)
        rig.start()
        rig.until(rig.caught_up)
        with psycopg.connect(database) as connection:
            body = {"what": "needs", "who": "clinic", "request": REQUEST, "person": UUID(int=5)}
            leaves.leave(connection, "read", body)
        yield rig, settings
    finally:
        rig.close()


def income(name: object) -> dict[str, object]:
    return record(subject=person(name), meta={"id": some_id(name)})


def publish(settings: Settings) -> None:
    """Number and publish, with the component itself in the integrator's own role."""
    rig = LogRig(settings.hub_dsn, log_folder(settings), signer(settings))
    rig.number()
    stop = Flag()
    thread = Thread(target=integrator.run, args=(settings, stop))
    thread.start()
    with psycopg.connect(settings.hub_dsn) as connection:
        row = connection.execute("SELECT max(number) FROM kept.audit_leaves").fetchone()
    assert row is not None
    rig.wait_for(row[0])
    stop.set()
    thread.join(20)


def test_every_event_and_read_is_proved_to_outsiders(
    hub: tuple[Rig, Settings], outsider: Outsider, tmp_path: Path
) -> None:
    _, settings = hub
    with pytest.raises(NotOnRecordError, match="no number yet"):
        make_proof(settings, REQUEST)
    publish(settings)
    vkey = signer(settings).verifier_key
    key = Key.parse(vkey)
    questions: list[tuple[str | Path, ...]] = []
    events = [some_id((0, 0, 0)), some_id((1, 2, 4)), some_id((2, 1, 3))]
    for event in events:
        name = str(UUID(bytes=event))
        for with_record in (False, True):
            content = make_proof(settings, name, with_record=with_record)
            proved = check_proof(content, key)
            assert proved.record is not None
            assert proved.record.event == (name if with_record else None)
            file = tmp_path / f"{len(questions)}.tlog-proof"
            file.write_bytes(content)
            questions.append(("proof", vkey, file))
    read = check_proof(make_proof(settings, REQUEST), key)
    assert read.leaf.body["who"] == "clinic"
    assert read.leaf.body["person"] != str(UUID(int=5))
    assert outsider.ask(questions) == [""] * len(questions)
    assert outsider.log(vkey, log_folder(settings)) == ""


def test_each_offset_is_proved_unless_the_topic_was_changed(
    hub: tuple[Rig, Settings],
) -> None:
    rig, settings = hub
    publish(settings)
    key, proved, markers = Key.parse(signer(settings).verifier_key), 0, 0
    (last,) = rig.rows("max((body ->> 'last_offset')::bigint) FROM kept.audit_leaves")
    for offset in range(last[0] + 1):
        try:
            content = make_proof(settings, f"{rig.topic}/0/{offset}", with_record=True)
        except NotOnRecordError:
            markers += 1
        else:
            found = check_proof(content, key).record
            assert found is not None
            assert found.offset == offset
            proved += 1
    assert proved == 3 * 5 + len(POISON)
    assert markers > 3

    with psycopg.connect(rig.dsn) as connection:
        connection.execute("ALTER TABLE kept.audit_leaves DISABLE TRIGGER USER")
        connection.execute(
            "UPDATE kept.audit_leaves SET body = body || '{\"records\": 7}' WHERE kind = 'chunk'"
        )
    with pytest.raises(HubError, match="holds other records from"):
        make_proof(settings, str(UUID(bytes=some_id((0, 0, 0)))))


def test_the_commands(
    hub: tuple[Rig, Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, settings = hub
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    publish(settings)
    runner, vkey = CliRunner(), signer(settings).verifier_key
    proof, copy = tmp_path / "read.tlog-proof", tmp_path / "copy"

    def said(*arguments: str | Path) -> str:
        result = runner.invoke(app, [str(one) for one in arguments])
        assert result.exit_code == 0, result.output
        return result.output

    assert said("key").strip() == vkey
    assert "to publish   0 leaves" in said("status")
    assert '"who": "clinic"' in said("show", REQUEST)
    assert "verify and are those of the table" in said("verify")
    said("prove", REQUEST, "-o", proof)
    assert run(["proof", str(proof), "--key", vkey]) == GOOD
    said("export", copy)
    said("export", copy)
    assert check_log(copy, Key.parse(vkey)).beyond == []
    assert run(["log", str(copy), "--key", vkey]) == GOOD
    assert "GOOD: every entry and tile" in capsys.readouterr().out
    for name in (
        "999999",
        "00000000-0000-0000-0000-000000000000",
        "nonsense",
        f"{hub[0].topic}/0/9999",
    ):
        assert isinstance(runner.invoke(app, ["prove", name]).exception, NotOnRecordError)
