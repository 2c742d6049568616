"""What others ask of the key store; ``projections.keystore`` keeps the contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class KeyReader(Protocol):
    """Sealing keys that exist, by (owner, class); creates none."""

    def existing(self, wanted: Iterable[tuple[bytes, str]]) -> dict[tuple[bytes, str], bytes]:
        """Return the key of every pair that has one, empty where it was erased.

        Raises:
            TransientError: the key store does not answer.
        """
        ...


class KeyStore(KeyReader, Protocol):
    """Sealing keys for who also seals."""

    def keys(self, wanted: Iterable[tuple[bytes, str]]) -> dict[tuple[bytes, str], bytes]:
        """Return the key of every pair, empty where it was erased; what does not exist is made.

        Raises:
            TransientError: the key store does not answer.
        """
        ...
