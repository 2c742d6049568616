"""The key store as one reader sees it: what is restricted, and not for their basis, is erased.

For readings, never for judging needs: a family's need rests on what is restricted, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from projections.keystore import KeyName
from projections.sealing_keys import KeyReader


class Readable(KeyReader, Protocol):
    """A key store that knows what is restricted; ``projections.keystore`` keeps its contract."""

    def readable(self, wanted: Iterable[KeyName], basis: str, on: date) -> dict[KeyName, bytes]: ...


@dataclass(frozen=True, slots=True)
class ForBasis:
    """Keys for one legal basis."""

    keystore: Readable
    basis: str
    on: date

    def existing(self, wanted: Iterable[KeyName]) -> dict[KeyName, bytes]:
        """Return the keys that may be used; see ``KeyReader``."""
        return self.keystore.readable(wanted, self.basis, self.on)
