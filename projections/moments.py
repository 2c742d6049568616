"""The two dates of a question: *as of* a day in the world, *known at* a moment to us. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
FIRST_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)  # no event is recorded before

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")

SAID: Final = "said"  # what the hub said, as it was said
JUDGED: Final = "judged"  # what the rules say, judged again
MODES: Final = (SAID, JUDGED)


class MomentError(ValueError):
    """A date or moment that cannot be asked for; the text repeats nothing that was given."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name  # part of the problem's type


@dataclass(frozen=True, slots=True)
class Moment:
    """What is asked for, and how it is answered."""

    as_of: date
    known_at: datetime
    mode: str

    def leaf(self) -> dict[str, str]:
        """Return what an audit leaf says of it."""
        said = {"known_at": self.known_at.isoformat(), "mode": self.mode}
        return said if self.mode == SAID else said | {"as_of": self.as_of.isoformat()}


def moment(
    as_of: str | None,
    known_at: str | None,
    mode: str | None,
    *,
    today: date,
    now: datetime,
) -> Moment:
    """Return the moment that is asked for; what is not given is now.

    Without dates the answer is what was said, with one of them it is judged again, unless ``mode``
    says otherwise. What was said is said of the day on which it was said: it has no ``as_of``.

    Raises:
        MomentError: a text of another form, out of range, in the future, or both at once.
    """
    if mode is not None and mode not in MODES:
        raise MomentError("mode-unknown", f"mode is one of {', '.join(MODES)}.")
    chosen = mode or (SAID if as_of is None and known_at is None else JUDGED)
    if chosen == SAID and as_of is not None:
        raise MomentError(
            "as-of-with-said", "What was said has no as_of; ask for mode=judged, or leave it out."
        )
    return Moment(
        today if as_of is None else _day(as_of),
        now if known_at is None else _moment(known_at, now),
        chosen,
    )


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise MomentError("as-of-malformed", "as_of is a day: YYYY-MM-DD.")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise MomentError("as-of-out-of-range", f"as_of is between {FIRST_DAY} and {LAST_DAY}.")
    return day


def _moment(text: str, now: datetime) -> datetime:
    try:
        # In a URL an unescaped plus arrives as a space.
        found = datetime.fromisoformat(text[:11] + text[11:].replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise MomentError(
            "known-at-malformed",
            "known_at is a moment with its time zone: YYYY-MM-DDTHH:MM:SSZ, or +05:00 as %2B05:00.",
        )
    try:
        known_at = found.astimezone(UTC)
    except OverflowError:
        known_at = None
    if known_at is None or known_at < FIRST_MOMENT:
        raise MomentError("known-at-out-of-range", f"known_at is not before {FIRST_MOMENT:%Y}.")
    if known_at > now:
        raise MomentError("known-at-future", "known_at is in the future; nobody knows that yet.")
    return known_at
