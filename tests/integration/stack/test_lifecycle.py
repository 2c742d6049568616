"""What was started is adopted or stopped, whoever is killed; strangers are left alone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from ops.run import components
from ops.run.components import launch_of
from ops.settings import Settings
from ops.stack.record import Record, start_ticks
from ops.stack.stack import SERVERS, SUPERVISOR, PortTakenError, Stack, launch
from ops.stack.status import component_rows, exit_code, server_rows
from schemas.errors import PermanentError

pytestmark = pytest.mark.long


def command_of(pid: int) -> list[str]:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    return [os.fsdecode(word) for word in words]


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def hub(settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "ops.cli", *arguments],
        env={**os.environ, **settings.as_environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def sleeper(stack: Stack, name: str = "sleeper") -> Record:
    stack.run_folder.mkdir(exist_ok=True)
    (stack.settings.home / "logs").mkdir(exist_ok=True)
    program = [sys.executable, "-c", "import time; time.sleep(600)"]
    launch(launch_of(stack, name, program))
    record = stack.record(name)
    assert record is not None
    return record


@contextmanager
def listener(port: int) -> Iterator[None]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        yield


def test_a_killed_up_is_carried_on_by_the_next_and_stopped_by_down(own_stack: Settings) -> None:
    stack = Stack(own_stack)
    with hub(own_stack, "up") as first:
        eventually(lambda: stack.record("kafka") is not None)
        first.kill()
    records = {name: stack.record(name) for name in SERVERS}
    early = {name: record.pid for name, record in records.items() if record}
    assert set(early) >= {"postgres", "kafka"}

    with hub(own_stack, "up") as second:
        output, _ = second.communicate(timeout=180)

    assert second.returncode == 0, output
    now = {name: stack.record(name) for name in SERVERS}
    assert all(now.values())
    for name, pid in early.items():
        record = now[name]
        assert record is not None
        assert record.pid == pid
    with hub(own_stack, "down") as third:
        third.communicate(timeout=120)
    assert third.returncode == 0
    assert not any(record.is_alive() for record in now.values() if record)
    assert stack.recorded() == []


def test_down_leaves_a_stranger_with_a_recorded_pid_alone(free_settings: Settings) -> None:
    stack = Stack(free_settings)
    record = sleeper(stack)
    replace(record, start_ticks=record.start_ticks - 1).write(stack.record_path("kafka"))

    stack.stop("kafka")
    replace(record, start_ticks=record.start_ticks - 1).send(signal.SIGKILL)
    replace(record, boot="another").send(signal.SIGKILL)

    assert not record.wait_gone(0.3)
    stack.down()
    assert not record.is_alive()


def test_down_twice_and_before_any_up_is_fine(free_settings: Settings) -> None:
    stack = Stack(free_settings)

    stack.down()
    record = sleeper(stack)
    stack.down()
    stack.down()

    assert not record.is_alive()
    assert stack.recorded() == []


def test_a_record_names_the_process_that_runs(free_settings: Settings) -> None:
    stack = Stack(free_settings)

    record = sleeper(stack)

    # The record is written by the very process that then becomes the server.
    eventually(lambda: command_of(record.pid) == record.command)
    assert start_ticks(record.pid) == record.start_ticks
    assert os.getsid(record.pid) == record.pid


def test_a_program_that_is_absent_is_recorded_and_reads_as_dead(free_settings: Settings) -> None:
    stack = Stack(free_settings)
    sleeper(stack)
    stack.down()

    launch(launch_of(stack, "absent", ["/no/such/program"]))

    eventually(lambda: stack.record("absent") is None)
    assert "absent" in stack.recorded()
    assert "No such file" in stack.log_path("absent").read_text()


def test_a_taken_port_is_refused_by_number_and_setting(own_stack: Settings) -> None:
    with listener(own_stack.port("postgres")), pytest.raises(PortTakenError) as caught:
        Stack(own_stack).up()

    assert str(own_stack.port("postgres")) in str(caught.value)
    assert "HUB_PORT_BASE" in str(caught.value)
    assert Stack(own_stack).recorded() == []


def test_another_port_than_the_running_one_is_refused(free_settings: Settings) -> None:
    stack = Stack(free_settings)
    record = sleeper(stack)
    running_on = free_settings.port("postgres") + 100
    replace(record, name="postgres", port=running_on).write(stack.record_path("postgres"))

    with pytest.raises(PermanentError, match=f"HUB_PORT_BASE={free_settings.port_base + 100}"):
        stack.start("postgres")


def test_two_at_once_take_turns(free_settings: Settings) -> None:
    stack = Stack(free_settings)
    stack.run_folder.mkdir()

    with stack.locked(), hub(free_settings, "down") as waiting:
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=2)
        waiting.kill()


def test_each_server_comes_back_with_its_data_after_a_kill(servers: Stack, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")

    for name in ("postgres", "kafka", "registry"):
        servers.kill(name)
        assert servers.record(name) is None
        assert exit_code(server_rows(servers.settings)) == 3
        servers.start(name)

    assert exit_code(server_rows(servers.settings)) == 0
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_server_that_cannot_start_shows_the_end_of_its_log(own_stack: Settings) -> None:
    stack = Stack(own_stack)
    stack.up()
    stack.stop("postgres")
    (own_stack.home / "postgres" / "data" / "PG_VERSION").write_text("9.6\n")

    with pytest.raises(PermanentError, match=r"postgres ended at once[\s\S]*incompatible"):
        stack.start("postgres")


def test_components_of_a_killed_supervisor_are_adopted(free_settings: Settings) -> None:
    """The components here lack servers and end soon; one stand-in lives on."""
    stack = Stack(free_settings)
    stand_in = sleeper(stack, "worker-1")
    components.start(stack, 1, lambda _: None)
    eventually(lambda: bool(components.read_states(free_settings)))
    supervisor = stack.record(SUPERVISOR)
    assert supervisor is not None

    supervisor.send(signal.SIGKILL)
    supervisor.wait_gone(10)
    components.start(stack, 1, lambda _: None)

    eventually(lambda: components.read_states(free_settings)["worker-1"]["pid"] == stand_in.pid)
    assert stand_in.is_alive()
    stack.down()
    assert not stand_in.is_alive()
    assert stack.recorded() == []


def test_an_ended_component_is_started_again_and_reported(free_settings: Settings) -> None:
    stack = Stack(free_settings)
    stand_in = sleeper(stack, "worker-1")
    components.start(stack, 1, lambda _: None)
    eventually(lambda: "worker-1" in components.read_states(free_settings))

    stand_in.send(signal.SIGKILL)

    eventually(lambda: components.read_states(free_settings)["worker-1"]["restarts"] == 1)
    rows = {row.name: row for row in component_rows(free_settings)}
    assert rows[SUPERVISOR].well
    assert "killed" in rows["worker-1"].last_error


def test_status_prints_json(stack: Settings) -> None:
    with hub(stack, "status", "-o", "json") as process:
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    rows = {row["name"]: row for row in json.loads(output)["processes"]}
    assert {rows[name]["health"] for name in SERVERS} == {"answers"}
    assert sum(row["memory_mib"] for row in rows.values()) < 1500


def test_nothing_listens_beyond_loopback(stack: Settings) -> None:
    ours = {stack.port(port) for server in SERVERS.values() for port in server.ports}
    listening: dict[int, set[str]] = {}
    for table, local in (("tcp", "0100007F"), ("tcp6", "0000000000000000FFFF00000100007F")):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            place, _, port = address.partition(":")
            if state == "0A" and int(port, 16) in ours:
                listening.setdefault(int(port, 16), set()).add("local" if place == local else place)

    assert set(listening) == ours
    assert {place for places in listening.values() for place in places} == {"local"}
