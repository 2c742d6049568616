"""The issuer's public keys: fetched, kept, refreshed; old ones go on while the issuer is silent.

Nothing here is durable. A key that is not known makes one look at the issuer, at most every
``_AGAIN_SECONDS``, so that a flood of invented key ids is a flood nowhere else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from schemas.errors import PermanentError, TransientError

FRESH_SECONDS: Final = 300.0  # after which a look is due
_AGAIN_SECONDS: Final = 5.0  # between two looks at least; doubled with each failure
_LONGEST_PAUSE: Final = 60.0
_MOST_BYTES: Final = 65_536
_MOST_KEYS: Final = 32

Fetch = Callable[[], bytes]  # the JSON of a key set; raises TransientError


@dataclass(slots=True)
class IssuerKeys:
    """Public keys by key id. Safe to share between threads."""

    fetch: Fetch
    clock: Callable[[], float]  # seconds that only go up
    on_change: Callable[[], None] = lambda: None
    _keys: dict[str, Key] = field(default_factory=dict, init=False)
    _next_look: float = field(default=float("-inf"), init=False)
    _due_at: float = field(default=float("-inf"), init=False)
    _pause: float = field(default=_AGAIN_SECONDS, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def find(self, name: str) -> Key | None:
        """Return a key; one that is not known is looked for at the issuer.

        Raises:
            TransientError: not a single key is known, and the issuer is silent.
        """
        if (key := self._keys.get(name)) is None or self.clock() >= self._due_at:
            self._look()
            key = self._keys.get(name)
        if not self._keys:
            raise TransientError("the token issuer's keys are not known; is the issuer running?")
        return key

    def is_due(self) -> bool:
        """Return whether a look is due that nobody takes at this moment."""
        return self.clock() >= self._due_at and not self._lock.locked()

    def are_known(self) -> bool:
        """Return whether any token can be checked."""
        if not self._keys:
            self._look()
        return bool(self._keys)

    def _look(self) -> None:
        """Fetch the keys unless that was done a moment ago; keep the old ones if that fails."""
        with self._lock:
            now = self.clock()
            if now < self._next_look:
                return
            try:
                found = read_keys(self.fetch())
            except (TransientError, PermanentError):
                self._next_look = now + self._pause
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
                self._due_at = max(self._due_at, self._next_look)
                return
            is_new = _said(found) != _said(self._keys)
            self._keys = found
            self._pause, self._next_look = _AGAIN_SECONDS, now + _AGAIN_SECONDS
            self._due_at = now + FRESH_SECONDS
        if is_new:
            self.on_change()


def read_keys(text: bytes) -> dict[str, Key]:
    """Return the signing keys of a key set (RFC 7517) by key id; others are left out.

    A set may hold none: then the issuer has withdrawn what it had, and nobody counts.

    Raises:
        PermanentError: it is no key set.
    """
    if len(text) > _MOST_BYTES:
        raise PermanentError("the issuer's key set is too large")
    try:
        listed = json.loads(text)["keys"]
        wanted = [one for one in listed[:_MOST_KEYS] if _counts(one)]
        imported = KeySet.import_key_set({"keys": wanted}).keys if wanted else []
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PermanentError("what the issuer gives out is no set of keys") from error
    return {key.kid: key for key in imported if key.kid}


def _said(keys: Mapping[str, Key]) -> dict[str, object]:
    """Return what is said of each key: one may be replaced under the same id."""
    return {name: key.as_dict(private=False) for name, key in keys.items()}


def _counts(one: dict[str, object]) -> bool:
    """Whether it is a public signing key of a kind that counts, and has a name."""
    curve = one.get("crv") in ("Ed25519", "P-256")
    return curve and isinstance(one.get("kid"), str) and one.get("use", "sig") == "sig"
