"""Who is who: links between ids, and who may contradict whom. Pure.

docs/lifecycle.md, "Who is who": operators go before registries, of registries the one
known last counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ops.verify.values import Event

_LINKED, _UNLINKED = "hub.identity_linked", "hub.identity_unlinked"


def links_of(held: Iterable[Event]) -> dict[str, str]:
    """Return for each alias whom it stands for, by the events that hold."""
    stated: dict[str, list[tuple[int, str, str]]] = {}
    decided: dict[str, Event] = {}
    for event in held:
        if event.type in {_LINKED, _UNLINKED}:
            decided[event.content["alias"]] = event
        for alias, person in _registries(event):
            stated.setdefault(alias, []).append((event.recorded_at, event.id, person))
    links: dict[str, str] = {}
    for alias in {*stated, *decided}:
        word = decided.get(alias)
        if word is not None and word.type == _LINKED:
            links[alias] = word.content["person"]
            continue
        not_this = None if word is None else word.content["person"]
        left = [one for one in stated.get(alias, []) if one[2] != not_this]
        if left:
            links[alias] = max(left)[2]
    return links


def resolved(id_: str, links: dict[str, str]) -> str:
    """Return whom an id stands for; of ids that only name each other, the lowest."""
    seen: list[str] = []
    while id_ in links:
        if id_ in seen:
            return min(seen[seen.index(id_) :])
        seen.append(id_)
        id_ = links[id_]
    return id_


def _registries(event: Event) -> Iterator[tuple[str, str]]:
    """Give the link that a registry's event states, if it states one."""
    if event.type == "health.patient_linked" and event.content["person"] is not None:
        yield event.subject, event.content["person"]
    if event.type == "civil.person_identifier_assigned":
        provisional = event.content.get("provisional")  # version 1 of the schema had none
        if provisional is not None:
            yield provisional, event.subject
