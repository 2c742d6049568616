"""Whatever is stated under any id of a chain of links is said of one person."""

from __future__ import annotations

from tests.unit.streams.rules.world import World, ident


def test_facts_under_every_id_of_a_chain_are_one_persons() -> None:
    world = World().linked("1first", "2middle").linked("2middle", "3last")
    world.earns("1first", 1_000).man("2middle").died("3last", "2026-01-01")
    world.married("4wife", "1first")

    found = world.people()

    assert found.keys() == {ident("3last"), ident("4wife")}
    person = found[ident("3last")]
    assert len(person.incomes) == 3
    assert person.birth is not None
    assert person.death is not None
    assert [tie.other for tie in found[ident("4wife")].marriages] == [person.id]
