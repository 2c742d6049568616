"""What people read of a pack's words: one catalogue a pack, in every language it names.

Kinds, conditions, outcomes, urgencies, statuses, results, units and words that stand as values
share one set of keys, so whoever shows a reason need not know what a word is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from streams.rules.load import InvalidPackError
from streams.rules.pack import RulePack

LANGUAGES: Final = ("uz-Latn", "uz-Cyrl", "ru", "en")


def text_of(pack: RulePack, key: str, language: str) -> str:
    """Return the text of a word of ``pack``; of one that it does not know, the word itself.

    Raises:
        ValueError: the pack has no texts in that language.
    """
    catalogue = read_catalogue(pack.texts)
    if language not in catalogue:
        known = ", ".join(catalogue)
        raise ValueError(f"rule pack {pack.name} has no texts in {language}, only in {known}")
    return catalogue[language].get(key) or key.replace("_", " ")


def languages(pack: RulePack) -> tuple[str, ...]:
    """Return the languages of a pack's catalogue, in its order."""
    return tuple(read_catalogue(pack.texts))


@lru_cache
def read_catalogue(path: Path) -> Mapping[str, Mapping[str, str]]:
    """Return by language the text of every key.

    Raises:
        InvalidPackError: which place of the file is wrong.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidPackError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidPackError(f"{path}: {error}") from None
    order = content.pop("languages", None)
    if not isinstance(order, list) or not order or len(set(order)) != len(order):
        raise InvalidPackError(f"{path}: languages: name each language of the texts once")
    found: dict[str, dict[str, str]] = {language: {} for language in order}
    for section, words in content.items():
        if not isinstance(words, dict):
            raise InvalidPackError(f"{path}: {section}: a section is expected, as [{section}]")
        for key, texts in words.items():
            place = f"{path}: {section}.{key}"
            if key in found[order[0]]:
                raise InvalidPackError(f"{place}: the key stands in another section, too")
            if not isinstance(texts, list) or len(texts) != len(order):
                raise InvalidPackError(f"{place}: {len(order)} texts are expected")
            for language, text in zip(order, texts, strict=True):
                if not isinstance(text, str) or not text.strip():
                    raise InvalidPackError(f"{place}: the text in {language} is missing")
                found[language][key] = text
    return found
