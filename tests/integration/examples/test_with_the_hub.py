"""The examples against the hub itself: its relay, its gate to the schemas, its resends, its end."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from kafka import TopicPartition

from ops.asyncapi.command import of_agency
from ops.run import schemas
from ops.settings import Settings
from ops.stack.kafka_admin import kafka_admin
from projections import resends
from schemas.errors import PermanentError
from streams.feeds.names import feed_topic
from tests.integration.examples.feeding import Subscriber
from tests.integration.feeds.rig import open_rig

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig


@pytest.fixture
def rig(stack: Settings, database: str, tmp_path: Path) -> Iterator[Rig]:
    opened = open_rig(stack, database, uuid.uuid4().hex[:8], tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def gate(rig: Rig) -> Iterator[str]:
    """The hub's schema gateway; only who signs on gets a schema, and only its own."""
    stop = threading.Event()
    thread = threading.Thread(target=schemas.run, args=(rig.settings, stop))
    thread.start()
    url = f"http://127.0.0.1:{rig.settings.port('schemas')}"
    rig.until(lambda: _answers(url))
    yield url
    stop.set()
    thread.join()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/subjects", timeout=30).status_code == httpx.codes.UNAUTHORIZED
    except httpx.TransportError:
        return False


def test_what_is_no_longer_kept_is_sent_again_and_the_end_is_told(
    rig: Rig, gate: str, tmp_path: Path
) -> None:
    agency = rig.agency("pension")
    grant = rig.grant(agency, "pension-law", "pension")
    rig.write([rig.event("tax.income_reported", n % 3, n, gross_minor=n) for n in range(1, 9)])
    rig.settle()
    with kafka_admin(rig.settings.kafka("admin")) as admin:
        admin.delete_records({TopicPartition(feed_topic(agency), 0): 3})  # as time does
    subscribers = []
    for name in ("kafka-python", "confluent-kafka"):
        folder = tmp_path / name
        folder.mkdir()
        subscribers.append(
            Subscriber(
                name,
                rig.settings,
                agency,
                folder,
                password=rig.passwords[agency],
                schemas_url=gate,
            )
        )
    try:
        for one in subscribers:
            one.start()
        for one in subscribers:
            one.ends_with(3)
        assert "records 1 to 3 of the feed are missing" in subscribers[0].errors.read_text()

        with closing(rig.connect()) as connection:
            resends.ask(connection, agency, 1, 3, "one", datetime.now(UTC), "test")
        rig.settle(12)
        for one in subscribers:
            one.start()
        for one in subscribers:
            one.wait_for(8)
        rig.revoke(grant)
        rig.settle()

        for one in subscribers:
            one.ends_with(0)
        for one in subscribers:
            records = one.records()
            assert [number for number, *_ in records] == list(range(1, 10))
            amounts = [body["gross_minor"] for *_, body in records[:-1]]
            assert sorted(amounts) == list(range(1, 9))  # type: ignore[type-var]
            assert records[-1][1] == "feed.ended"
            assert "the feed ended: grant-revoked" in one.said.read_text()
    finally:
        for one in subscribers:
            one.stop()


def test_an_agencys_document_shows_what_its_law_covers_now(rig: Rig) -> None:
    agency = rig.agency("pension")
    with pytest.raises(PermanentError, match="no agency nobody"):
        of_agency(rig.settings, "nobody")
    assert set(of_agency(rig.settings, agency)["components"]["messages"]) == {
        "feed.ended",
        "feed.withheld",
    }

    rig.grant(agency, "pension-law", "pension")
    document = of_agency(rig.settings, agency)
    rig.write([rig.event("tax.income_reported", 1, 1)])
    rig.settle()

    (sent,) = rig.read(agency)
    schema = document["components"]["messages"]["feed.tax.income_reported"]["payload"]["schema"]
    assert [field["name"] for field in schema["fields"]] == list(sent.value)
    assert not any("health" in name for name in document["components"]["messages"])
