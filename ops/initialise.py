"""Create what the hub needs inside its servers: tables, users, topics, rules, schemas. Idempotent.

In that order. A crash in between leaves the earlier ones, which the next run
finds as they should be. Nothing here changes what exists: a topic with another partition count is
refused, because keys would move to other partitions and every sequence would break.
"""

from __future__ import annotations

from typing import Annotated, Final

import httpx
import typer
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

from ops.audit.configuration import put_on_record
from ops.keystore import initialise_keystore
from ops.policy import apply_policy
from ops.secret_files import ADMIN, BROKER, DATABASE_ROLES, kafka_file
from ops.settings import Settings
from ops.stack import acls
from ops.stack.kafka_admin import kafka_admin
from ops.stack.roles import create_roles, hand_over
from ops.stack.users import create_users
from ops.surroundings import in_database
from projections.migrations import migrate
from schemas import registry
from schemas.errors import PermanentError
from schemas.topics import TOPICS

_TIMEOUT_SECONDS: Final = 30.0
_FINDING: Final = 1


def initialise(settings: Settings) -> registry.SchemaIds:
    """Create tables, Kafka's users, topics and rules, and schemas; return the schema ids.

    Raises:
        TransientError: a server does not answer.
        PermanentError: something exists and is not as it must be.
    """
    migrate(settings.hub_dsn)
    apply_policy(settings.hub_dsn)
    initialise_keystore(settings)
    if (settings.secrets_folder / kafka_file(BROKER)).exists():
        create_users(settings)  # elsewhere those who run Kafka make them
    create_topics(settings)
    acls.apply(settings.kafka(ADMIN))
    with httpx.Client(base_url=settings.registry_url, timeout=_TIMEOUT_SECONDS) as client:
        ids = registry.register(client)
    put_on_record(settings, "hub init", settings.hub_dsn)
    return ids


def prepare_roles(settings: Settings) -> None:
    """Let roles log in, and hand the databases of others over to them.

    Raises:
        SettingsError: the password file lacks a role.
    """
    create_roles(settings.hub_dsn, settings.secrets_folder)
    hand_over(in_database(settings.hub_dsn, "registry"), in_database(settings.hub_dsn, "civil"))


def schema_ids(settings: Settings) -> registry.SchemaIds:
    """Return the ids of schemas that `hub init` registered."""
    with httpx.Client(base_url=settings.registry_url, timeout=_TIMEOUT_SECONDS) as client:
        return registry.look_up(client)


def create_topics(settings: Settings) -> None:
    """Create the topics of the table that are missing; refuse one with other partitions."""
    wanted = {topic.name: topic.partitions or settings.partitions for topic in TOPICS}
    with kafka_admin(settings.kafka(ADMIN)) as admin:
        existing = set(admin.list_topics())
        for topic in TOPICS:
            if topic.name not in existing:
                _create(admin, topic.name, wanted[topic.name], topic.config)
        found = {
            str(row["name"]): len(row["partitions"])
            for row in admin.describe_topics(sorted(wanted))
        }
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


def init(
    roles: Annotated[
        bool, typer.Option("--roles", help="Only who may log in to PostgreSQL, as its owner.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; say how Kafka's rules differ.")
    ] = False,
) -> None:
    """Create tables, users, topics, rules and schemas where they are missing.

    With --check, exit code 1 when Kafka allows something else than it should.

    Examples:
      hub init
      hub init --check
    """
    settings = Settings.from_environment()
    if roles:
        prepare_roles(settings)
        print(f"{len(DATABASE_ROLES)} roles may log in to PostgreSQL")
        return
    if check:
        lines = acls.drift(settings.kafka(ADMIN)).lines()
        print("\n".join(lines) or f"{len(acls.RULES)} rules of Kafka are as they should be")
        raise typer.Exit(_FINDING if lines else 0)
    ids = initialise(settings)
    print(f"{len(TOPICS)} topics, {len(set(ids.ids.values()))} schemas and all tables are in place")
