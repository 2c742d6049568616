"""Nobody gets in without a password, nothing listens that should not, and no secret shows."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from confluent_kafka import KafkaError, KafkaException  # type: ignore[import-untyped]
from confluent_kafka.admin import AdminClient  # type: ignore[import-untyped]
from psycopg.conninfo import make_conninfo

from ops.secret_files import DATABASE_ROLES, SECRET_NAMES, database_password
from ops.settings import DATABASES, PORT_OFFSETS, Settings
from ops.stack.record import Record
from ops.stack.stack import SERVERS, Stack

_LISTENS: Final = "0A"  # TCP_LISTEN in /proc/net/tcp
_ADDRESS_DIGITS: Final = 8
_REFUSED: Final = r"no password|authentication failed"
_METADATA: Final = 3  # the key of a request that needs a principal


def as_librdkafka(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same client, for a library that says why it was refused."""
    return {
        "bootstrap.servers": config["bootstrap_servers"],
        "security.protocol": config["security_protocol"],
        "sasl.mechanism": config["sasl_mechanism"],
        "sasl.username": config["sasl_plain_username"],
        "sasl.password": config["sasl_plain_password"],
    }


def refusals(config: Mapping[str, Any]) -> set[int]:
    """Return the codes of what a client meets; empty when it is let in."""
    met: list[int] = []
    client = AdminClient({**config, "error_cb": lambda error: met.append(error.code())})
    deadline = time.monotonic() + 20
    while not met and time.monotonic() < deadline:
        try:
            client.list_topics(timeout=0.5)
        except KafkaException:
            client.poll(0.1)
        else:
            return set()
    return set(met)


def test_kafka_lets_in_whoever_has_the_password(stack: Settings) -> None:
    assert refusals(as_librdkafka(stack.kafka("worker"))) == set()


@pytest.mark.parametrize(
    "changed",
    [
        {"sasl.password": "wrong"},
        {"sasl.username": "stranger"},
        {"sasl.username": "admin"},
        {"sasl.mechanism": "PLAIN"},
        {"sasl.mechanism": "PLAIN", "sasl.username": "broker"},
        {"sasl.mechanism": "SCRAM-SHA-256"},
    ],
    ids=lambda changed: ",".join(changed.values()),
)
def test_kafka_refuses_another(stack: Settings, changed: dict[str, str]) -> None:
    config = as_librdkafka(stack.kafka("worker")) | changed

    assert refusals(config) & {KafkaError._AUTHENTICATION}


@pytest.mark.parametrize("server", ["kafka", "kafka_controller"])
def test_kafka_refuses_whoever_says_no_name(stack: Settings, server: str) -> None:
    with socket.create_connection(("127.0.0.1", stack.port(server)), timeout=20) as plain:
        plain.sendall(struct.pack(">ihhihi", 14, _METADATA, 1, 7, -1, -1))

        assert plain.recv(1) == b"", "it hung up"


def test_the_controller_knows_the_broker_only(stack: Settings) -> None:
    config = as_librdkafka(stack.kafka("admin"))
    place = {"bootstrap.servers": f"127.0.0.1:{stack.port('kafka_controller')}"}

    assert refusals(config | place)
    assert refusals(config | place | {"sasl.mechanism": "PLAIN"})


@pytest.mark.parametrize("database", [*DATABASES, "postgres", "template1"])
def test_postgresql_wants_a_password(stack: Settings, database: str) -> None:
    for role in DATABASE_ROLES:
        for given in ({}, {"password": "wrong"}):
            dsn = make_conninfo(stack.dsn(database, role), passfile="/dev/null", **given)
            with pytest.raises(psycopg.OperationalError, match=_REFUSED):
                psycopg.connect(dsn)


def test_a_replication_connection_wants_one_too(stack: Settings) -> None:
    dsn = make_conninfo(stack.civil_source_dsn, passfile="/dev/null", replication="database")
    with pytest.raises(psycopg.OperationalError, match="no password"):
        psycopg.connect(dsn)


def test_each_role_reaches_its_own_databases_only(stack: Settings) -> None:
    reached = {role: {name for name in DATABASES if can_connect(stack.dsn(name, role))}
               for role in DATABASE_ROLES}  # fmt: skip

    assert reached == {
        "hub": set(DATABASES),
        "hub_pipeline": {"hub", "hub_keys"},
        "hub_api": {"hub", "hub_keys"},
        "hub_audit": {"hub"},
        "registry": {"hub", "registry"},
        "civil_connector": {"hub", "civil"},
    }


def test_only_the_owner_may_do_everything(stack: Settings) -> None:
    with psycopg.connect(stack.hub_dsn) as connection:
        rows = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
            "   AND (rolsuper OR rolcreaterole OR rolcreatedb)",
            [list(DATABASE_ROLES)],
        ).fetchall()
        methods = connection.execute(
            "SELECT DISTINCT auth_method FROM pg_hba_file_rules"
        ).fetchall()

    assert rows == [("hub",)]
    assert methods == [("scram-sha-256",)]


def test_only_declared_ports_listen_and_only_on_loopback(stack: Settings) -> None:
    declared = {stack.port(name) for name in PORT_OFFSETS}
    records = [Record.read(path) for path in Stack(stack).run_folder.glob("*.json")]
    pids = [record.pid for record in records if record is not None and record.is_alive()]

    listening = [place for pid in pids for place in listens(pid)]

    assert {port for _, port in listening} <= declared
    assert {port for _, port in listening} >= {
        stack.port(port) for server in SERVERS.values() for port in server.ports
    }
    assert all(address.is_loopback for address, _ in listening)


def test_no_secret_shows_outside_its_file(stack: Settings) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "ops.cli", "status", "-o", "json"],
        env=os.environ | stack.as_environment(),
        capture_output=True,
        check=False,
    )
    assert b'"kafka"' in told.stdout
    canaries = secrets_of(stack)
    assert len(canaries) > len(SECRET_NAMES)
    shown = [told.stdout, told.stderr, repr(stack).encode(), repr(stack.secrets).encode()]
    for pid in Path("/proc").glob("[0-9]*"):
        shown += [read(pid / "cmdline"), read(pid / "environ")]
    for folder in ("logs", "run"):
        shown += [read(path) for path in (stack.home / folder).glob("*")]

    assert not [canary for canary in canaries for text in shown if canary in text]


def test_files_with_passwords_are_private(stack: Settings) -> None:
    canaries = secrets_of(stack)
    holders = {
        path
        for path in stack.home.rglob("*")
        if path.is_file() and "data" not in path.parts and any(c in read(path) for c in canaries)
    }

    assert {path.name for path in holders} >= {"server.properties", "application.properties"}
    assert {path.stat().st_mode & 0o077 for path in holders} == {0}


def secrets_of(stack: Settings) -> set[bytes]:
    folder = stack.secrets_folder
    files = [path for path in folder.iterdir() if path.is_file() and path.name != "pgpass"]
    passwords = {database_password(folder, role).encode() for role in DATABASE_ROLES}
    return passwords | {path.read_bytes().strip() for path in files}


def can_connect(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError as error:
        assert "permission denied for database" in str(error)  # noqa: PT017
        return False
    return True


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def listens(pid: int) -> Iterator[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]]:
    """Where a process listens."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            inodes.add(handle.readlink().name.removeprefix("socket:[").removesuffix("]"))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENS and fields[9] in inodes:
                address, port = fields[1].split(":")
                yield parsed(address), int(port, 16)


def parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The kernel prints words of four bytes in the machine's order."""
    words = [bytes.fromhex(text[i : i + _ADDRESS_DIGITS])[::-1] for i in range(0, len(text), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
