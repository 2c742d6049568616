"""What a replay does with each table of ``live``. A table that is not here is refused, not lost.

FOLDED   from the registries' topics, see ``replay_fold`` and ``chunk_sql``
SAID     what was said of needs, from ``citizen.needs.v1`` and the outbox, see ``replay_history``
ASSESSED concluded anew by assessing everybody
QUEUE    what the rebuild's own folding queued, and what is pending in ``live``
CARRIED  work that waits: what ``live`` has of it when schemas are swapped
MOVED    neither folded nor compared: the table itself moves with the name ``live``
"""

from __future__ import annotations

from typing import Final

FOLDED: Final = "folded"
SAID: Final = "said"
ASSESSED: Final = "assessed"
QUEUE: Final = "queue"
CARRIED: Final = "carried"
MOVED: Final = "moved"

HANDLED: Final[dict[str, str]] = {
    "facts": FOLDED,
    "closures": FOLDED,
    "completeness": FOLDED,
    "progress": FOLDED,
    "replacements": FOLDED,
    "quarantined": FOLDED,
    "need_history": SAID,
    "needs": ASSESSED,
    "assessments": ASSESSED,
    "causes": QUEUE,
    "rejudgements": CARRIED,
    "memberships": MOVED,
    "payment_findings": MOVED,
    "match_blocks": MOVED,
    "match_progress": MOVED,
    "suggestions": MOVED,
}
