"""What one agency's feed may carry at one moment. Pure: ``schemas.rights.decide`` decides.

An agency may hold several grants. Each is for one law and one purpose and is judged by itself; no
union is ever taken. Of those that cover an event, the one under which most of its fields may be
seen carries it, of equals the older: its basis stands in the record.

A grant for regions covers an event whose subject is registered there; and one that corrects,
changes or ends what was told under it while its subject was registered there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Final
from uuid import UUID

from schemas.rights import RULES, Access, Decision, Grants, Policy, decide, shown
from streams.feeds.shapes import SENT

NOT_THE_TYPE: Final = "event-type-not-in-basis"
NOT_THE_KIND: Final = "need-kind-not-in-basis"
TOO_OLD: Final = "before-history"
GONE: Final = "event-gone"
# Why a record is withheld, besides the rules of rights; in the order in which they are asked.
OWN_RULES: Final = {
    NOT_THE_TYPE: "no law that the agency has a grant under covers events of this type",
    NOT_THE_KIND: "no law that the agency has a grant under covers needs of this kind",
    TOO_OLD: "the event is from before the history that the grant allows",
    GONE: "the hub no longer has the event as it was applied",
}
_RANK: Final = {rule: rank for rank, rule in enumerate((*RULES, *OWN_RULES))}
_SUBSCRIBE: Final = "subscribe"


@dataclass(frozen=True, slots=True)
class Cover:
    """Under what an event may be sent."""

    grant: UUID
    basis: str
    fields: frozenset[str]  # of the event type, by full name
    since: int  # microseconds since 1970: no event that the hub learnt of before
    granted: datetime  # since when the grant counts


class Entitlement:
    """The rights of one agency at ``now``; what is asked once is remembered."""

    def __init__(self, policy: Policy, grants: Grants, now: datetime) -> None:
        self._policy = policy
        self._grants = grants
        self._now = now
        self._pairs = sorted({(each.basis, each.purpose) for each in grants})
        self._covers: dict[tuple[str, str | None, str | None], list[Cover] | str] = {}
        decisions = [self._decide(pair, None, grants) for pair in self._pairs]
        self._alive = [decision for decision in decisions if decision.allowed]
        self.rule = _furthest((each.rule for each in decisions), self._without_pairs())
        self.event_types = frozenset().union(*(each.event_types for each in self._alive)) & SENT
        by_grant = (each.grant for each in self._alive if each.grant)
        self.regional = frozenset(each.since for each in by_grant if each.regions is not None)

    @property
    def is_alive(self) -> bool:
        """Whether there is a feed at all; if not, ``rule`` says why."""
        return bool(self._alive)

    @property
    def since(self) -> int:
        """Microseconds since 1970: nothing that the hub learnt of before is ever sent."""
        return min(map(_since, self._alive), default=0)

    def cover(
        self,
        event_type: str,
        region: str | None,
        need_kind: str | None,
        recorded_at: int,
        told: Sequence[tuple[datetime, str]] = (),
    ) -> Cover | str:
        """Return under what an event is sent, or the rule by which it is not.

        Args:
            event_type: its type.
            region: the code of its subject's district; None: not known.
            need_kind: the kind of need that it is about, if any.
            recorded_at: when the hub learnt of it, microseconds since 1970.
            told: where its subject was registered when what it corrects or ends was told, under
                grants that count since when.
        """
        found = self._at(event_type, region, need_kind)
        covers = [] if isinstance(found, str) else found
        for granted, place in told:
            earlier = self._at(event_type, place, need_kind)
            if not isinstance(earlier, str):
                covers = covers + [each for each in earlier if each.granted == granted]
        if told:
            covers = sorted(covers, key=_best)
        if not covers and isinstance(found, str):
            return found
        return next((each for each in covers if each.since <= recorded_at), TOO_OLD)

    def _at(self, event_type: str, region: str | None, need_kind: str | None) -> list[Cover] | str:
        asked = (event_type, region if self.regional else None, need_kind)
        found = self._covers.get(asked)
        if found is None:
            found = self._covers[asked] = self._look(*asked)
        return found

    def _look(
        self, event_type: str, region: str | None, need_kind: str | None
    ) -> list[Cover] | str:
        covers = []
        rules = []
        for pair in self._pairs:
            decision = self._decide_for(pair, region)
            if not decision.allowed or decision.grant is None:
                rules.append(shown(decision.rule))
            elif event_type not in decision.event_types:
                rules.append(NOT_THE_TYPE)
            elif need_kind is not None and need_kind not in decision.need_kinds:
                rules.append(NOT_THE_KIND)
            else:
                prefix = f"{event_type}."
                fields = frozenset(name for name in decision.fields if name.startswith(prefix))
                grant = decision.grant
                covers.append(Cover(grant.id, grant.basis, fields, _since(decision), grant.since))
        return sorted(covers, key=_best) or _furthest(rules, self._without_pairs())

    def _decide_for(self, pair: tuple[str, str], region: str | None) -> Decision:
        """Decide for one place; of somebody whose place is unknown only a whole country knows."""
        if region is not None:
            return self._decide(pair, region, self._grants)
        national = tuple(each for each in self._grants if each.regions is None)
        decision = self._decide(pair, None, replace(self._grants, granted=national))
        if decision.rule == "no-grant":
            decision = self._decide(pair, None, self._grants)
            if decision.allowed:
                return Decision(False, "region-unknown")
        return decision

    def _decide(self, pair: tuple[str, str], region: str | None, grants: Grants) -> Decision:
        basis, purpose = pair
        access = Access(self._grants.agency, purpose, basis, _SUBSCRIBE, region)
        return decide(self._policy, grants, access, self._now)

    def _without_pairs(self) -> str:
        return self._decide(("", ""), None, self._grants).rule if not self._pairs else "no-grant"


def _best(cover: Cover) -> tuple[int, datetime]:
    return -len(cover.fields), cover.granted


def _furthest(rules: Iterable[str], otherwise: str) -> str:
    return max(rules, key=_RANK.__getitem__, default=otherwise)


def _since(decision: Decision) -> int:
    if decision.history_from is None:
        return 0
    midnight = datetime.combine(decision.history_from, time(0), UTC)
    return int(midnight.timestamp()) * 1_000_000
