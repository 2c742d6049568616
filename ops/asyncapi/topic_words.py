"""What each topic holds, what its keys and headers are, and how long it is kept, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.topics import CHECKPOINTS, EVENTS, NEEDS, OPERATOR, QUARANTINE

_DAY_MS: Final = 86_400_000

TOPIC_WORDS: Final[Mapping[str, str]] = {
    EVENTS["civil"]: "What the civil registry states.",
    EVENTS["tax"]: "What the tax authority states.",
    EVENTS["health"]: "What the health registry states.",
    NEEDS: "Needs that follow: detected, changed, ended.",
    OPERATOR: "What operators decide: links, erasures, releases.",
    QUARANTINE: "Records that broke a rule, sealed.",
    CHECKPOINTS: "How far each connector has come; for connectors only.",
}
KEYS: Final[Mapping[str, str]] = {
    QUARANTINE: "the source",
    CHECKPOINTS: "the connector",
}
_PERSON_KEY: Final = "the 16 bytes of the subject's person id"


def key_words(topic: str) -> str:
    """Return what the key of a record of ``topic`` is."""
    return KEYS.get(topic, _PERSON_KEY)


def kept(config: Mapping[str, str]) -> str:
    """Return how long a topic keeps its records, in words."""
    if config.get("cleanup.policy") == "compact":
        return "the last of each key"
    milliseconds = int(config["retention.ms"])
    return "for ever" if milliseconds < 0 else f"{milliseconds // _DAY_MS} days"


HEADERS: Final[Mapping[str, str]] = {
    "ce_specversion": "1.0",
    "ce_id": "The event id.",
    "ce_type": "The event type.",
    "ce_source": "Who states it: /registries/<registry>.",
    "ce_subject": "The person id.",
    "ce_time": "When it happened (RFC 3339).",
    "content-type": "application/avro",
}
