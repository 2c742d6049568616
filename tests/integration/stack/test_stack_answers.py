"""A started stack serves what the hub needs of it."""

from __future__ import annotations

import httpx
import psycopg
from kafka.admin import KafkaAdminClient, NewTopic

from ops.settings import DATABASES, Settings


def test_the_broker_creates_a_topic(stack: Settings, topic_name: str) -> None:
    admin = KafkaAdminClient(**stack.kafka("admin"))

    admin.create_topics([NewTopic(topic_name, 2, 1)])

    try:
        assert topic_name in admin.list_topics()
    finally:
        admin.delete_topics([topic_name])
        admin.close()


def test_the_registry_of_schemas_keeps_a_schema(stack: Settings, topic_name: str) -> None:
    url = f"{stack.registry_url}/subjects/{topic_name}/versions"

    answer = httpx.post(url, json={"schema": '{"type": "string"}'}, timeout=60)

    assert answer.status_code == 200
    latest = f"{stack.registry_url}/subjects/{topic_name}/versions/latest"
    assert httpx.get(latest, timeout=60).is_success


def test_postgresql_can_feed_logical_replication(database: str, stack: Settings) -> None:
    with psycopg.connect(database) as connection:
        level = connection.execute("SHOW wal_level").fetchone()
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
        version = connection.execute("SHOW server_version").fetchone()

    assert level == ("logical",)
    assert {str(row[0]) for row in names} >= set(DATABASES)
    assert version == ("18.6",)
