"""The page of events is the one that is committed, says everything, and needs nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from pathlib import Path

import pytest

from ops.asyncapi.command import whole_page
from ops.asyncapi.entries import entries, meaning, sealed_parts, words
from schemas.catalogue import catalogue
from schemas.errors import PermanentError
from streams.feeds.shapes import BLOCKS, SENT

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="module")
def text() -> str:
    return whole_page()


def card(text: str, name: str) -> str:
    found = re.search(rf'<article id="{re.escape(name)}".*?</article>', text, re.DOTALL)
    assert found, f"{name} is not on the page"
    return unescape(found[0])


def test_the_committed_page_is_the_one_that_is_made_now(text: str) -> None:
    committed = (ROOT / "docs" / "asyncapi.html").read_text("utf-8")

    assert committed == text, "run: hub schema asyncapi --page -o docs/asyncapi.html"


def test_every_event_and_every_field_is_on_it(text: str) -> None:
    for row in catalogue().values():
        found = card(text, row.name)
        missing = [f for f in row.fields if f'<th scope="row"><code>{f}</code></th>' not in found]
        assert missing == [], row.name
        assert "ANNULLED" in found
        assert row.full_name in found


def test_it_says_what_is_sealed_and_what_is_in_it(text: str) -> None:
    for row in catalogue().values():
        found = card(text, row.name)
        for sealed in row.sealed:
            assert f"sealed: {sealed}" in found
            for name, _ in sealed_parts(row.name, sealed):
                assert f"<li><code>{name}</code>" in found
        assert ("sealed block" in found) is bool(row.sealed)


def test_what_it_says_of_sealed_blocks_is_what_feeds_open() -> None:
    said = {
        (row.name, sealed): {name for name, _ in sealed_parts(row.name, sealed)}
        for row in catalogue().values()
        if row.name in SENT
        for sealed in row.sealed
    }

    assert said == {place: set(inside) for place, inside in BLOCKS.items()}


def test_every_event_has_its_examples(text: str) -> None:
    for row in catalogue().values():
        found = card(text, row.name)
        assert "Example in the topic" in found
        assert ("Example in a feed" in found) is (row.name in SENT)


def test_it_takes_nothing_from_outside_and_runs_nothing_but_its_own(text: str) -> None:
    assert not re.findall(r"(?:src|href)=[\"'](?!#)", text)
    assert "url(" not in text
    assert "@import" not in text
    assert not re.findall(r"<[a-z][^>]* (?:style|on[a-z]+)=", text)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none'")
    for tag in ("style", "script"):
        (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_every_link_on_it_leads_somewhere(text: str) -> None:
    places = set(re.findall(r'id="([^"]+)"', text))

    assert set(re.findall(r'href="#([^"]+)"', text)) <= places


def test_a_field_without_words_is_told() -> None:
    with pytest.raises(PermanentError, match=r"words\.toml does not say what a\.b\.c means"):
        meaning("a.b", "c")


def test_there_are_no_words_for_what_is_not_there() -> None:
    names = {field.name for entry in entries() for field in entry.fields}
    whole = {f"{entry.name}.{field.name}" for entry in entries() for field in entry.fields}

    assert [key for key in words()["fields"] if key not in names | whole] == []
