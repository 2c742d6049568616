"""The AsyncAPI 3.0 document: servers, topics, messages, keys, headers, security. Pure.

Written from the catalogue, the topic table and ``words.toml``. Payloads are the schemas as they are
registered, in Avro; the same values make the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ops.asyncapi import feeds
from ops.asyncapi.entries import Entry, entries
from ops.asyncapi.feeds import FeedMessage
from ops.asyncapi.topic_words import HEADERS, KEYS, TOPIC_WORDS, kept, key_words
from schemas.topics import CONSUMED, EVENTS, TOPICS, Topic
from streams.feeds.names import feed_topic, resend_topic

AVRO: Final = "application/vnd.apache.avro;version=1.9.0"  # the one that AsyncAPI 3.0 names
BINDING: Final = "0.5.0"

_ABOUT: Final = """\
Events of government registries, and the needs that follow from them.

Every value is in Confluent wire format: a zero byte, the schema id (4 bytes, big endian), then
Avro. Everything is written in transactions: read with `isolation.level=read_committed`. People are
pseudonyms of 16 bytes; no national number is ever in a key or a header. An agency reads its own
feed, `feed.<agency>.v1`, and nothing else."""


def document(version: str, partitions: int) -> dict[str, Any]:
    """Return the document of everything.

    Args:
        version: of the hub.
        partitions: of the topics whose number the installation sets.
    """
    sent = feeds.feed_messages()
    messages = {entry.name: _message(entry) for entry in entries()}
    channels = {topic.name: _channel(topic, partitions) for topic in TOPICS}
    return _whole(
        version,
        messages | _feed_messages(sent),
        channels | _feed_channels(sent, feeds.PLACEHOLDER),
        _operations() | _feed_operations(),
    )


def agency_document(version: str, agency: str, sent: Sequence[FeedMessage]) -> dict[str, Any]:
    """Return the document of one agency: its feed, what it may see there, and nothing else."""
    return _whole(version, _feed_messages(sent), _feed_channels(sent, agency), _feed_operations())


def _whole(
    version: str,
    messages: Mapping[str, Any],
    channels: Mapping[str, Any],
    operations: Mapping[str, Any],
) -> dict[str, Any]:
    traits = {
        "cloudEvent": {"headers": _headers(HEADERS)},
        "feed": {"headers": _headers(feeds.HEADERS)},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Registry hub",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": name} for name in (*EVENTS, "hub")],
        },
        "defaultContentType": "application/avro",
        "servers": _servers(),
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "messageTraits": traits,
            "securitySchemes": _SECURITY,
        },
    }


_SECURITY: Final[Mapping[str, Any]] = {
    "scram": {
        "type": "scramSha512",
        "description": "User name and password; each agency and each part of the hub has its own. "
        "What is not granted is denied.",
    }
}


def _servers() -> dict[str, Any]:
    security = [{"$ref": "#/components/securitySchemes/scram"}]
    return {
        "production": {
            "host": "{host}:{port}",
            "protocol": "kafka-secure",
            "description": "SASL_SSL with SCRAM-SHA-512. The hub's operator names host and port, "
            "and gives you the certificate of its authority.",
            "variables": {
                "host": {"default": "kafka.example.org"},
                "port": {"default": "9094"},
            },
            "security": security,
            "bindings": {
                "kafka": {
                    "schemaRegistryUrl": "https://schemas.example.org",
                    "schemaRegistryVendor": "confluent",
                    "bindingVersion": BINDING,
                }
            },
        },
        "local": {
            "host": "127.0.0.1:29092",
            "protocol": "kafka",
            "description": "The stack of `hub up`: SASL_PLAINTEXT with SCRAM-SHA-512, loopback "
            "only.",
            "security": security,
            "bindings": {
                "kafka": {
                    "schemaRegistryUrl": "http://127.0.0.1:29084",
                    "schemaRegistryVendor": "confluent",
                    "bindingVersion": BINDING,
                }
            },
        },
    }


def _channel(topic: Topic, partitions: int) -> dict[str, Any]:
    config: dict[str, Any] = {"cleanup.policy": [topic.config["cleanup.policy"]]}
    if "retention.ms" in topic.config:
        config["retention.ms"] = int(topic.config["retention.ms"])
    names = [entry.name for entry in entries() if topic.name in entry.topics]
    return {
        "address": topic.name,
        "title": TOPIC_WORDS[topic.name],
        "description": f"Key: {key_words(topic.name)}. Kept: {kept(topic.config)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions or partitions,
                "topicConfiguration": config,
                "bindingVersion": BINDING,
            }
        },
    }


def _message(entry: Entry) -> dict[str, Any]:
    text_key = any(topic in KEYS for topic in entry.topics)
    message: dict[str, Any] = {
        "name": entry.name,
        "title": entry.full_name,
        "summary": entry.about,
        "contentType": "application/avro",
        "tags": [{"name": entry.registry}],
        "payload": {"schemaFormat": AVRO, "schema": entry.schema},
        "examples": [{"name": "invented", "payload": entry.example}],
        "bindings": {"kafka": _binding(key_words(entry.topics[0]), is_text=text_key)},
    }
    if entry.has_meta:
        message["traits"] = [{"$ref": "#/components/messageTraits/cloudEvent"}]
    return message


def _binding(key: str, *, is_text: bool) -> dict[str, Any]:
    schema = {"type": "string", "description": key[0].upper() + key[1:] + "."}
    return {
        "key": schema
        if is_text
        else schema | {"format": "binary", "minLength": 16, "maxLength": 16},
        "schemaIdLocation": "payload",
        "schemaIdPayloadEncoding": "confluent",
        "schemaLookupStrategy": "TopicRecordNameStrategy",
        "bindingVersion": BINDING,
    }


def _headers(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": "CloudEvents 1.0, binary mode; nothing in them is personal.",
        "required": list(headers),
        "properties": {
            name: {"type": "string", "description": said} for name, said in headers.items()
        },
    }


def _operations() -> dict[str, Any]:
    operations = {}
    for topic in TOPICS:
        ref = {"$ref": f"#/channels/{topic.name}"}
        operations[f"write.{topic.name}"] = {
            "action": "send",
            "channel": ref,
            "summary": f"The hub writes {topic.name}.",
        }
        if topic.name in CONSUMED.values():
            operations[f"read.{topic.name}"] = {
                "action": "receive",
                "channel": ref,
                "summary": "The hub's workers read it.",
            }
    return operations


def _feed_messages(sent: Sequence[FeedMessage]) -> dict[str, Any]:
    return {
        _feed_name(each): {
            "name": each.name,
            "title": each.full_name,
            "summary": each.about,
            "contentType": "application/avro",
            "traits": [{"$ref": "#/components/messageTraits/feed"}],
            "payload": {"schemaFormat": AVRO, "schema": each.schema},
            "examples": [{"name": "invented", "payload": each.example}],
            "bindings": {"kafka": _binding(feeds.KEY, is_text=False)},
        }
        for each in sent
    }


def _feed_name(message: FeedMessage) -> str:
    return message.name if message.name.startswith("feed.") else f"feed.{message.name}"


def _feed_channels(sent: Sequence[FeedMessage], agency: str) -> dict[str, Any]:
    names = [_feed_name(each) for each in sent]
    topics = {"feed": feed_topic(agency), "feed.resend": resend_topic(agency)}
    channels: dict[str, Any] = {}
    for channel, topic in topics.items():
        channels[channel] = {
            "address": topic,
            "title": feeds.TITLES[channel],
            "description": feeds.DESCRIPTION,
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": {
                "kafka": {
                    "partitions": 1,
                    "topicConfiguration": {
                        "cleanup.policy": ["delete"],
                        "retention.ms": feeds.RETENTION_MS,
                    },
                    "bindingVersion": BINDING,
                }
            },
        }
        if agency == feeds.PLACEHOLDER:
            channels[channel]["parameters"] = {"agency": {"description": "The agency's name."}}
    return channels


def _feed_operations() -> dict[str, Any]:
    return {
        f"write.{channel}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{channel}"},
            "summary": f"{title} The hub writes it; the agency reads it.",
        }
        for channel, title in feeds.TITLES.items()
    }
