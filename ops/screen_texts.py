"""What a screen says in a language: the pack's words, and what stands around them.

Kinds, conditions, units and urgencies are the pack's (``streams/rules/texts.py``); titles and
labels belong to the screen, and stand in ``screen_texts.toml``, written the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from streams.rules.pack import Currency
from streams.rules.texts import read_catalogue, text_of
from streams.rules.uz import PACK

CATALOGUE: Final = Path(__file__).with_name("screen_texts.toml")
_A_MONTH: Final = "_a_month"


def plain(key: str) -> str:
    """Return a key as words of its own."""
    return key.replace("_", " ")


class Texts(NamedTuple):
    """How one language reads."""

    language: str
    word: Callable[[str], str]  # from a key of the pack to what people read

    def say(self, key: str, **values: object) -> str:
        """Return a text of the screen with its places filled."""
        return read_catalogue(CATALOGUE)[self.language][key].format(**values)

    def money(self, minor: int, unit: str, currency: Currency, sign: str = "") -> str:
        """Return an amount in whole units; ``unit`` is of the minor one, and may be a month's."""
        amount = f"{currency.units(minor, sign)} {self.word(currency.unit)}"
        rest = unit.removeprefix(currency.minor)
        return self.say("a_month", amount=amount) if rest == _A_MONTH else amount + plain(rest)


PLAIN: Final = Texts("en", plain)
"""English, with keys that stand for themselves."""


def words_of(language: str) -> Texts:
    """Return the texts of a language; a key of the pack without one stands for itself."""
    return Texts(language, lambda key: text_of(PACK, key, language))
