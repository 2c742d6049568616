"""Look for people in places where nobody may find one.

Takes national numbers and names that the civil registry holds and searches, byte by byte, what the
hub has written: every record of every topic (key, value, headers), every row of the hub's database,
every log and every note on processes. The registries' own stores are not ours to search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from kafka import KafkaConsumer, TopicPartition
from psycopg import sql

from ops.settings import Settings
from schemas.topics import TOPICS

_WORD = re.compile(rb"[0-9A-Za-z\x80-\xff]{7,}")  # shorter names are also ordinary words


def leaks(settings: Settings) -> list[str]:
    """Return every place where a person was found; the person is not named."""
    secret = tokens(settings)
    assert secret, "the civil registry holds nobody"
    return [
        place for place, text in written(settings) if not secret.isdisjoint(_WORD.findall(text))
    ]


def tokens(settings: Settings) -> set[bytes]:
    """Return the words that must not be found: national numbers, and names of seven bytes on."""
    with psycopg.connect(settings.civil_dsn) as connection:
        rows = connection.execute("SELECT pinfl, surname, patronymic FROM civil.person").fetchall()
    return {
        word for row in rows for value in row if value for word in _WORD.findall(value.encode())
    }


def written(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Yield everything that the hub wrote, with its place."""
    yield from _topics(settings)
    yield from _rows(settings)
    for folder in ("logs", "run"):
        for path in sorted((settings.home / folder).rglob("*")):
            if path.is_file():
                yield f"file {path.name}", path.read_bytes()


def _topics(settings: Settings) -> Iterator[tuple[str, bytes]]:
    consumer = KafkaConsumer(**settings.kafka("admin"), group_id=None, enable_auto_commit=False)
    try:
        places = [
            TopicPartition(topic.name, number)
            for topic in TOPICS
            for number in consumer.partitions_for_topic(topic.name) or ()
        ]
        for place, record in topics_of(consumer, places):
            headers = b"\0".join(value for _, value in record.headers)
            yield place, b"\0".join((record.key or b"", record.value or b"", headers))
    finally:
        consumer.close()


def topics_of(
    consumer: KafkaConsumer, places: Sequence[TopicPartition]
) -> Iterator[tuple[str, Any]]:
    """Yield every record that stands in ``places`` now, with its place."""
    if not places:
        return
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    while any(consumer.position(place) < ends[place] for place in places):
        for place, records in consumer.poll(timeout_ms=500).items():
            for record in records:
                yield f"{place.topic}/{place.partition}/{record.offset}", record


def _rows(settings: Settings) -> Iterator[tuple[str, bytes]]:
    with psycopg.connect(settings.hub_dsn) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('live', 'kept')"
        ).fetchall()
        for schema, table in tables:
            query = sql.SQL("COPY {}.{} TO STDOUT (FORMAT BINARY)").format(
                sql.Identifier(schema), sql.Identifier(table)
            )
            with connection.cursor() as cursor, cursor.copy(query) as rows:
                for number, row in enumerate(rows):
                    yield f"{schema}.{table} row {number}", bytes(row)
