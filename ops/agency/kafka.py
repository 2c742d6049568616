"""What an agency has at Kafka: two topics, a user, and rules that let it read these two alone.

Each function may be called again and again, after a crash at any point, and ends in the same state.

A feed's records are plain, so they have to leave. Kafka deletes whole segments, each when its last
record is too old, and the one that is written to ends after ``segment.ms``, a week if nothing is
said: a record of a busy feed would stay twice as long as was promised. So a segment ends after half
a day here, and a record is gone a day after its days at the latest: five minutes pass until Kafka
looks, one more until the file is unlinked. A feed to which nothing is written any more needs no new
segment: Kafka replaces one that is too old as a whole. Ages count from the moment that Kafka took
the record, by its own clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.admin import UserScramCredentialUpsertion as Upsertion
from kafka.errors import TopicAlreadyExistsError

from ops.stack import acls
from ops.stack.acls import GROUP_OF_READERS, PREFIXED, TOPIC, Rule
from schemas.errors import PermanentError
from streams.feeds.names import feed_topic, resend_topic, user

RETENTION_DAYS: Final = 7
_DAY_MS: Final = 86_400_000
_LEAVING: Final = {
    "cleanup.policy": "delete",
    "segment.ms": str(_DAY_MS // 2),
    "message.timestamp.type": "LogAppendTime",
}
_RETENTION: Final = "retention.ms"
_MECHANISM: Final = "SCRAM-SHA-512"
_ITERATIONS: Final = 4096  # the least Kafka takes; the passwords are random and long
_PASSWORD_BYTES: Final = 32


def rules(agency: str) -> tuple[Rule, ...]:
    """Return all that an agency may do: READ brings the right to look (DESCRIBE) with it."""
    who = user(agency)
    return (
        Rule(who, "READ", TOPIC, feed_topic(agency)),
        Rule(who, "DESCRIBE", TOPIC, feed_topic(agency)),
        Rule(who, "READ", TOPIC, resend_topic(agency)),
        Rule(who, "DESCRIBE", TOPIC, resend_topic(agency)),
        Rule(who, "READ", GROUP_OF_READERS, f"{agency}.", PREFIXED),
    )


def make_topics(client: KafkaAdminClient, agency: str, days: int = RETENTION_DAYS) -> None:
    """Create the agency's topics where they are missing; one partition, in the order of numbers.

    One that is there keeps the days it has; what else makes its records leave is put right.
    """
    config = {_RETENTION: str(days * _DAY_MS), **_LEAVING}
    there = set(client.list_topics())
    for name in (feed_topic(agency), resend_topic(agency)):
        if name in there:
            alter(client, name, _LEAVING)
            continue
        try:
            client.create_topics(
                [NewTopic(name, 1, 1, topic_configs=config)], wait_for_metadata=True
            )
        except TopicAlreadyExistsError:
            continue  # somebody else does the same


def alter(client: KafkaAdminClient, topic: str, config: Mapping[str, str]) -> None:
    """Set these of a topic's settings; the others stay as they are."""
    client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(config))])


def settings_of(client: KafkaAdminClient, topic: str) -> dict[str, str]:
    """Return every setting of a topic, also those that are the broker's."""
    found = client.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all"
    )
    return {name: str(each["value"]) for name, each in found["topic"][topic].items()}


def kept_for(client: KafkaAdminClient, agencies: Collection[str]) -> timedelta | None:
    """Return how long the feeds of these agencies keep a record at the most; None: for ever."""
    there = set(client.list_topics())
    names = [topic for name in agencies for topic in (feed_topic(name), resend_topic(name))]
    longest = timedelta(0)
    for name in there.intersection(names):
        set_ms = settings_of(client, name)
        if int(set_ms[_RETENTION]) < 0:
            return None
        parts = [int(set_ms[each]) for each in (_RETENTION, "segment.ms")]
        longest = max(longest, timedelta(milliseconds=sum(parts)))
    return longest


def allow(client: KafkaAdminClient, agency: str) -> None:
    """Let the agency read its own two topics, with groups of its own."""
    missing = set(rules(agency)) - acls.of_principal(client, user(agency))
    acls.create(client, missing)


def set_password(client: KafkaAdminClient, agency: str, password: str) -> None:
    """Have this password count, and no other, from the next connection on."""
    alteration = Upsertion(user(agency), _MECHANISM, password, iterations=_ITERATIONS)
    _alter(client, alteration)


def has_user(client: KafkaAdminClient, agency: str) -> bool:
    """Return whether the agency can sign on."""
    found = client.describe_user_scram_credentials([user(agency)])
    return bool(found.get(user(agency), {}).get("credential_infos"))


def lock_out(client: KafkaAdminClient, agency: str) -> None:
    """Take the agency's rules away, and give its user a password that nobody knows.

    The user is never deleted. Kafka 4.3 forgets every SCRAM user when it starts again, if the log
    of its metadata holds a deletion that it applies before the first user (``ScramDelta.apply``
    drops the mechanism while it fills it): tried.
    """
    acls.remove(client, user(agency))
    if has_user(client, agency):
        set_password(client, agency, secrets.token_urlsafe(_PASSWORD_BYTES))


def _alter(client: KafkaAdminClient, alteration: object) -> None:
    for name, why in client.alter_user_scram_credentials([alteration]).items():
        if why is not None:
            raise PermanentError(f"Kafka refuses the password of {name}")
