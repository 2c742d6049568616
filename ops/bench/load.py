"""The load: income and employment events, published as the tax connector publishes them.

Composed, numbered, sealed and written in transactions by the connectors' own code, so the topic
holds what a real one holds: headers, markers of transactions, sealed blocks, corrections. In its
middle some records come a second time, as they do when a registry sends a page again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import random
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from kafka.codec import has_zstd

from connectors.compose import Composer
from connectors.kafka_outlet import KafkaOutlet
from connectors.messages import Position
from connectors.source import Cursor, Draft, Page, SourceRecord
from ops.settings import Settings
from schemas import topics
from schemas.ids import Keys, PersonId, text
from schemas.registry import SchemaIds

REGISTRY: Final = "tax"
TOPIC: Final = topics.EVENTS[REGISTRY]
PAGE: Final = 2000  # records in a transaction
REPEATED: Final = 0.0025  # share of records that come twice
_NOW: Final = 1_790_000_000_000_000  # microseconds: 2026-09-21
_EVENTS_A_PERSON: Final = 10
_EMPLOYERS: Final = 400
_MANIFEST: Final = 7
_STARTED, _ENDED, _CORRECTED, _SEALED = 0.06, 0.02, 0.02, 0.01  # shares of events

_Pair = tuple[PersonId, PersonId]  # a person and an employer


class MemoryKeys:
    """Sealing keys that nobody keeps; what the benchmark seals is made up."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)

    def keys(self, wanted: Iterable[tuple[bytes, str]]) -> Mapping[tuple[bytes, str], bytes]:
        return {
            pair: hmac.digest(self._secret, pair[0] + pair[1].encode(), hashlib.sha256)
            for pair in wanted
        }


def drafts(count: int, ids: Keys, seed: int) -> Iterator[Draft]:
    """Return ``count`` distinct events about ``count / 10`` persons."""
    unit = random.Random(seed).random  # noqa: S311 - a load, no secret
    persons = [
        ids.pseudonym("uz.pinfl", f"{n:014d}") for n in range(max(count // _EVENTS_A_PERSON, 1))
    ]
    employers = [ids.pseudonym("uz.stir.org", f"{200_000_000 + n}") for n in range(_EMPLOYERS)]
    for row in range(1, count + 1):
        who = (
            persons[int(unit() * len(persons))],
            employers[int(unit() * len(employers))],
        )
        month = date(2024 + int(unit() * 2), 1 + int(unit() * 12), 1)
        kind = unit()
        if kind < _STARTED:
            yield _employment("employment_started", "started_on", row, who, month)
        elif kind < _STARTED + _ENDED:
            yield _employment("employment_ended", "ended_on", row, who, month)
        else:
            yield _income(row, who, month, int(unit() * 2_000_000_000), unit())


def _income(row: int, who: _Pair, month: date, gross: int, chance: float) -> Draft:
    person, employer = who
    sealed = {"stir": f"{400_000_000 + row}", "name": "BENCHMARK"} if chance < _SEALED else None
    return Draft(
        type="tax.income_reported",
        source_key=f"income/{_MANIFEST}/{row}",
        record_key=f"income/{text(person)}/{text(employer)}/{month:%Y-%m}",
        version=_MANIFEST * 1_000_000 + row,
        subject=person,
        change="CORRECTED" if 1 - chance < _CORRECTED else "CREATED",
        occurred_on=month,
        fields={"employer": employer, "month": month, "gross_minor": gross},
        sealed={"identity": sealed},
    )


def _employment(kind: str, dated: str, row: int, who: _Pair, on: date) -> Draft:
    person, employer = who
    return Draft(
        type=f"tax.{kind}",
        source_key=f"employment/{_MANIFEST}/{row}",
        record_key=f"{kind}/{text(person)}/{text(employer)}/{on.isoformat()}",
        version=_MANIFEST * 1_000_000 + row,
        subject=person,
        change="CREATED",
        occurred_on=on,
        fields={"employer": employer, dated: on},
        sealed={"identity": None},
    )


def pages(records: int, ids: Keys, seed: int) -> Iterator[Sequence[Draft]]:
    """Return pages of ``records`` drafts in all; at half way the latest come once more."""
    repeated = repeats(records)
    latest: deque[Draft] = deque(maxlen=repeated)
    page: list[Draft] = []
    for number, draft in enumerate(drafts(records - repeated, ids, seed), start=1):
        page.append(draft)
        latest.append(draft)
        if number == records // 2:
            page += latest
        if len(page) >= PAGE:
            yield page
            page = []
    if page:
        yield page


def repeats(records: int) -> int:
    """Return how many of ``records`` come a second time."""
    return int(records * REPEATED)


def publish(settings: Settings, ids: SchemaIds, records: int, seed: int) -> Iterator[int]:
    """Write the load to the topic; says after each transaction how many records are committed.

    Raises:
        TransientError: Kafka does not answer.
    """
    keys = settings.keys
    composer = Composer(
        registry=REGISTRY,
        connector=REGISTRY,
        topic=TOPIC,
        partitions=settings.partitions,
        ids=keys,
        schema_ids=ids,
        key_store=MemoryKeys(),
    )
    outlet = KafkaOutlet(
        connector=REGISTRY,
        client_config=settings.kafka("admin"),
        schema_ids=ids,
        partitions=settings.partitions,
    )
    position = outlet.open() or Position.start(settings.partitions)
    try:
        for page in pages(records, keys, seed):
            composed = composer.compose(_page(page), _draft, position, _NOW)
            outlet.publish(composed)
            position = composed.position
            yield position.sequence
    finally:
        outlet.close()


def _page(page: Sequence[Draft]) -> Page:
    content = [SourceRecord(draft.source_key, b"", {"draft": draft}) for draft in page]
    return Page(content, Cursor('{"benchmark":true}'))


def _draft(record: SourceRecord) -> Draft:
    draft: Draft = record.content["draft"]
    return draft


def compression() -> str:
    """Return what the connectors' producer compresses with on this installation."""
    return "zstd" if has_zstd() else "gzip"
