"""Events of an earlier schema version stay readable: topics are kept for ever."""

from __future__ import annotations

import httpx

from ops.settings import Settings
from schemas.catalogue import catalogue, earlier_versions
from schemas.codec import decode, encode
from schemas.registry import look_up, register
from schemas.topics import EVENTS
from streams.facts import facts
from tests.builders import person, record

TYPE = "civil.person_identifier_assigned"


def test_both_versions_are_registered_and_read(stack: Settings) -> None:
    with httpx.Client(base_url=stack.registry_url, timeout=30) as client:
        registered = register(client)
        ids = look_up(client)
    assert ids == registered
    types = ids.types(EVENTS["civil"])
    (first,) = earlier_versions(TYPE)
    old, new = ids.earlier[EVENTS["civil"], TYPE, 1], ids.of(EVENTS["civil"], TYPE)
    assert (types[old], types[new]) == (first, catalogue()[TYPE])

    event = record(TYPE, provisional=person("newborn"))
    written = encode(types[new], new, event)
    assert len(facts(TYPE, decode(written, types).record)) == 3
    del event["provisional"]
    written = encode(first, old, event)
    assert [fact.kind for fact in facts(TYPE, decode(written, types).record)] == ["person"]
