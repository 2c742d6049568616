"""A circle of links is one person, also for whoever comes to it from outside."""

from __future__ import annotations

from streams.identity import canonical, links
from tests.unit.streams.rules.world import World, ident


def test_a_link_into_a_circle_ends_at_the_circles_person() -> None:
    facts = World().linked("1tail", "2a").linked("2a", "3b").linked("3b", "2a").facts
    link = links(facts)

    # The tail has the lowest id of all, but the circle is 2a for itself.
    assert {canonical(ident(name), link) for name in ("1tail", "2a", "3b")} == {ident("2a")}
