"""A feed as the hub writes it, by hand: transactions, aborted ones, gaps, resends, an end."""

from __future__ import annotations

import configparser
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import httpx
from kafka import KafkaProducer

from ops.agency import kafka
from ops.settings import Settings
from ops.stack.kafka import java
from ops.stack.kafka_admin import kafka_admin
from schemas.catalogue import EventType
from streams.feeds import cutting
from streams.feeds.names import feed_topic, resend_topic, schema_subject, user
from streams.feeds.pseudonyms import Pseudonyms
from streams.feeds.shapes import ended, shape, withheld

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
PATIENCE_SECONDS = 240.0  # the console consumer starts Java three times
PASSWORD = "a-password-that-nobody-prints"
SUBSCRIBERS = {
    "kafka-python": [sys.executable, str(EXAMPLES / "subscriber_kafka_python.py")],
    "confluent-kafka": [sys.executable, str(EXAMPLES / "subscriber_confluent.py")],
    "console consumer": ["bash", str(EXAMPLES / "subscriber_console.sh")],
}
_TYPE = "tax.income_reported"
_FIELDS = frozenset({f"{_TYPE}.gross_minor", f"{_TYPE}.month", f"{_TYPE}.identity"})


class Feeding:
    """The hub's side of one agency's feed."""

    def __init__(self, settings: Settings, agency: str) -> None:
        self.settings, self.agency = settings, agency
        with kafka_admin(settings.kafka("admin")) as admin:
            kafka.make_topics(admin, agency)
            kafka.allow(admin, agency)
            kafka.set_password(admin, agency, PASSWORD)
        self._names = Pseudonyms(bytes(32), agency)
        self._shape = shape(agency, _TYPE, _FIELDS)
        self._ids: dict[tuple[str, str], int] = {}
        self._producer = KafkaProducer(
            **settings.kafka("admin"), transactional_id=f"test-{agency}", acks="all"
        )
        self._producer.init_transactions()

    def close(self) -> None:
        self._producer.close()

    def write(
        self, numbers: Iterable[int], *, amount: int = 1, to: str = "", is_aborted: bool = False
    ) -> None:
        """Write records in one transaction; each says ``amount`` times its number."""
        topic = to or feed_topic(self.agency)
        lines = [self._line(topic, number, amount) for number in numbers]
        self._send(topic, lines, is_aborted=is_aborted)

    def resend(self, numbers: Iterable[int], withheld_number: int = 0) -> None:
        """Write records again, with their numbers; one of them is refused by today's rights."""
        topic = resend_topic(self.agency)
        self.write(numbers, to=topic)
        if withheld_number:
            row = withheld(self.agency)
            head, schema = self._head(withheld_number), self._schema(topic, row)
            line = cutting.control(row, schema, head, cutting.WITHHELD_TYPE, rule="grant-revoked")
            self._send(topic, [line])

    def end(self, number: int) -> None:
        """Write the last record."""
        topic, row = feed_topic(self.agency), ended(self.agency)
        head, schema = self._head(number), self._schema(topic, row)
        line = cutting.control(
            row, schema, head, cutting.ENDED_TYPE, rule="grant-expired", ended_at=head.sent_at
        )
        self._send(topic, [line])

    def _line(self, topic: str, number: int, amount: int) -> cutting.Line:
        meta = {
            "subject": number.to_bytes(16, "big"),
            "change": "CREATED",
            "occurred_at": 1_785_000_000_000_000,
            "corrects": None,
        }
        event = {"meta": meta, "gross_minor": number * amount, "month": 20_000}
        opened = {"identity": {"stir": "400000000", "name": "A, B; C [D]\n<E>"}}
        return cutting.cut(
            self._shape,
            self._schema(topic, self._shape.row),
            self._names,
            event,
            opened,
            self._head(number),
        )

    def _head(self, number: int) -> cutting.Head:
        event = self._names.event(number.to_bytes(16, "big"))
        return cutting.Head(number, event, "social-registry", 1_786_000_000_000_000 + number)

    def _schema(self, topic: str, row: EventType) -> int:
        subject = schema_subject(topic, row.full_name)
        key = (subject, row.text)
        if key not in self._ids:
            answer = httpx.post(
                f"{self.settings.registry_url}/subjects/{subject}/versions",
                json={"schema": row.text},
                timeout=30,
            )
            self._ids[key] = int(answer.raise_for_status().json()["id"])
        return self._ids[key]

    def _send(self, topic: str, lines: Iterable[cutting.Line], *, is_aborted: bool = False) -> None:
        self._producer.begin_transaction()
        for line in lines:
            self._producer.send(
                topic, key=line.key, value=line.value, headers=list(line.headers), partition=0
            )
        if is_aborted:
            self._producer.flush()  # they are in the topic, and may not be read
            self._producer.abort_transaction()
        else:
            self._producer.commit_transaction()


class Subscriber:
    """One example in a folder of its own, with an ini file as the document says."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        agency: str,
        folder: Path,
        *,
        password: str = PASSWORD,
        schemas_url: str = "",
        jars: Path | None = None,
    ) -> None:
        ini = configparser.ConfigParser()
        ini.read(EXAMPLES / "subscriber.ini", "utf-8")
        ini["kafka"]["bootstrap"] = settings.bootstrap_servers
        ini["kafka"]["user"] = user(agency)
        ini["schemas"]["url"] = schemas_url or settings.registry_url
        ini["feed"]["agency"] = agency
        if settings.kafka_ca is not None:
            ini["kafka"]["ca_file"] = str(settings.kafka_ca)
        with (folder / "subscriber.ini").open("w", encoding="utf-8") as file:
            ini.write(file)
        (folder / "password").write_text(password + "\n", encoding="utf-8")
        self.store, self.said, self.errors = (
            folder / each for each in ("feed.sqlite", "said", "errors")
        )
        self._command = [*SUBSCRIBERS[name], str(folder / "subscriber.ini")]
        arguments = jars or settings.home / "kafka" / "java.args"
        consumer = f"{java()} @{arguments} org.apache.kafka.tools.consumer.ConsoleConsumer"
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "CONSOLE_CONSUMER": consumer,
            "PYTHONWARNINGS": "ignore",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, resends_within_ms: int = 60_000) -> None:
        """Start it; if nothing was sent again, the console consumer finds that after this time."""
        with self.said.open("ab") as said, self.errors.open("ab") as errors:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=errors,
                env=self._environment | {"RESEND_WAIT_MS": str(resends_within_ms)},
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill everything of it with -9."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ends_with(self, *codes: int) -> None:
        """Wait for its end, which is one of these exit codes; if not, show what it said."""
        assert self._process is not None
        code: int | None = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(PATIENCE_SECONDS)
        assert code in codes, f"exit code {code}; it said:\n{self.errors.read_text()}"

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def wait_for(self, number: int) -> None:
        """Return as soon as record ``number`` was taken."""
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.next_number() <= number:
            assert self._process.poll() is None, self.errors.read_text()
            assert time.monotonic() < deadline, f"waited in vain for record {number}"
            time.sleep(0.002)

    def next_number(self) -> int:
        if not self.store.exists():
            return 1
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=30) as db:
            try:
                row = db.execute("SELECT next_number FROM position").fetchone()
            except sqlite3.OperationalError:
                return 1  # the tables are just being made
        return int(row[0]) if row else 1

    def records(self) -> list[tuple[int, str, dict[str, object]]]:
        with sqlite3.connect(self.store) as db:
            rows = db.execute("SELECT number, kind, body FROM record ORDER BY number").fetchall()
        return [(number, kind, json.loads(body)) for number, kind, body in rows]
