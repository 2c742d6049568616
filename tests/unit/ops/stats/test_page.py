"""The printed list: one file, nothing from outside, nothing of a name read as markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from ops.stats.page import page
from streams.rules.texts import LANGUAGES

ROW = {
    "urgency": "soon",
    "need": "a need",
    "since": "2026-03-01",
    "review_on": "",
    "law": "a law",
    "person": "id",
    "household": "id",
    "name": "<script>alert(1)</script> & \"O'g'il\"",
    "address": "",
}


class Read(HTMLParser):
    """Checks that what is opened is closed, and collects names of elements and attributes."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(language: str, *, with_names: bool) -> Read:
    about = {"lang": language, "district": "1703202", "on": "2026-03-20", "of": 7}
    reader = Read()
    reader.feed(page([ROW, ROW], about | {"left_out": True}, with_names=with_names))
    return reader


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("with_names", [True, False])
def test_the_page_is_whole(language: str, with_names: bool) -> None:
    found = read(language, with_names=with_names)

    assert found.open == []
    assert found.seen.count("tr") == 3
    assert found.seen.count("td") == 2 * found.seen.count("th")
    assert not found.attributes & {"src", "href", "onclick", "style", "action"}
    assert "url(" not in found.text
    assert "@import" not in found.text


def test_names_are_text() -> None:
    found = read("en", with_names=True)

    assert "script" not in found.seen
    assert ROW["name"] in found.text


def test_without_names_there_are_none() -> None:
    assert "alert" not in read("en", with_names=False).text
