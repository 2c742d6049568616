"""What a check can find."""

from __future__ import annotations


class WrongError(Exception):
    """It does not verify; the text says what and where."""
