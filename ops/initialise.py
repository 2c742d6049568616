"""Create what the hub needs inside its servers: topics, schemas, tables. Idempotent.

Order: tables, topics, schemas. A crash in between leaves the earlier ones, which the next run
finds as they should be. Nothing here changes what exists: a topic with another partition count is
refused, because keys would move to other partitions and every sequence would break.
"""

from __future__ import annotations

from typing import Final

import httpx
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from ops.keystore import initialise_keystore
from ops.settings import Settings
from projections.migrations import migrate
from schemas import registry
from schemas.errors import PermanentError, TransientError
from schemas.topics import TOPICS

_TIMEOUT_SECONDS: Final = 30.0


def initialise(settings: Settings) -> registry.SchemaIds:
    """Create tables, topics and schemas; return the schema ids.

    Raises:
        TransientError: a server does not answer.
        PermanentError: something exists and is not as it must be.
    """
    migrate(settings.hub_dsn)
    initialise_keystore(settings)
    create_topics(settings)
    with httpx.Client(base_url=settings.registry_url, timeout=_TIMEOUT_SECONDS) as client:
        return registry.register(client)


def schema_ids(settings: Settings) -> registry.SchemaIds:
    """Return the ids of schemas that `hub init` registered."""
    with httpx.Client(base_url=settings.registry_url, timeout=_TIMEOUT_SECONDS) as client:
        return registry.look_up(client)


def create_topics(settings: Settings) -> None:
    """Create the topics of the table that are missing; refuse one with other partitions."""
    wanted = {topic.name: topic.partitions or settings.partitions for topic in TOPICS}
    try:
        admin = KafkaAdminClient(**settings.kafka("admin"))
        try:
            existing = set(admin.list_topics())
            for topic in TOPICS:
                if topic.name not in existing:
                    _create(admin, topic.name, wanted[topic.name], topic.config)
            found = {
                str(row["name"]): len(row["partitions"])
                for row in admin.describe_topics(sorted(wanted))
            }
        finally:
            admin.close()
    except KafkaError as error:
        raise TransientError(
            f"Kafka at {settings.bootstrap_servers} does not answer ({type(error).__name__}); "
            "see `hub status`"
        ) from error
    for name, partitions in wanted.items():
        if found.get(name, partitions) != partitions:
            raise PermanentError(
                f"topic {name} has {found[name]} partitions, not {partitions}; the count never "
                "changes: set HUB_PARTITIONS to what it was"
            )


def _create(admin: KafkaAdminClient, name: str, partitions: int, config: dict[str, str]) -> None:
    try:
        admin.create_topics(
            [NewTopic(name, partitions, 1, topic_configs=config)], wait_for_metadata=True
        )
    except TopicAlreadyExistsError:
        return  # another `hub init` was first; the partition count is checked below


def init() -> None:
    """Create topics, schemas and tables where they are missing.

    Examples:
      hub init
    """
    settings = Settings.from_environment()
    ids = initialise(settings)
    print(f"{len(TOPICS)} topics, {len(set(ids.ids.values()))} schemas and all tables are in place")
