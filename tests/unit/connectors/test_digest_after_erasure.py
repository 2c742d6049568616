"""A repeat read after an erasure is still a repeat."""

from __future__ import annotations

from connectors.messages import Position
from connectors.source import Cursor, Page
from tests.unit.connectors.fakes import KEYS, MemoryKeyStore, composer, events, income, translate


def test_an_erasure_does_not_change_the_digest() -> None:
    person = KEYS.pseudonym("uz.pinfl", "0")
    page = Page([income(1)], Cursor("1"))
    digests = set()
    for store in (MemoryKeyStore(), MemoryKeyStore(erased=[(person, "identity")])):
        composed = composer(key_store=store).compose(page, translate, Position.start(3), now=5)
        digests.add(events(composed.messages)[0].record["meta"]["digest"])

    assert len(digests) == 1
