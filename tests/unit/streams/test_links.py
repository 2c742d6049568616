"""Who is who: operators before registries, the last before the first, chains, circles."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import text
from streams.identity import OPERATOR, canonical, links
from streams.lifecycle import Fact

START = datetime(2026, 1, 1, tzinfo=UTC)


def one(name: str) -> bytes:
    return name.encode().ljust(16, b"\0")


def said(
    kind: str, alias: str, person: str | None, at: int = 0, *, by: str | None = None, event: int = 0
) -> list[Fact]:
    """What one event states: a fact at the alias, and one at the person."""
    value: dict[str, Any] = {"reason": "r"} | ({} if by is None else {"by": by})
    ends = [(one(alias), f"{kind}_to", {"person": person and text(one(person))})]
    if person is not None:
        ends.append((one(person), f"{kind}_from", {"alias": text(one(alias))}))
    event_id = f"{event or at}{kind}{alias}{person}".encode().rjust(16, b"0")
    return [
        Fact(
            event_id=event_id,
            person=who,
            kind=kind_,
            value=value | named,
            sealed=None,
            sensitivity=None,
            valid_from=None,
            valid_to=None,
            known_from=START + timedelta(days=at),
            record=event_id,
            version=1,
            change="CREATED",
            latest=1,
        )
        for who, kind_, named in ends
    ]


def registry(alias: str, person: str | None, at: int = 0, event: int = 0) -> list[Fact]:
    return said("linked", alias, person, at, event=event)


def linked(alias: str, person: str, at: int = 0) -> list[Fact]:
    return said("linked", alias, person, at, by=OPERATOR)


def unlinked(alias: str, person: str, at: int = 0) -> list[Fact]:
    return said("unlinked", alias, person, at)


@pytest.mark.parametrize(
    ("facts", "person"),
    [
        pytest.param([], "a", id="nobody says anything"),
        pytest.param(registry("a", None), "a", id="a registry says: nobody"),
        pytest.param(registry("a", "p"), "p", id="a registry says so"),
        pytest.param(registry("a", "p", 1) + registry("a", "q", 2), "q", id="known last counts"),
        pytest.param(
            registry("a", "q", 1, event=2) + registry("a", "p", 1, event=1),
            "q",
            id="of two known at once the higher event id",
        ),
        pytest.param(linked("a", "q", 1) + registry("a", "p", 2), "q", id="an operator goes first"),
        pytest.param(unlinked("a", "p", 1), "a", id="unlinked from whom nobody links"),
        pytest.param(registry("a", "p", 2) + unlinked("a", "p", 1), "a", id="unlinked, said again"),
        pytest.param(
            registry("a", "p", 2) + registry("a", "q", 1) + unlinked("a", "p", 3),
            "q",
            id="unlinked from one, linked to another",
        ),
        pytest.param(registry("a", "p") + unlinked("b", "p", 1), "p", id="of another alias"),
        pytest.param(registry("a", "b") + registry("b", "p"), "p", id="a chain"),
        pytest.param(
            registry("a", "b") + registry("b", "p") + unlinked("b", "p", 1), "b", id="a cut chain"
        ),
        pytest.param(registry("a", "b") + linked("b", "a"), "a", id="a circle"),
        pytest.param(registry("a", "a"), "a", id="itself"),
    ],
)
def test_who_a_is(facts: list[Fact], person: str) -> None:
    assert canonical(one("a"), links(facts)) == one(person)


moves = st.lists(
    st.tuples(
        st.sampled_from([registry, linked, unlinked]),
        st.sampled_from("abc"),
        st.sampled_from("abcp"),
        st.integers(0, 4),
    ),
    max_size=12,
)


@given(moves, st.integers())
def test_neither_order_nor_the_end_that_is_read_matters(
    said_: list[tuple[Any, str, str, int]], seed: int
) -> None:
    events = [make(alias, person, at) for make, alias, person, at in said_ if alias != person]
    facts = [fact for event in events for fact in event]
    mixed = facts[:]
    random.Random(seed).shuffle(mixed)

    found = links(facts)

    assert links(mixed) == found
    assert links(fact for fact in facts if fact.kind.endswith("_to")) == found
    assert links(fact for fact in facts if fact.kind.endswith("_from")) == found


@given(moves)
def test_everybody_on_a_path_agrees(said_: list[tuple[Any, str, str, int]]) -> None:
    found = links([f for make, alias, person, at in said_ for f in make(alias, person, at)])

    for alias, person in found.items():
        assert canonical(alias, found) == canonical(person, found)
