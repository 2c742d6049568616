"""Quix Streams with its own PostgreSQL sink: at least once, repeats left out by the primary key.

A batch is what lies between two checkpoints (``commit_every``; else one is made every five seconds,
as by default). Decoding is fastavro in the
mapping, which is faster than Quix's own Avro deserializer with a schema registry.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any, Final

from psycopg.conninfo import conninfo_to_dict
from psycopg2.extensions import AsIs
from quixstreams import Application, message_context
from quixstreams.kafka import ConnectionConfig
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from ops.bench.job import Job
from ops.bench.peers.mapping import COLUMNS, event_types, rows_of
from ops.run.garbage import collect_rarely
from ops.secret_files import database_password
from ops.settings import Settings

# The sink drops None and takes a batch's columns from its first row: a None there would silently
# leave that column out of the whole batch. A value that is NULL only in SQL keeps every column.
_NULL: Final = AsIs("NULL")


def main(path: str) -> None:
    """Run until stopped."""
    job = Job.read(path)
    settings = Settings.from_environment()
    place = {name: str(value) for name, value in conninfo_to_dict(job.dsn).items()}
    types = event_types(job.types)
    names = tuple(COLUMNS)

    def to_rows(value: bytes) -> list[dict[str, Any]]:
        job.started()
        place = message_context()
        rows = rows_of(value, types, place.topic, place.partition, place.offset)
        return [
            {name: _NULL if cell is None else cell for name, cell in zip(names, row, strict=True)}
            for row in rows
        ]

    with tempfile.TemporaryDirectory(prefix="hub-bench-quix-") as state:
        app = Application(
            broker_address=_kafka(settings),
            consumer_group=job.group,
            auto_offset_reset="earliest",
            commit_every=job.batch,
            auto_create_topics=False,
            use_changelog_topics=False,
            state_dir=state,
            loglevel="WARNING",
        )
        sink = PostgreSQLSink(
            host=place["host"],
            port=int(place["port"]),
            dbname=place["dbname"],
            user=place["user"],
            password=database_password(settings.secrets_folder, place["user"]),
            schema_name="live",
            table_name="facts",
            schema_auto_update=False,
            on_conflict_do_nothing=True,
            include_metadata=False,
        )
        topic = app.topic(job.topic, value_deserializer="bytes", key_deserializer="bytes")
        app.dataframe(topic).apply(to_rows, expand=True).sink(sink)
        collect_rarely()
        app.run()


def _kafka(settings: Settings) -> ConnectionConfig:
    """Return the same place and principal as librdkafka names them."""
    config = settings.kafka("admin")
    return ConnectionConfig(
        bootstrap_servers=config["bootstrap_servers"],
        security_protocol=config["security_protocol"],
        sasl_mechanism=config["sasl_mechanism"],
        sasl_username=config["sasl_plain_username"],
        sasl_password=config["sasl_plain_password"],
    )


if __name__ == "__main__":
    main(sys.argv[1])
