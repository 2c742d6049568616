"""Every place where no person may be found, and a watch on what processes show of themselves."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, TopicPartition

from ops.settings import Settings
from schemas.topics import TOPICS
from tests.acceptance.leaks import topics_of, written

Place = tuple[str, bytes]


def found(secrets: Collection[bytes], places: Iterable[Place]) -> list[str]:
    """Return the places where one of ``secrets`` stands, in whatever case; none is named."""
    return [place for place, text in places if any(secret in text.lower() for secret in secrets)]


def everywhere(settings: Settings) -> Iterator[Place]:
    """Yield all that the hub wrote where a person may never be, with its place."""
    yield from written(settings)  # topics but the feeds', tables, logs, records of processes
    yield from feed_labels(settings)
    for folder in ("audit", "log", "tlog"):
        for path in sorted((settings.home / folder).rglob("*")):
            if path.is_file():
                yield f"published {path.name}", path.read_bytes()
    for path in sorted(settings.tax_drop_folder.rglob("*.refused.json")):
        yield f"refusal {path.name}", path.read_bytes()


def feed_labels(settings: Settings) -> Iterator[Place]:
    """Yield key and headers of every record of every feed: its value is what an agency may see."""
    known = {topic.name for topic in TOPICS}
    consumer = KafkaConsumer(**settings.kafka("admin"), group_id=None, enable_auto_commit=False)
    try:
        names = sorted(name for name in consumer.topics() if name not in known)
        places = [
            TopicPartition(name, number)
            for name in names
            for number in consumer.partitions_for_topic(name) or ()
        ]
        for place, record in topics_of(consumer, places):
            headers = b"\0".join(name.encode() + b"=" + value for name, value in record.headers)
            yield f"label of {place}", (record.key or b"") + b"\0" + headers
    finally:
        consumer.close()


class Watch:
    """Looks at arguments and environment of every process of a home, again and again."""

    def __init__(self, settings: Settings) -> None:
        self._mark = str(settings.home).encode()
        self._seen: dict[str, bytes] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def places(self) -> Iterator[Place]:
        """Yield what was seen."""
        yield from list(self._seen.items())

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    command = (process / "cmdline").read_bytes()
                    surroundings = (process / "environ").read_bytes()
                except OSError:
                    continue  # it has ended
                if self._mark in command + surroundings:
                    for kind, text in (("arguments", command), ("environment", surroundings)):
                        self._seen[f"{kind} of {process.name} {hash(text)}"] = text
