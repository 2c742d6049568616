"""What a feed carries, as messages: the schemas come from ``streams.feeds.shapes``. Pure.

The document for everybody shows each field that any agency can have; the one for an agency shows
what its rights cover, and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ops.asyncapi.entries import words
from ops.asyncapi.shapes import example
from schemas.catalogue import EventType, catalogue
from streams.feeds.cutting import ENDED_TYPE, WITHHELD_TYPE
from streams.feeds.shapes import SENT, ended, shape, withheld

ANY: Final = "agency"  # stands for an agency's name in the document for everybody
PLACEHOLDER: Final = "{agency}"  # in an address
RETENTION_MS: Final = 7 * 86_400_000
KEY: Final = "the agency's own pseudonym of the person, 16 bytes; none in a record about the feed"
TITLES: Final[Mapping[str, str]] = {
    "feed": "What an agency's legal basis covers, numbered without a gap.",
    "feed.resend": "Parts of the feed that were asked for again, with their first numbers.",
}
DESCRIPTION: Final = "One partition. Kept: 7 days, unless the hub's operator says otherwise."

HEADERS: Final[Mapping[str, str]] = {
    "feed_number": "The number of the record in its feed, in decimal.",
    "ce_specversion": "1.0",
    "ce_id": "The agency's own id of the event.",
    "ce_type": f"The event type, or {ENDED_TYPE} or {WITHHELD_TYPE}.",
    "ce_source": "hub",
    "ce_time": "When it was sent (RFC 3339).",
    "content-type": "application/avro",
}
_ABOUT: Final[Mapping[str, str]] = {
    ENDED_TYPE: "The last record of a feed that ends, and the rule by which it ends.",
    WITHHELD_TYPE: "Sent again in place of a record that today's rights refuse, with its number.",
}


@dataclass(frozen=True, slots=True)
class FeedMessage:
    """One record type of a feed."""

    name: str  # the event type, "feed.ended" or "feed.withheld"
    about: str
    schema: Mapping[str, Any]
    full_name: str
    example: Mapping[str, Any]


def everything(name: str) -> frozenset[str]:
    """Return every field of an event type, by full name."""
    return frozenset(f"{name}.{field}" for field in catalogue()[name].fields)


def feed_messages(
    agency: str = ANY, fields_of: Callable[[str], frozenset[str]] = everything
) -> tuple[FeedMessage, ...]:
    """Return what a feed may carry, by name; what the feed says of itself comes last.

    Args:
        agency: whose feed.
        fields_of: by event type, the fields that it may see; none: the type is not sent.
    """
    found = []
    for name in (each for each in catalogue() if each in SENT):
        if fields := fields_of(name):
            row = shape(agency, name, fields).row
            found.append(_message(name, json.loads(catalogue()[name].text)["doc"], row))
    for name, row in ((ENDED_TYPE, ended(agency)), (WITHHELD_TYPE, withheld(agency))):
        found.append(_message(name, _ABOUT[name], row))
    return tuple(found)


def _message(name: str, about: str, row: EventType) -> FeedMessage:
    schema = json.loads(row.text)
    known = words()["examples"] | words()["feed_examples"]
    value = {
        field["name"]: example(field["type"], f"{name}.{field['name']}", known)
        for field in schema["fields"]
    }
    if "corrects" in value:
        value["corrects"] = None
    if name == ENDED_TYPE:
        value["rule"] = "grant-expired"
    if name == WITHHELD_TYPE:
        value["rule"] = "grant-revoked"
    return FeedMessage(name, about, schema, row.full_name, value)
