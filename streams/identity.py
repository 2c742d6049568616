"""Which ids are one person. Pure.

Facts never move: a link maps a provisional id (an *alias*) to a person, and whoever asks for the
person reads the facts of all its ids. Links may form chains; a circle, which only an error makes,
is one person under its lowest id, so that everybody who looks at it agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from streams.lifecycle import Fact

LONGEST_CHAIN: Final = 16


def identifier(text: str) -> bytes:
    """Return the id in the text of a fact."""
    return bytes.fromhex(text.replace("-", ""))


def links(facts: Iterable[Fact]) -> dict[bytes, bytes]:
    """Return alias to person, from the holding facts ``linked_to`` and ``linked_from``.

    Of two links of one alias the one known last counts.
    """
    chosen: dict[bytes, tuple[Fact, bytes]] = {}
    for fact in facts:
        name = {"linked_to": "person", "linked_from": "alias"}.get(fact.kind)
        if name is None or fact.value.get(name) is None:
            continue
        named = identifier(fact.value[name])
        alias, other = (fact.person, named) if name == "person" else (named, fact.person)
        rival = chosen.get(alias)
        if rival is None or _rank(rival[0]) < _rank(fact):
            chosen[alias] = fact, other
    return {alias: person for alias, (_, person) in chosen.items() if alias != person}


def canonical(identifier_: bytes, link: Mapping[bytes, bytes]) -> bytes:
    """Return the person that ``identifier_`` stands for."""
    path = [identifier_]
    while (following := link.get(path[-1])) is not None and len(path) <= LONGEST_CHAIN:
        if following in path:
            return min(path[path.index(following) :])
        path.append(following)
    return path[-1]


def _rank(fact: Fact) -> tuple[object, bytes]:
    return fact.known_from, fact.event_id
