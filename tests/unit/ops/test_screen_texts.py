"""What a screen says, in every language that the rule pack has."""

from __future__ import annotations

import io
import re
import string
from typing import Any

import pytest
from rich.console import Console

from ops.person_view import render
from ops.screen_texts import CATALOGUE, words_of
from projections.moments import JUDGED
from streams.rules.texts import LANGUAGES, read_catalogue

ENGLISH = re.compile(
    r"\b(person|household|member|assessed|change|needs?|since|review|month|soum|threshold|distance|"
    r"near|miss|missed|said|known|rule|immediate|facts?|from|until|states|event|events|sealed|"
    r"evidence|registry|recorded|place|freshness|complete|through|stored|never|unknown|judged)\b",
    re.IGNORECASE,
)
ID = "11111111-1111-4111-8111-111111111111"


def test_each_key_has_four_languages_with_the_same_places() -> None:
    texts = read_catalogue(CATALOGUE)

    assert tuple(texts) == LANGUAGES
    for key in texts["en"]:
        places = {
            language: sorted(str(name) for _, name, _, _ in string.Formatter().parse(words[key]))
            for language, words in texts.items()
        }
        named = {language: {n for n in found if n != "None"} for language, found in places.items()}
        assert all(each == named["en"] for each in named.values()), key


def test_no_key_is_without_use() -> None:
    code = CATALOGUE.with_name("screen_texts.py").read_text("utf-8")
    code += (CATALOGUE.parent / "person_view.py").read_text("utf-8")

    for key in read_catalogue(CATALOGUE)["en"]:
        assert f'"{key}"' in code or f"'{key}'" in code, key


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_nothing_is_left_in_english(language: str) -> None:
    shown = page(answer(), language)
    # Kinds of facts, registries and rules are names of the contract, the same in every language.
    assert ENGLISH.findall(shown) == []


def test_amounts_read_as_the_language_has_them() -> None:
    assert "oyiga 275,000 soʻm" in page(answer(), "uz-Latn")
    assert "ойига +50,000 сўм" in page(answer(), "uz-Cyrl")
    assert "порог: 700,000 сум в месяц, разница: +50,000 сум в месяц" in page(answer(), "ru")
    assert "275,000 soum a month" in page(answer(), "en")


def page(told: dict[str, Any], language: str) -> str:
    console = Console(file=io.StringIO(), width=240)
    render(told, console, words_of(language))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def answer() -> dict[str, Any]:
    """Everything that can be shown, once."""
    limits = {"threshold": 70_000_000, "distance": 5_000_000, "unit": "tiyin_a_month"}
    reason = {
        "law": "№ 1",
        "condition": "income_below_minimum",
        "result": "missed",
        "value": 75_000_000,
        "near_miss": True,
        "person": ID,
        "events": [ID],
        **limits,
    }
    need = {"kind": "x", "since": "2026-01-01", "amount_minor": 27_500_000, "urgency": "immediate"}
    need |= {"review_on": "2026-05-01", "rule": "x/1", "reason": reason}
    erased = need | {"since": None, "amount_minor": None, "review_on": None, "reason": {}}
    fact: dict[str, object] = {
        "kind": "x",
        "valid_from": None,
        "valid_to": None,
        "value": {},
        "is_sealed": True,
    }
    fact |= {"sensitivity": "x", "known_from": "2026-01-01T00:00:00", "event_id": ID}
    event = {"event_id": ID, "states": "x", "registry": "x", "topic": "x", "partition": 0}
    household = {"household": ID, "members": [ID], "assessed_on": "2026-03-10"}
    return {
        "person": ID,
        "mode": JUDGED,
        "as_of": "2026-03-10",
        "known_at": "2026-03-10T00:00:00",
        "household": household | {"outcome": "assessed", "next_change_on": None},
        "needs": [need, erased],
        "near_misses": [{"kind": "child_benefit", "condition": "members", **limits}],
        "unknown": [{"kind": "child_benefit", "conditions": ["income_reported"]}],
        "facts": [fact],
        "evidence": [event | {"offset": 1, "recorded_at": "2026-01-01T00:00:00"}],
        "freshness": {"x": {"complete_through": None, "last_stored_at": None, "events": 0}},
    }
