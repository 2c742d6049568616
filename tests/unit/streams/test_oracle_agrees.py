"""An independent, slow oracle concludes the same of random families."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from schemas.ids import text
from streams.assessment import assess
from streams.household import households
from streams.lifecycle import holding
from streams.person import people
from streams.rules.pack import Surroundings
from streams.rules.uz import PACK
from tests.histories import NOW, ON, Event, families, rows
from tests.integration.assessment.country import THROUGH
from tests.integration.assessment.oracle import Conclusion, conclude


@pytest.mark.parametrize("seed", range(12))
def test_needs_and_households_are_the_oracles(seed: int) -> None:
    events = families(seed)

    for now in (NOW, NOW + timedelta(days=9)):
        assert _conclude(events, now) == conclude(events, ON, now, THROUGH)


def _conclude(events: list[Event], now: datetime) -> Conclusion:
    found = people(holding(rows(events), now), {})
    groups = households(found, ON, PACK.family_law(ON))
    registered: dict[str, list[bytes]] = {}
    for person in found.values():
        for dwelling in {residence.dwelling for residence in person.residences}:
            registered.setdefault(dwelling, []).append(person.id)
    around = Surroundings(found, registered)
    complete = dict.fromkeys(("civil", "tax", "health"), THROUGH)
    needs = {
        (text(need.person), need.kind, text(group.id), need.amount_minor)
        for group in groups
        for need in assess(group, ON, PACK, complete=complete, surroundings=around).needs()
    }
    together = {
        frozenset(text(member.id) for member in group.members)
        for group in groups
        if not group.in_institution
    }
    return needs, together
