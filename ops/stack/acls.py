"""Who may do what at Kafka: one table, and what makes Kafka agree with it.

Kafka denies what no rule allows; READ and WRITE bring the right to look (DESCRIBE) with them.
``broker`` and ``admin`` are super users by Kafka's configuration and need no rule. An agency's
rules are made with its basis and are not in this table; ``of_principal`` finds them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from ops.stack.kafka_admin import kafka_admin
from schemas import topics
from schemas.errors import PermanentError, TransientError
from streams.topics import GROUP

TOPIC, GROUP_OF_READERS, TRANSACTIONS = "TOPIC", "GROUP", "TRANSACTIONAL_ID"
LITERAL, PREFIXED = "LITERAL", "PREFIXED"
AGENCY: Final = "agency-"  # the principals of agencies begin so
FEED: Final = "feed."  # and the topics made for them
_SECONDS: Final = 20.0  # a rule holds a moment after Kafka has said so
_POLL_SECONDS: Final = 0.05


class Rule(NamedTuple):
    """One thing that a principal may do, from any address."""

    principal: str
    operation: str  # READ, WRITE, DESCRIBE: a name of kafka.admin.ACLOperation
    kind: str
    name: str
    pattern: str = LITERAL


def _connector(name: str, topic: str) -> tuple[Rule, ...]:
    who = f"connector-{name}"
    return (
        Rule(who, "WRITE", TOPIC, topic),
        Rule(who, "WRITE", TOPIC, topics.QUARANTINE),
        Rule(who, "READ", TOPIC, topics.CHECKPOINTS),
        Rule(who, "WRITE", TOPIC, topics.CHECKPOINTS),
        Rule(who, "WRITE", TRANSACTIONS, f"hub-{who}"),
    )


def _reads(who: str, names: Iterable[str]) -> tuple[Rule, ...]:
    return tuple(Rule(who, "READ", TOPIC, name) for name in names)


RULES: Final = (
    *(rule for name, topic in topics.EVENTS.items() for rule in _connector(name, topic)),
    *_connector("needs", topics.NEEDS),
    *_connector("operator", topics.OPERATOR),
    *_reads("worker", topics.CONSUMED.values()),
    Rule("worker", "READ", GROUP_OF_READERS, GROUP),
    *_reads("reader", [topic.name for topic in topics.TOPICS]),
    *_reads("feeds", [*topics.EVENTS.values(), topics.NEEDS]),
    Rule("feeds", "READ", TOPIC, FEED, PREFIXED),
    Rule("feeds", "WRITE", TOPIC, FEED, PREFIXED),
    Rule("feeds", "READ", TOPIC, topics.CHECKPOINTS),
    Rule("feeds", "WRITE", TOPIC, topics.CHECKPOINTS),
    Rule("feeds", "WRITE", TRANSACTIONS, "hub-connector-feeds"),
)


@dataclass(frozen=True, slots=True)
class Drift:
    """How Kafka differs from the table."""

    missing: frozenset[Rule]
    extra: frozenset[Rule]  # of our principals, and not in the table
    strange: frozenset[Rule]  # of others, and for what is ours

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.strange)

    @property
    def is_set_up(self) -> bool:
        """Return whether any rule of the table is there."""
        return len(self.missing) < len(RULES)

    def lines(self) -> list[str]:
        """Return it like a difference of texts."""
        marked = (("-", self.missing), ("+", self.extra), ("?", self.strange))
        return [f"{mark} {' '.join(rule)}" for mark, rules in marked for rule in sorted(rules)]


def drift(client_config: Mapping[str, Any]) -> Drift:
    """Return how Kafka differs from the table.

    Raises:
        TransientError: Kafka does not answer.
    """
    with kafka_admin(client_config) as admin:
        return _compare(_stored(admin))


def apply(client_config: Mapping[str, Any]) -> Drift:
    """Make Kafka agree with the table for our principals; return what differed before.

    Rules are added before others are removed, so nothing that is allowed stops in between; a
    crash leaves some added, and the next call goes on. What others were allowed stays.

    Raises:
        TransientError: Kafka does not answer.
        PermanentError: Kafka refuses a rule.
    """
    with kafka_admin(client_config) as admin:
        found = _compare(_stored(admin))
        create(admin, found.missing)
        if found.extra:
            _answered(admin.delete_acls([_filter(rule) for rule in found.extra]))
        _wait(admin, lambda now: not now.missing and not now.extra)
        return found


def create(admin: KafkaAdminClient, rules: Iterable[Rule]) -> None:
    """Allow what ``rules`` say; what is allowed already stays.

    Raises:
        PermanentError: Kafka refuses one.
    """
    wanted = [_acl(rule) for rule in sorted(rules)]
    if wanted and (failed := admin.create_acls(wanted)["failed"]):
        raise PermanentError(f"Kafka takes no rule ({failed[0].__name__})")


def of_principal(admin: KafkaAdminClient, principal: str) -> frozenset[Rule]:
    """Return the rules of one principal."""
    return frozenset(rule for rule in _stored(admin) if rule.principal == principal)


def remove(admin: KafkaAdminClient, principal: str) -> None:
    """Take every rule of a principal away; fine when it has none.

    Raises:
        PermanentError: Kafka refuses.
    """
    _answered(admin.delete_acls([_any(f"User:{principal}")]))


def _compare(stored: frozenset[Rule]) -> Drift:
    declared = frozenset(RULES)
    ours = {rule.principal for rule in RULES}
    others = {rule for rule in stored - declared if rule.principal not in ours}
    return Drift(
        missing=declared - stored,
        extra=frozenset(rule for rule in stored - declared if rule.principal in ours),
        strange=frozenset(
            rule for rule in others if not rule.principal.startswith(AGENCY) and _is_ours(rule)
        ),
    )


def _is_ours(rule: Rule) -> bool:
    """Return whether a rule is about a topic of the table or of a feed, or about everything."""
    if rule.kind != TOPIC or rule.name == "*" or rule.name.startswith(FEED):
        return True
    if rule.pattern == PREFIXED:
        return any(name.startswith(rule.name) for name in (FEED, *(t.name for t in topics.TOPICS)))
    return rule.name in {topic.name for topic in topics.TOPICS}


def _stored(admin: KafkaAdminClient) -> frozenset[Rule]:
    found, _ = admin.describe_acls(_any(None))
    return frozenset(
        Rule(
            acl.principal.removeprefix("User:")
            if acl.host == "*" and acl.permission_type is ACLPermissionType.ALLOW
            else f"{acl.permission_type.name} {acl.principal} at {acl.host}",
            acl.operation.name,
            acl.resource_pattern.resource_type.name,
            acl.resource_pattern.resource_name,
            acl.resource_pattern.pattern_type.name,
        )
        for acl in found
    )


def _wait(admin: KafkaAdminClient, done: Any) -> None:
    deadline = time.monotonic() + _SECONDS
    while not done(_compare(_stored(admin))):
        if time.monotonic() > deadline:
            raise TransientError("Kafka does not take the rules over; run `hub init` again")
        time.sleep(_POLL_SECONDS)


def _answered(results: list[Any]) -> None:
    for _, _, error in results:
        if error.errno:
            raise PermanentError(f"Kafka keeps a rule ({error.__name__})")


def _any(principal: str | None) -> ACLFilter:
    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    return ACLFilter(principal, None, ACLOperation.ANY, ACLPermissionType.ANY, everything)


def _filter(rule: Rule) -> ACLFilter:
    acl = _acl(rule)
    where = acl.resource_pattern
    exactly = ResourcePatternFilter(where.resource_type, where.resource_name, where.pattern_type)
    return ACLFilter(acl.principal, acl.host, acl.operation, acl.permission_type, exactly)


def _acl(rule: Rule) -> ACL:
    return ACL(
        principal=f"User:{rule.principal}",
        host="*",
        operation=ACLOperation[rule.operation],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(
            ResourceType[rule.kind], rule.name, ACLResourcePatternType[rule.pattern]
        ),
    )
