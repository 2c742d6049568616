"""Open the health blocks that a judgement rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from projections.keystore import open_block
from projections.sealing_keys import KeyReader
from streams.erasures import erased
from streams.lifecycle import Fact
from streams.person import SEALED_KINDS, Opened

_CLASS: Final = "health"


def open_health(keystore: KeyReader, facts: Iterable[Fact]) -> Opened:
    """Return in clear, by event, the health blocks that a judgement rests on.

    Args:
        keystore: keys are asked for at once, and only if there is a block to open.
        facts: of anybody; of ``SEALED_KINDS``, no others are opened: nobody reads them here.

    Returns:
        None for a block that was erased, or that came without one.

    Raises:
        TransientError: the key store does not answer.
        PermanentError: a block does not open under its key.
    """
    facts = list(facts)
    sealed = [fact for fact in facts if fact.kind in SEALED_KINDS]
    if not sealed:
        return {}
    gone = erased(facts, _CLASS)  # the fact counts, even while the key is still there
    keys = keystore.existing(
        {(fact.person, _CLASS) for fact in sealed} - {(p, _CLASS) for p in gone}
    )
    opened: dict[bytes, Mapping[str, Any] | None] = {}
    for fact in sealed:
        key = keys.get((fact.person, _CLASS))
        if not key or fact.sealed is None:
            opened[fact.event_id] = None
            continue
        value = open_block(key, fact.event_id, _CLASS, fact.sealed)
        opened[fact.event_id] = value if isinstance(value, dict) else None
    return opened
