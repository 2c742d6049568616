"""Source topics of a test's own, a database beside them, and the relay between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import httpx
import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from ops.agency import access, kafka
from ops.agency.access import Desk
from ops.initialise import initialise, schema_ids
from ops.keystore import open_keystore
from ops.run.feed_outlet import FeedOutlet
from ops.run.feeds import open_relay
from ops.settings import Settings
from ops.stack.kafka_admin import kafka_admin
from projections import agencies
from schemas.catalogue import catalogue
from schemas.codec import Record, encode
from schemas.ids import Id
from schemas.registry import SchemaIds
from schemas.rights import Grant, load_policy
from schemas.sealing import seal
from schemas.topics import EVENTS, NEEDS
from streams.feeds.names import feed_topic, resend_topic, user
from streams.feeds.relay import FeedRelay
from streams.feeds.state import State
from tests.builders import record, some_id
from tests.integration.feeds.stated import PROGRESS, STATED, Read, Written, need
from tests.integration.feeds.stated import store as store_fact

PARTITIONS = 2
_PROCESS = Path(__file__).with_name("relay_process.py")
_PROJECT = Path(__file__).parents[3]


@dataclass
class Rig:
    """One test's world."""

    settings: Settings
    sources: Mapping[str, str]
    ids: SchemaIds
    suffix: str
    folder: Path
    made: list[str] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    closer: ExitStack = field(default_factory=ExitStack)
    _relay: FeedRelay | None = None
    _producer: Any = None
    _schemas: dict[int, Any] = field(default_factory=dict)

    # -- agencies

    def agency(self, word: str, after: str = "") -> str:
        """Let an agency in; its name is this test's own, and ends with ``after``."""
        name = f"{word}-{self.suffix}{after}"
        desk = Desk(self.settings, "test", datetime.now(UTC))
        access.add(desk, name, word, 7, lambda password: self.passwords.update({name: password}))
        self.made.append(name)
        return name

    def grant(self, agency: str, basis: str, purpose: str, **terms: Any) -> Grant:
        with closing(self.connect()) as connection:
            given: dict[str, Any] = {"now": datetime.now(UTC), "who": "test"} | terms
            return agencies.grant(connection, load_policy(), agency, basis, purpose, **given)

    def revoke(self, grant: Grant) -> None:
        with closing(self.connect()) as connection:
            agencies.revoke_grant(connection, grant.id, now=datetime.now(UTC), who="test")

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.settings.hub_dsn, autocommit=True)

    # -- sources

    def person(self, name: object) -> Id:
        return some_id(f"{self.suffix} person {name}")

    def event(self, event_type: str, who: object, name: object, **fields: Any) -> Record:
        """An event of somebody, learnt of now; blocks given as objects are sealed."""
        subject = self.person(who)
        meta = {
            "id": some_id((self.suffix, event_type, name)),
            "recorded_at": time.time_ns() // 1000,
        }
        meta |= fields.pop("meta", {})
        row = catalogue()[event_type]
        blocks = {key: fields.pop(key) for key in row.sealed if isinstance(fields.get(key), dict)}
        base = dict.fromkeys(row.sealed) | fields
        made = (
            record(event_type, subject, meta, **base)
            if event_type in STATED
            else need(row, meta, subject)
        )
        made |= base
        if not blocks:
            return made
        with closing(open_keystore(self.settings)) as keys:
            for name_, block in blocks.items():
                key = keys.keys([(subject, name_)])[subject, name_]
                made[name_] = seal(key, made["meta"]["id"], name_, block)
        return made

    def write(
        self, records: Iterable[Record], *, applied: bool = True, abort: bool = False
    ) -> list[Written]:
        """Write events in one transaction; have the hub apply them."""
        producer = self._producer or self._open_producer()
        producer.begin_transaction()
        sent = []
        for each in records:
            meta = each["meta"]
            source = EVENTS.get(meta["source"], NEEDS)
            row = catalogue()[meta["type"]]
            partition = meta["subject"][0] % PARTITIONS
            value = encode(row, self.ids.of(source, row.name), each)
            topic = self.sources[source]
            future = producer.send(topic, value=value, key=meta["subject"], partition=partition)
            sent.append((topic, partition, future, each))
        producer.flush()
        if abort:
            producer.abort_transaction()
            return []
        producer.commit_transaction()
        written = [Written(t, p, future.get(10).offset, each) for t, p, future, each in sent]
        if applied:
            self.apply(written)
        return written

    def apply(self, written: Sequence[Written], *, store: bool = True) -> None:
        """Store facts and progress as the workers do; without ``store`` progress alone."""
        with closing(self.connect()) as connection, connection.transaction():
            for each in written:
                if each.topic == self.sources[NEEDS]:
                    continue
                if store:
                    store_fact(connection, each)
                connection.execute(PROGRESS, [each.topic, each.partition, each.offset + 1])

    # -- the relay

    @property
    def relay(self) -> FeedRelay:
        if self._relay is None:
            self._relay = open_relay(
                self.settings, self.closer, sources=self.sources, principal="admin"
            )
            self._relay.wait_ms = 50
        return self._relay

    def settle(self, quiet: int = 6) -> None:
        """Have the relay send whatever there is."""
        idle = 0
        while idle < quiet:
            idle = 0 if self.relay.step() else idle + 1

    def stop_relay(self) -> None:
        self.closer.close()
        self.closer, self._relay = ExitStack(), None

    def start_process(self) -> subprocess.Popen[bytes]:
        wiring = {
            "home": str(self.settings.home),
            "cache": str(self.settings.cache),
            "port_base": self.settings.port_base,
            "hub_dsn": self.settings.hub_dsn,
            "sources": self.sources,
        }
        with (self.folder / "relay.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(_PROCESS), json.dumps(wiring)],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(_PROJECT)},
            )

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    # -- a subscriber

    def read(self, agency: str, *, again: bool = False) -> list[Read]:
        """Read a whole feed as its agency does, committed records only."""
        topic = resend_topic(agency) if again else feed_topic(agency)
        config = self.client(agency)
        consumer = KafkaConsumer(
            **config, isolation_level="read_committed", enable_auto_commit=False
        )
        found: list[Read] = []
        with closing(consumer):
            place = TopicPartition(topic, 0)
            consumer.assign([place])
            end = consumer.end_offsets([place])[place]
            consumer.seek_to_beginning(place)
            while consumer.position(place) < end:
                for records in consumer.poll(200).values():
                    found += [self._decoded(each) for each in records]
        return found

    def client(self, agency: str) -> dict[str, Any]:
        return self.settings.kafka("admin") | {
            "sasl_plain_username": user(agency),
            "sasl_plain_password": self.passwords[agency],
        }

    def _decoded(self, each: Any) -> Read:
        number = int.from_bytes(each.value[1:5], "big")
        if number not in self._schemas:
            answer = httpx.get(f"{self.settings.registry_url}/schemas/ids/{number}", timeout=60)
            self._schemas[number] = fastavro.parse_schema(json.loads(answer.json()["schema"]))
        schema = self._schemas[number]
        value = fastavro.schemaless_reader(BytesIO(each.value[5:]), schema, None)
        headers = {name: text.decode() for name, text in each.headers}
        assert isinstance(value, dict)
        return Read(each.offset, each.key, headers, schema["name"].rpartition(".")[2], value)

    def rows(self, select: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection:
            return connection.execute(f"SELECT {select}".encode(), parameters).fetchall()

    def until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "waited long enough"
            time.sleep(0.05)

    def renew_producer(self) -> None:
        """Write with a new producer: the old one speaks to a server that was killed."""
        self._producer.close(timeout=1)
        self._open_producer()

    def _open_producer(self) -> Any:
        self._producer = KafkaProducer(
            **self.settings.kafka("admin"), transactional_id=f"writer-{self.suffix}", acks="all"
        )
        self._producer.init_transactions()
        return self._producer

    def close(self) -> None:
        self.stop_relay()
        if self._producer is not None:
            self._producer.close(timeout=2)
        with kafka_admin(self.settings.kafka("admin")) as client:
            for name in self.made:
                kafka.lock_out(client, name)
            feeds = [topic(n) for n in self.made for topic in (feed_topic, resend_topic)]
            client.delete_topics([*self.sources.values(), *feeds])


def open_rig(stack: Settings, dsn: str, suffix: str, folder: Path) -> Rig:
    """Return a world in which nothing has happened."""
    settings = replace(stack, hub_dsn_override=dsn)
    ids = _ready(settings)
    sources = {name: f"test-{suffix}-{name}" for name in (*EVENTS.values(), NEEDS)}
    admin = KafkaAdminClient(**stack.kafka("admin"))
    admin.create_topics(
        [NewTopic(name, PARTITIONS, 1) for name in sources.values()], wait_for_metadata=True
    )
    admin.close()
    with closing(FeedOutlet(stack.kafka("admin"), ids)) as outlet:
        before = outlet.open()
        outlet.publish({}, State(before.steps + 1), 0)  # what other tests left counts no more
    return Rig(settings, sources, ids, suffix, folder)


_initialised: set[Path] = set()


def _ready(settings: Settings) -> SchemaIds:
    if settings.home in _initialised:
        from projections.migrations import migrate  # noqa: PLC0415

        migrate(settings.hub_dsn)
        return schema_ids(settings)
    _initialised.add(settings.home)
    return initialise(settings)
