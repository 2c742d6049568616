"""Up to where a bounded replay goes: a moment, or an offset of one partition or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from projections.replay_swap import Place
from schemas.errors import PermanentError
from schemas.topics import CONSUMED, partitions_of


@dataclass(frozen=True, slots=True)
class Until:
    """One of the two."""

    moment: datetime | None = None
    ends: dict[Place, int] = field(default_factory=dict)

    @property
    def microseconds(self) -> int | None:
        """Return the moment since 1970."""
        if self.moment is None:
            return None
        past = self.moment - datetime(1970, 1, 1, tzinfo=UTC)
        return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def parse(words: Sequence[str], *, partitions: int, now: datetime) -> Until:
    """Return what ``--until`` says.

    Args:
        words: the option, as often as it was given.
        partitions: how many a topic has here.
        now: the moment of asking.

    Raises:
        PermanentError: it is neither a time that has been nor a place that there is.
    """
    ends: dict[Place, int] = {}
    moment: datetime | None = None
    for word in words:
        place, mark, offset = word.partition("=")
        if mark:
            topic, _, partition = place.rpartition("/")
            if topic not in CONSUMED.values() or not (partition + offset).isdigit():
                raise PermanentError(
                    f"--until {word}: a place is topic/partition=offset, with one of the topics "
                    f"{', '.join(CONSUMED.values())}"
                )
            many = partitions_of(topic, partitions)
            if int(partition) >= many:
                raise PermanentError(
                    f"--until {word}: {topic} has the partitions 0 to {many - 1}, no other"
                )
            ends[topic, int(partition)] = int(offset)
        else:
            moment = _moment(word)
    if (moment is None) == (not ends) or (moment is not None and len(words) > 1):
        raise PermanentError("--until takes one time, or one offset for each partition")
    if moment is not None and moment > now:
        raise PermanentError(
            f"--until {words[0]}: that has not been yet; it is {now:%Y-%m-%dT%H:%M:%S%z} now"
        )
    return Until(moment, ends)


def _moment(word: str) -> datetime:
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise PermanentError(
            f"--until {word}: a time is written 2026-05-03T12:00:00+00:00; a day alone means its "
            "first moment; without an offset it is UTC"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
