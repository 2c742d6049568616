"""The topic table. Partition counts never change: keys would move (docs/adr/0001)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table."""

    name: str
    partitions: int | None  # None: the installation's setting
    config: dict[str, str] = field(default_factory=dict)


_FOR_EVER: Final = {"retention.ms": "-1", "cleanup.policy": "delete"}
# index = partition of CHECKPOINTS
_CONNECTORS: Final = ("civil", "tax", "health", "needs", "operator", "feeds")

EVENTS: Final = {
    "civil": "registry.civil.events.v1",
    "tax": "registry.tax.events.v1",
    "health": "registry.health.events.v1",
}
NEEDS: Final = "citizen.needs.v1"
OPERATOR: Final = "hub.operator.events.v1"
CONSUMED: Final = EVENTS | {"hub": OPERATOR}  # what the workers read, by who states it
QUARANTINE: Final = "hub.quarantine.v1"
CHECKPOINTS: Final = "hub.checkpoints.v1"

# The partition of a connector in CHECKPOINTS: one each, or another's open transaction would hide
# committed checkpoints from a read_committed reader. Append only.
CHECKPOINT_PARTITION: Final = {name: number for number, name in enumerate(_CONNECTORS)}

TOPICS: Final = (
    *(Topic(name, None, _FOR_EVER) for name in EVENTS.values()),
    Topic(NEEDS, None, _FOR_EVER),
    Topic(OPERATOR, 1, _FOR_EVER),
    Topic(QUARANTINE, 1, {"retention.ms": str(90 * 86_400_000), "cleanup.policy": "delete"}),
    Topic(CHECKPOINTS, 16, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.5"}),
)


def partitions_of(name: str, partitions: int) -> int:
    """Return the partitions of topic ``name`` in an installation of ``partitions``."""
    return next((topic.partitions for topic in TOPICS if topic.name == name), None) or partitions
