"""Who may do what at Kafka: every principal, topic and operation is tried, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest
from kafka.admin import KafkaAdminClient

from ops.secret_files import ADMIN, BROKER, KAFKA_PRINCIPALS
from ops.settings import Settings
from ops.stack import acls
from ops.stack.acls import GROUP_OF_READERS, PREFIXED, TOPIC, TRANSACTIONS, Rule
from schemas import topics
from tests.integration.stack.asking import Asker

_TOPICS: Final = (
    *(topic.name for topic in topics.TOPICS),
    "feed.test-agency.v1",
    "feed.test-agency.resend.v1",
    "feedback.v1",  # begins like a feed, and is none
    "registry.civil.events.v1.copy",
    "nobody.declared.this.v1",
)
_OPERATIONS: Final = ("DESCRIBE", "READ", "WRITE", "CREATE")
_NAMED: Final = {  # the other resources, and more that nobody may touch
    GROUP_OF_READERS: ("hub-worker", "hub-worker-2", "somebody"),
    TRANSACTIONS: (*(f"hub-connector-{name}" for name in topics.CHECKPOINT_PARTITION), "other"),
}


@pytest.fixture(scope="module")
def ruled(stack: Settings) -> Settings:
    """The stack, with the rules of the table."""
    acls.apply(stack.kafka(ADMIN))
    return stack


@pytest.fixture
def client(ruled: Settings) -> Iterator[KafkaAdminClient]:
    """A client that may change the rules."""
    with closing(KafkaAdminClient(**ruled.kafka(ADMIN))) as admin:
        yield admin


def allowed(principal: str, operation: str, kind: str, name: str) -> bool:
    """Return what the table says; to read or write is to look, too."""
    if principal in {ADMIN, BROKER}:
        return True
    enough = {"DESCRIBE": {"DESCRIBE", "READ", "WRITE"}}.get(operation, {operation})
    return any(
        rule.principal == principal
        and rule.kind == kind
        and rule.operation in enough
        and (name.startswith(rule.name) if rule.pattern == PREFIXED else name == rule.name)
        for rule in acls.RULES
    )


@pytest.mark.parametrize("principal", [*KAFKA_PRINCIPALS, BROKER])
def test_every_cell_of_the_table_is_as_declared(ruled: Settings, principal: str) -> None:
    with closing(Asker(ruled.kafka(principal))) as asker:
        tried = {
            (operation, name): answer
            for operation in _OPERATIONS
            for name, answer in asker.may(operation, _TOPICS).items()
        }
        groups = {name: asker.may_join(name) for name in _NAMED[GROUP_OF_READERS]}
        begun = {name: asker.may_begin(name) for name in _NAMED[TRANSACTIONS]}

    assert len(tried) == len(_OPERATIONS) * len(_TOPICS)
    assert tried == {cell: allowed(principal, cell[0], TOPIC, cell[1]) for cell in tried}
    assert groups == {name: allowed(principal, "READ", GROUP_OF_READERS, name) for name in groups}
    assert begun == {name: allowed(principal, "WRITE", TRANSACTIONS, name) for name in begun}


def test_what_matters_most_stands_in_the_table() -> None:
    """By hand, so that a wrong table is not merely carried out faithfully."""
    writers = {
        topic: {rule.principal for rule in acls.RULES if rule[1:4] == ("WRITE", TOPIC, topic)}
        for topic in (*topics.CONSUMED.values(), topics.NEEDS)
    }
    assert writers == {
        "registry.civil.events.v1": {"connector-civil"},
        "registry.tax.events.v1": {"connector-tax"},
        "registry.health.events.v1": {"connector-health"},
        "hub.operator.events.v1": {"connector-operator"},
        "citizen.needs.v1": {"connector-needs"},
    }
    assert {rule.operation for rule in acls.RULES} == {"READ", "WRITE"}
    assert {rule.operation for rule in acls.RULES if rule.principal in {"worker", "reader"}} == {
        "READ"
    }
    assert {rule.name for rule in acls.RULES if rule.pattern == PREFIXED} == {"feed."}
    ids = [rule.name for rule in acls.RULES if rule.kind == TRANSACTIONS]
    assert len(ids) == len(set(ids)), "one would fence another"


def test_a_rule_too_many_and_one_too_few_are_seen_and_mended(
    ruled: Settings, client: KafkaAdminClient
) -> None:
    config = ruled.kafka(ADMIN)
    extra = Rule("worker", "WRITE", TOPIC, topics.NEEDS)
    missing = {rule for rule in acls.RULES if rule.principal == "connector-tax"}
    acls.remove(client, "connector-tax")
    acls.create(client, [extra])

    found = acls.drift(config)

    assert found.missing == missing
    assert found.extra == {extra}
    assert "+ worker WRITE TOPIC citizen.needs.v1 LITERAL" in found.lines()
    assert acls.apply(config) == found
    assert acls.apply(config).lines() == []
    with closing(Asker(ruled.kafka("worker"))) as asker:
        assert not asker.may("WRITE", [topics.NEEDS])[topics.NEEDS]


def test_rules_of_strangers_are_told_and_left_those_of_agencies_are_not_ours(
    ruled: Settings, client: KafkaAdminClient
) -> None:
    config = ruled.kafka(ADMIN)
    strange = {
        Rule("stranger", "READ", TOPIC, name, PREFIXED)
        for name in ("registry.", "f", "feed.tax", "registry.civil.events.v1")
    }
    agency = Rule("agency-test", "READ", TOPIC, "feed.test.v1")
    elsewhere = Rule("stranger", "READ", TOPIC, "weather.v1")
    acls.create(client, [*strange, agency, elsewhere])
    try:
        assert acls.apply(config).strange == strange
        assert acls.of_principal(client, "agency-test") == {agency}
    finally:
        for principal in ("stranger", "agency-test"):
            acls.remove(client, principal)
    assert not acls.drift(config)
