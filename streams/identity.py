"""Which ids are one person. Pure.

Facts never move: a link maps a provisional id (an *alias*) to a person, and whoever asks for the
person reads the facts of all its ids. Registries state links, and operators decide about them:

- of one alias an operator's last decision holds (they are versions of one record);
- *linked* goes before whatever registries say; *unlinked* takes the registries' links of this
  alias to that very person away, not their links to others;
- of several links that are left the one known last counts, then the higher event id.

Links may form chains; a circle, which only an error makes, is one person under its lowest id, so
that everybody who looks at it agrees. ``kept.link_of`` and ``kept.canonical`` are the same in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from streams.lifecycle import Fact

LONGEST_CHAIN: Final = 16
OPERATOR: Final = "operator"

# Kinds of facts that link, or take a link away, and the field that names the other end.
LINKING: Final = {"linked_to": "person", "linked_from": "alias"}
UNLINKING: Final = {"unlinked_to": "person", "unlinked_from": "alias"}
LINK_KINDS: Final = (*LINKING, *UNLINKING)
_NAMES: Final = LINKING | UNLINKING

_Rank = tuple[object, bytes]


def identifier(text: str) -> bytes:
    """Return the id in the text of a fact."""
    return bytes.fromhex(text.replace("-", ""))


def links(facts: Iterable[Fact]) -> dict[bytes, bytes]:
    """Return alias to person, from the holding facts of ``LINK_KINDS``."""
    decided: dict[bytes, tuple[_Rank, bytes, bool]] = {}  # alias -> rank, person, linked or not
    stated: dict[tuple[bytes, bytes], _Rank] = {}  # (alias, person) -> rank
    for fact in facts:
        name = _NAMES.get(fact.kind)
        if name is None or fact.value.get(name) is None:
            continue
        named = identifier(fact.value[name])
        alias, other = (fact.person, named) if name == "person" else (named, fact.person)
        rank = fact.known_from, fact.event_id
        is_linked = fact.kind in LINKING
        if not is_linked or fact.value.get("by") == OPERATOR:
            if alias not in decided or decided[alias][0] < rank:
                decided[alias] = rank, other, is_linked
        elif (alias, other) not in stated or stated[alias, other] < rank:
            stated[alias, other] = rank
    chosen = _of_registries(stated, decided)
    chosen |= {alias: person for alias, (_, person, is_linked) in decided.items() if is_linked}
    return {alias: person for alias, person in chosen.items() if alias != person}


def _of_registries(
    stated: Mapping[tuple[bytes, bytes], _Rank],
    decided: Mapping[bytes, tuple[_Rank, bytes, bool]],
) -> dict[bytes, bytes]:
    """Return what registries link, of each alias the last that was not taken back."""
    best: dict[bytes, tuple[_Rank, bytes]] = {}
    for (alias, person), rank in stated.items():
        _, refused, is_linked = decided.get(alias, (None, None, True))
        if person == refused and not is_linked:
            continue
        if alias not in best or best[alias][0] < rank:
            best[alias] = rank, person
    return {alias: person for alias, (_, person) in best.items()}


def canonical(identifier_: bytes, link: Mapping[bytes, bytes]) -> bytes:
    """Return the person that ``identifier_`` stands for."""
    path = [identifier_]
    while (following := link.get(path[-1])) is not None and len(path) <= LONGEST_CHAIN:
        if following in path:
            return min(path[path.index(following) :])
        path.append(following)
    return path[-1]
