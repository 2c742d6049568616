"""Passwords are changed by removing their files; a home of before passwords is taken over."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import psycopg
import pytest
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError
from psycopg.conninfo import make_conninfo

from ops.secret_files import ADMIN, PASSFILE
from ops.settings import Settings
from ops.stack.stack import Stack

_TOPIC = "kept"


def test_new_passwords_hold_old_ones_do_not_and_nothing_else_changes(
    own_stack: Settings, tmp_path: Path
) -> None:
    stack, folder = Stack(own_stack), own_stack.secrets_folder
    stack.up()
    admin = KafkaAdminClient(**own_stack.kafka(ADMIN))
    admin.create_topics([NewTopic(_TOPIC, 1, 1)], wait_for_metadata=True)
    admin.close()
    with psycopg.connect(own_stack.hub_dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    before = own_stack.kafka("reader")
    old = shutil.copy(folder / PASSFILE, tmp_path / "old")
    keys = {path: path.read_bytes() for path in folder.glob("*_key")}
    stack.down()
    for path in (*folder.glob("kafka_*"), folder / PASSFILE):
        path.unlink()
    access = own_stack.home / "postgres" / "data" / "pg_hba.conf"
    access.write_text("host all all 127.0.0.1/32 trust\n", "ascii")  # as it was before passwords

    stack.up()

    after = own_stack.kafka("reader")
    assert after["sasl_plain_password"] != before["sasl_plain_password"]
    with pytest.raises(KafkaError):
        KafkaAdminClient(**before, bootstrap_timeout_ms=3000, request_timeout_ms=3000)
    consumer = KafkaConsumer(**own_stack.kafka(ADMIN))
    assert _TOPIC in consumer.topics()
    consumer.close()
    with psycopg.connect(own_stack.hub_dsn) as connection:
        assert connection.execute("SELECT one FROM kept").fetchall() == [(1,)]
    for passfile in (str(old), "/dev/null"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(make_conninfo(own_stack.hub_dsn, passfile=passfile))
    assert httpx.get(f"{own_stack.registry_url}/subjects", timeout=20).json() == []
    assert {path: path.read_bytes() for path in keys} == keys
