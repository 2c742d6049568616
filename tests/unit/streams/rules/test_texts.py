"""Whatever the pack says can be read in four languages, in the right letters."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings

import streams.rules.uz
from streams.rules.load import InvalidPackError
from streams.rules.reason import MET, MISSED, UNKNOWN, walk
from streams.rules.texts import LANGUAGES, languages, read_catalogue, text_of
from streams.rules.uz import PACK
from tests.unit.streams.rules.countries import countries
from tests.unit.streams.rules.world import World

CATALOGUE = read_catalogue(PACK.texts)
KNOWN = set(CATALOGUE["en"])
BUILDERS = {"test", "both", "either", "Condition", "compared", "_judged"}
SOURCES = [*Path(streams.rules.uz.__file__).parent.glob("*.py")]
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
LATIN = re.compile(r"[a-z]", re.IGNORECASE)


def words_in_source() -> Iterator[str]:
    """Names of conditions, which stand as the first texts of the calls that build them."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in BUILDERS:
                for word in node.args[:2]:
                    if isinstance(word, ast.Constant) and isinstance(word.value, str):
                        yield word.value


def test_every_word_in_the_source_has_its_texts() -> None:
    words = set(words_in_source())

    assert len(words) > 50
    assert words - KNOWN == set()


def test_every_kind_urgency_status_result_and_unit_has_its_texts() -> None:
    words = set(PACK.by_kind()) | {rule.urgency for rule in PACK.rules}
    words |= {"detected", "changed", "ended", "living", MET, MISSED, UNKNOWN}
    words |= {dated.unit for sets in PACK.parameters.values() for dated in sets}
    words |= {PACK.currency.unit, PACK.currency.minor, f"{PACK.currency.unit}_a_month"}

    assert words - KNOWN == set()


@settings(max_examples=40, deadline=None)
@given(countries())
def test_every_word_that_is_said_has_its_texts(world: World) -> None:
    words = set()
    for found in world.assess():
        words.add(found.outcome)
        for judgement in found.judgements.values():
            for node in walk(judgement.reason):
                words |= {node.name, node.unit or MET}
                if isinstance(node.value, str) and not re.fullmatch(r"[\d/-]+", node.value):
                    words.add(node.value)

    assert words - KNOWN == set()


def test_no_word_has_a_number_in_it() -> None:
    assert [key for key in KNOWN if re.search(r"\d", key)] == []


@pytest.mark.parametrize("key", sorted(KNOWN))
def test_letters(key: str) -> None:
    latin, cyrillic, russian, english = (text_of(PACK, key, language) for language in LANGUAGES)

    for text in (latin, cyrillic, russian, english):
        assert text == unicodedata.normalize("NFC", text).strip()
        assert not set("'`‘’") & set(text)
    assert not CYRILLIC.search(latin)
    assert not CYRILLIC.search(english)
    assert not LATIN.search(cyrillic)
    assert not LATIN.search(russian)
    assert not set("ʻʼ") & set(cyrillic + russian + english)
    # ʻ (U+02BB) makes the letters oʻ and gʻ and nothing else; ʼ (U+02BC) follows no o or g.
    assert re.findall(r"(?<![oOgG])ʻ|[oOgG]ʼ", latin) == []
    assert not set("ыщь") & set(cyrillic.lower())


def test_both_scripts_of_uzbek_say_the_same() -> None:
    said = CATALOGUE["uz-Latn"], CATALOGUE["uz-Cyrl"]

    assert [key for key in KNOWN if _cyrillic(said[0][key]) != said[1][key].lower()] == []


def test_a_word_that_is_not_known_is_shown_as_it_is() -> None:
    assert text_of(PACK, "some_old_kind", "en") == "some old kind"
    assert languages(PACK) == LANGUAGES


def test_a_language_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="rule pack uz has no texts in de, only in uz-Latn"):
        text_of(PACK, "minor", "de")


BROKEN = [
    ("languages = ['en']\n[a]\nx = ['one', 'two']\n", r"a\.x: 1 texts are expected"),
    ("languages = ['en']\n[a]\nx = [' ']\n", r"a\.x: the text in en is missing"),
    ("languages = ['en']\n[a]\nx = ['y']\n[b]\nx = ['z']\n", r"b\.x: the key stands in another"),
    ("languages = ['en']\nx = ['y']\n", r"x: a section is expected"),
    ("[a]\nx = ['y']\n", "languages: name each"),
    ("languages = ['en', 'en']\n", "languages: name each"),
    ("languages = [", "Invalid value"),
]


@pytest.mark.parametrize(("content", "error"), BROKEN)
def test_a_broken_catalogue_says_where(tmp_path: Path, content: str, error: str) -> None:
    path = tmp_path / "texts.toml"
    path.write_text(content, "utf-8")

    with pytest.raises(InvalidPackError, match=f"texts.toml: .*{error}"):
        read_catalogue(path)


_PAIRS = {
    "oʻ": "ў",
    "gʻ": "ғ",
    "sh": "ш",
    "ch": "ч",
    "ya": "я",
    "yo": "ё",
    "yu": "ю",
    "ye": "\u0435",
}
_LETTERS = dict(zip("abvgdejziyklmnoprstufxqhʼ", "абвгдежзийклмнопрстуфхқҳъ", strict=True))


def _cyrillic(latin: str) -> str:
    """Return Uzbek in Cyrillic letters, in small ones; enough for the words of this catalogue."""
    text = re.sub(r"yoʻ", "йў", latin.lower())
    text = re.sub(r"(?<![a-zʻʼ])e", "э", text)
    for pair, letter in _PAIRS.items():
        text = text.replace(pair, letter)
    return "".join(_LETTERS.get(letter, letter) for letter in text)
