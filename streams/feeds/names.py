"""How the things of one agency are called. Pure."""

from __future__ import annotations

from typing import Final

CONNECTOR: Final = "feeds"  # the relay's row in schemas.topics.CHECKPOINT_PARTITION
PRINCIPAL_PREFIX: Final = "agency-"  # no agency can be called as one of the hub's own principals
SOURCE: Final = "hub"  # CloudEvents' source


def feed_topic(agency: str) -> str:
    """Return the topic of an agency's feed."""
    return f"feed.{agency}.v1"


def resend_topic(agency: str) -> str:
    """Return the topic into which parts of a feed are sent again."""
    return f"feed.{agency}.resend.v1"


def namespace(agency: str) -> str:
    """Return the Avro namespace of an agency's schemas; names in Avro have no dashes.

    >>> namespace("tax-office")
    'hub.feed.tax_office'
    """
    return f"hub.feed.{agency.replace('-', '_')}"


def schema_subject(topic: str, full_name: str) -> str:
    """Return the schema registry's subject (TopicRecordNameStrategy)."""
    return f"{topic}-{full_name}"


def user(agency: str) -> str:
    """Return the name under which an agency signs on to Kafka and to the schema gateway."""
    return f"{PRINCIPAL_PREFIX}{agency}"
