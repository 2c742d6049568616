"""The example subscribers keep what they promise: nothing lost, nothing doubled, nothing aborted.

Real Kafka with passwords and rules, real schema registry, the examples as their own processes.
Moments of death come from a seed; set HUB_TEST_SEED for others, and
HUB_TEST_KILLS for more of them.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from streams.feeds.names import user
from tests.integration.examples.feeding import (
    PASSWORD,
    SUBSCRIBERS,
    Feeding,
    Subscriber,
)

pytestmark = pytest.mark.long

SEED = int(os.environ.get("HUB_TEST_SEED", "7"))
KILLS = int(os.environ.get("HUB_TEST_KILLS", "3"))
BATCH = 60


def test_killed_at_any_moment_it_loses_and_doubles_nothing(
    feeding: Feeding, subscriber: Subscriber
) -> None:
    chance = random.Random(SEED)
    written, at_work = 0, 0
    for _ in range(KILLS):
        batch = range(written + 1, written + BATCH + 1)
        feeding.write(batch, amount=0, is_aborted=True)
        feeding.write(batch)
        written += BATCH
        target = chance.randint(batch[0], batch[-1])
        subscriber.start()
        subscriber.wait_for(target)
        subscriber.kill()
        at_work += subscriber.next_number() <= written
    feeding.end(written + 1)
    subscriber.start()

    subscriber.ends_with(0)
    records = subscriber.records()
    assert [number for number, *_ in records] == list(range(1, written + 2))
    assert [body["gross_minor"] for *_, body in records[:-1]] == list(range(1, written + 1))
    assert records[-1][1] == "feed.ended"
    assert "the feed ended: grant-expired" in subscriber.said.read_text()
    assert at_work, "it was never killed with work left: another seed"


def test_what_is_missing_is_asked_for_and_taken_once_it_was_sent_again(
    feeding: Feeding, subscriber: Subscriber
) -> None:
    feeding.write(range(1, 6))
    feeding.write([4, 5])  # a repeat
    feeding.write(range(8, 11))
    subscriber.start(resends_within_ms=3_000)

    subscriber.ends_with(3)
    assert "records 6 to 7 of the feed are missing: ask for a resend" in (
        subscriber.errors.read_text()
    )
    assert subscriber.next_number() == 6

    feeding.resend([5, 6], withheld_number=7)
    feeding.end(11)
    subscriber.start()

    subscriber.ends_with(0)
    records = subscriber.records()
    assert [number for number, *_ in records] == list(range(1, 12))
    assert records[6][1] == "feed.withheld"
    assert records[0][2]["identity"] == {"stir": "400000000", "name": "A, B; C [D]\n<E>"}


@pytest.mark.parametrize("name", sorted(SUBSCRIBERS))
def test_a_wrong_password_is_said_so_and_not_said(
    feeding: Feeding, tmp_path: Path, name: str
) -> None:
    subscriber = Subscriber(
        name, feeding.settings, feeding.agency, tmp_path, password="not-the-" + PASSWORD
    )
    subscriber.start()

    subscriber.ends_with(4, 5)
    errors = subscriber.errors.read_text()
    assert "authentication" in errors.lower()
    assert PASSWORD not in errors + subscriber.said.read_text()


@pytest.mark.parametrize("name", sorted(SUBSCRIBERS))
def test_a_schema_gateway_that_does_not_answer_is_said_so(
    feeding: Feeding, tmp_path: Path, name: str
) -> None:
    feeding.write([1])
    nobody = "http://127.0.0.1:1"
    subscriber = Subscriber(name, feeding.settings, feeding.agency, tmp_path, schemas_url=nobody)
    subscriber.start()

    subscriber.ends_with(4)
    assert f"no way in as {user(feeding.agency)}: {nobody}: " in subscriber.errors.read_text()
