"""The readers of ``hub verify`` against a real Kafka and a real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from ops.settings import Settings
from ops.verify.civil import civil_pending, read_civil
from ops.verify.database import database_pending, read_tables
from ops.verify.ids import raw
from ops.verify.kafka import _records
from ops.verify.seals import NotOpenedError, read_keys
from ops.verify.values import NeedRow, Place, Replacement, Topics
from schemas.errors import PermanentError

ROOT = Path(__file__).parents[3]
ONE = "00000000-0000-8000-8000-000000000001"
TWO = "00000000-0000-8000-8000-000000000002"
SLOT = "verify_test"


def produce(settings: Settings, topic: str, *transactions: tuple[list[bytes], bool]) -> None:
    producer = KafkaProducer(**settings.kafka("admin"), transactional_id=topic, acks="all")
    producer.init_transactions()
    for values, commits in transactions:
        producer.begin_transaction()
        for number, value in enumerate(values):
            producer.send(topic, value, key=b"k", partition=number % 2, headers=[("h", b"1")])
        producer.flush()
        if commits:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    producer.close()


def read(settings: Settings, topic: str) -> tuple[list[Any], Topics]:
    found = Topics()
    return list(_records(settings.kafka("admin"), (topic,), found)), found


def create(settings: Settings, topic: str) -> None:
    admin = KafkaAdminClient(**settings.kafka("admin"))
    try:
        admin.create_topics([NewTopic(topic, 2, 1)])
    finally:
        admin.close()


def test_only_committed_records_are_read_and_markers_at_the_end_do_not_stop_it(
    stack: Settings, topic_name: str
) -> None:
    create(stack, topic_name)
    good = [b"%d" % number for number in range(500)]
    produce(stack, topic_name, (good, True), ([b"aborted"] * 4, False), ([b"last"], True))

    records, found = read(stack, topic_name)

    assert sorted(record.value for record in records) == sorted([*good, b"last"])
    assert found.partitions == {topic_name: 2}
    assert records[0].headers == [("h", b"1")]


def test_a_topic_of_aborted_records_only_and_one_that_does_not_exist_are_empty(
    stack: Settings, topic_name: str
) -> None:
    create(stack, topic_name)
    produce(stack, topic_name, ([b"aborted"] * 4, False))

    assert read(stack, topic_name)[0] == []
    assert read(stack, f"{topic_name}-none")[0] == []


@pytest.fixture
def hub(database: str) -> str:
    with psycopg.connect(database) as connection:
        for path in sorted((ROOT / "projections" / "sql").glob("*.sql")):
            connection.execute(path.read_bytes())
    return database


def test_the_tables_are_read_as_values(hub: str) -> None:
    with psycopg.connect(hub) as connection:
        connection.execute(
            """
            INSERT INTO live.facts VALUES
                (%(e)s, 0, %(p)s, 'residence', '{"kind": "home", "district": "1"}', '\\x01',
                 'contact', '2020-01-01', NULL, '2026-01-01T00:00:00.000001Z', %(p)s, 1,
                 'CREATED', '\\xff', 'registry.civil.events.v1', 2, 7),
                (%(e)s, 1, %(p)s, 'death', '{}', NULL, NULL, '2020-01-01', NULL,
                 '2026-01-01Z', %(p)s, 1, 'CREATED', '\\xff', 'registry.civil.events.v1', 2, 7)
            """,
            {"e": ONE, "p": TWO},
        )
        connection.execute("INSERT INTO live.causes (person, event_id) VALUES (%s, %s)", (ONE, TWO))
        connection.execute("INSERT INTO kept.outbox (kind, body) VALUES ('need', '')")

    tables = read_tables(hub)

    first, second = sorted(tables.facts, key=lambda row: row.fact.kind, reverse=True)
    assert first.fact.value == b'{"district":"1","kind":"home"}'
    assert (first.fact.sealed, first.fact.valid_from, first.fact.valid_to) == (
        b"\x01",
        "2020-01-01",
        None,
    )
    assert second.fact.valid_from is None  # the contract dates only some kinds
    moment = datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)
    assert first.known_from == round(moment.timestamp() * 1_000_000)
    assert (first.digest, first.place) == ("ff", Place("registry.civil.events.v1", 2, 7))
    assert len(database_pending(hub, 0, 0)) == 3
    assert len(database_pending(hub, None, None)) == 2


def test_needs_replacements_and_decisions_are_read_as_they_stand(hub: str) -> None:
    with psycopg.connect(hub) as connection:
        connection.execute(
            """
            INSERT INTO live.needs (need, version, person, household, kind, status, since,
                review_on, urgency, amount_minor, rule, evidence, reason, reason_digest, event_id,
                assessed_on)
            VALUES (%(a)s, 2, %(b)s, %(a)s, 'infant_care', 'changed', '2026-01-02', NULL,
                'normal', 50000000, 'r', ARRAY[%(a)s]::uuid[], '', '', %(b)s, '2026-01-03')
            """,
            {"a": ONE, "b": TWO},
        )
        connection.execute(
            "INSERT INTO live.replacements VALUES (%s, %s, '1970-01-01T00:00:01Z')", (ONE, TWO)
        )
        connection.execute("INSERT INTO kept.outbox (kind, body) VALUES ('operator', '')")

    tables = read_tables(hub)

    assert tables.needs == [
        NeedRow(
            *(ONE, 2, TWO, ONE, "infant_care", "changed", 50_000_000, (ONE,), TWO),
            since="2026-01-02",
            review_on=None,
            urgency="normal",
        )
    ]
    assert tables.replacements == [Replacement(ONE, TWO, 1_000_000)]
    assert tables.decisions == 1
    assert database_pending(hub, 0, 0, 1) == ["1 rows of the outbox wait for the sequencer"]
    assert "1 decisions wait in the outbox" in database_pending(hub, 0, 0, 0)


def test_keys_are_unwrapped_and_a_wrong_epoch_key_is_said(database: str, tmp_path: Path) -> None:
    key, wrapping, nonce = bytes(32), bytes([7]) * 32, bytes(12)
    (tmp_path / "3").write_text(wrapping.hex())
    wrapped = nonce + AESGCM(wrapping).encrypt(nonce, key, raw(ONE) + b"health")
    with psycopg.connect(database) as connection:
        connection.execute(
            "CREATE TABLE sealing_keys "
            "(owner uuid, class text, state text, wrapped bytea, epoch integer DEFAULT 3)"
        )
        connection.execute(
            "INSERT INTO sealing_keys VALUES (%s, 'health', 'active', %s)", (ONE, wrapped)
        )
        connection.execute("INSERT INTO sealing_keys VALUES (%s, 'health', 'erased', NULL)", (TWO,))

    keys = read_keys(database, tmp_path)

    assert keys.cipher(ONE, "health") is not None
    assert keys.is_erased(TWO, "health")
    with pytest.raises(NotOpenedError, match="cannot be unwrapped"):
        read_keys(database, _another(tmp_path, bytes(32)))
    with pytest.raises(NotOpenedError, match="cannot be read"):
        read_keys(database, tmp_path / "nothing")


def _another(folder: Path, key: bytes) -> Path:
    (folder / "3").write_text(key.hex())
    return folder


@pytest.fixture
def civil(database: str) -> str:
    with psycopg.connect(database) as connection:
        connection.execute((ROOT / "ops" / "simulator" / "civil.sql").read_bytes())
    return database


def test_every_row_and_the_revisions_before_it_are_counted(civil: str) -> None:
    with psycopg.connect(civil) as connection:
        connection.execute("INSERT INTO civil.death (record_id, revision) VALUES ('d1', 3)")

    source = read_civil(civil)

    assert source.stated == {"death/d1/3"}
    assert source.superseded == {"death/d1/1", "death/d1/2"}


def test_a_database_that_is_no_registry_is_refused(database: str) -> None:
    with pytest.raises(PermanentError, match=r"civil\.person"):
        read_civil(database)


def test_what_waits_in_the_slot_of_a_stopped_connector_is_pending(civil: str) -> None:
    assert civil_pending(civil, None)[0] == "civil: the connector has made no replication slot yet"
    with psycopg.connect(civil, autocommit=True) as connection:
        connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (SLOT,))
        try:
            connection.execute("SELECT pg_logical_emit_message(false, 'heartbeat', '')")
            assert civil_pending(civil, None)[0] is None

            connection.execute("INSERT INTO civil.death (record_id, revision) VALUES ('d2', 1)")

            waits, _ = civil_pending(civil, None)
            assert waits is not None
            assert "no connector runs" in waits
        finally:
            connection.execute("SELECT pg_drop_replication_slot(%s)", (SLOT,))
