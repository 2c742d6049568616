"""A decision's whole way: outbox, number, connector, topic, worker, facts, needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from kafka.admin import KafkaAdminClient, NewTopic

from connectors.compose import Composer
from connectors.kafka_outlet import KafkaOutlet
from connectors.needs.outbox import NEEDS, OPERATOR, OutboxSource
from connectors.operator.translate import translate
from connectors.relay import Relay
from ops.identity import waiting
from ops.settings import Settings
from projections.sequencer import Sequencer
from schemas import topics
from schemas.errors import PermanentError, TransientError
from schemas.registry import SchemaIds
from streams.assessor import Assessor
from tests.integration.assessment.country import KEYS, NOW, ON, Country, person
from tests.integration.identity.operators import Operators
from tests.integration.streams.rig import Rig
from tests.integration.streams.worker_process import IDS
from tests.unit.connectors.fakes import MemoryKeyStore


@pytest.fixture
def topic(
    stack: Settings, unique_name: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The operator topic of this test's own, and a place for checkpoints."""
    monkeypatch.setattr(topics, "CHECKPOINTS", unique_name("checkpoints"))
    name = unique_name("operator")
    wanted = {name: 1, topics.CHECKPOINTS: len(topics.CHECKPOINT_PARTITION)}
    admin = KafkaAdminClient(**stack.kafka("admin"))
    admin.create_topics([NewTopic(n, p, 1) for n, p in wanted.items()], wait_for_metadata=True)
    yield name
    admin.delete_topics([topics.CHECKPOINTS])  # the rig deletes the other
    admin.close()


@pytest.fixture
def relay(stack: Settings, database: str, topic: str) -> Iterator[Relay]:
    types = ("hub.identity_linked", "hub.identity_unlinked")
    ids = SchemaIds(
        {(topic, name): IDS[name] for name in types} | {(topics.CHECKPOINTS, "hub.checkpoint"): 999}
    )
    config = stack.kafka("admin")
    made = Relay(
        composer=Composer(
            registry="hub",
            connector="operator",
            topic=topic,
            partitions=1,
            ids=KEYS,
            schema_ids=ids,
            key_store=MemoryKeyStore(),
        ),
        source=OutboxSource(database, kinds=OPERATOR),
        translate=translate,
        outlet=KafkaOutlet(
            connector="operator", client_config=config, schema_ids=ids, partitions=1
        ),
        now=lambda: 1_800_000_000_000_000,
        wait_seconds=0,
    )
    yield made
    made.outlet.close()
    made.source.close()


@pytest.fixture
def rig(stack: Settings, database: str, topic: str, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(stack, database, topic, f"group-{topic}", tmp_path)
    yield made
    made.close()


def test_a_decision_comes_through(  # noqa: PLR0917 - one fixture for each part of the way
    country: Country,
    assessor: Assessor,
    operators: Operators,
    database: str,
    relay: Relay,
    rig: Rig,
) -> None:
    country.complete()
    country.born("1ali", "1990-05-01", "M")
    country.disabled("8patient", 1)
    while assessor.assess_batch(ON, NOW):
        pass
    watch = waiting.Watch(operators.connection, {UUID(bytes=person("8patient"))})
    watch.persons.add(UUID(bytes=person("1ali")))
    watch.begin()
    seen: list[int] = []

    made = operators.decide("linked", "8patient", "1ali", "same passport")
    with pytest.raises(TransientError, match="waiting for its number"):
        watch.wait(made, 0, seen.append)
    with closing(Sequencer(database)) as sequencer:
        assert sequencer.is_first()
        while sequencer.number():
            pass
    with pytest.raises(TransientError, match="not stored yet"):
        watch.wait(made, 0, seen.append)
    while relay.relay_page():
        pass
    rig.start(topics={"hub": rig.topic})
    rig.until(
        lambda: bool(rig.rows("1 FROM live.facts WHERE event_id = %s", UUID(bytes=made.event_id)))
    )
    with pytest.raises(TransientError, match="not judged yet"):
        watch.wait(made, 0, seen.append)
    while assessor.assess_batch(ON, NOW):
        pass
    watch.wait(made, 0, seen.append)

    assert seen == [0, 1, 2, waiting.THROUGH]
    changes = {(who.bytes, kind, status) for who, kind, status, _ in watch.changes()}
    assert (person("1ali"), "disability_support", "detected") in changes
    assert (person("8patient"), "disability_support", "ended") in changes
    facts = rig.rows(
        "person, kind, value ->> 'reason', change, version FROM live.facts WHERE event_id = %s"
        " ORDER BY ordinal",
        UUID(bytes=made.event_id),
    )
    assert [(row[0].bytes, *row[1:]) for row in facts] == [
        (person("1ali"), "linked_from", "same passport", "CREATED", operators.now_us),
        (person("8patient"), "linked_to", "same passport", "CREATED", operators.now_us),
    ]


def test_a_refused_event_is_not_waited_for(country: Country, operators: Operators) -> None:
    country.born("1ali", "1990-05-01", "M")
    country.disabled("8patient", 1)
    made = operators.decide("linked", "8patient", "1ali")
    country.connection.execute(
        "INSERT INTO live.quarantined VALUES ('t', 0, 0, gen_random_uuid(), 'conflict', NULL, %s)",
        [UUID(bytes=made.event_id)],
    )

    with pytest.raises(PermanentError, match="refused"):
        waiting.Watch(operators.connection, set()).wait(made, 9, lambda _: None)


def put(connection: psycopg.Connection[tuple[object, ...]], kinds: str) -> None:
    need = '{"fields": {"need": "n"}, "version": 1}'
    decision = '{"alias": "a", "version": 1}'
    for number, kind in enumerate(kinds, 1):
        name, body = ("need", need) if kind == "n" else ("operator", decision)
        connection.execute(
            "INSERT INTO kept.outbox (number, kind, body) VALUES (%s, %s, %s)",
            [number, name, body.encode()],
        )


def read(source: OutboxSource) -> list[tuple[list[str], str]]:
    found, cursor = [], None
    while (page := source.next_page(cursor, 0)) is not None:
        cursor = page.cursor
        found.append(([record.source_key for record in page.records], str(cursor)))
    return found


def test_each_connector_takes_its_own_and_passes_over_the_rest(
    country: Country, database: str
) -> None:
    put(country.connection, "nnonnnnonn")
    needs = OutboxSource(database, kinds=NEEDS, page_rows=2)
    decisions = OutboxSource(database, kinds=OPERATOR, page_rows=2)
    with closing(needs), closing(decisions):
        assert [len(keys) for keys, _ in read(needs)] == [2, 1, 2, 1, 2]
        assert read(decisions) == [(["identity/a/1"], "4"), (["identity/a/1"], "8")]


def test_what_was_passed_over_is_stored_now_and_then(country: Country, database: str) -> None:
    put(country.connection, "n" * 120)
    with closing(OutboxSource(database, kinds=OPERATOR, page_rows=1)) as decisions:
        assert read(decisions) == [([], "50"), ([], "100")]


def test_a_page_that_was_not_committed_is_read_again(country: Country, database: str) -> None:
    put(country.connection, "nno")
    with closing(OutboxSource(database, kinds=OPERATOR, page_rows=2)) as decisions:
        first = decisions.next_page(None, 0)
        again = decisions.next_page(None, 0)

    assert first == again
    assert first is not None
    assert len(first.records) == 1
