"""A list that is cut short says so."""

from __future__ import annotations

from ops.identity.suggest_commands import more


def test_a_list_cut_short_says_so() -> None:
    assert more(50, of=72) == "50 of 72; --limit N for more"


def test_a_whole_list_says_nothing() -> None:
    assert more(50, of=50) == ""
    assert more(50, of=3) == ""
