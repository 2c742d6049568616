from __future__ import annotations

import pytest

from connectors.civil.cursor import CivilCursor, Place, Progress, load, lsn_text, parse_lsn
from connectors.source import Cursor
from schemas.errors import PermanentError


@pytest.mark.parametrize("snapshot", [None, Progress("person", None), Progress("birth", "b'1")])
@pytest.mark.parametrize("place", [Place(2**63), Place(1, 2, 3)])
def test_a_cursor_is_read_back_as_it_was(place: Place, snapshot: Progress | None) -> None:
    cursor = CivilCursor("74", 1, "hub_civil", 9, place, snapshot, "2026-01-01")

    assert load(cursor.dump()) == cursor


@pytest.mark.parametrize("text", ["", "7", "{}", '{"format": 2}', '{"format": 1}', "[]"])
def test_a_cursor_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="checkpoint"):
        load(Cursor(text))


def test_an_lsn_is_written_as_the_server_writes_it() -> None:
    assert lsn_text(parse_lsn("16/B374D848")) == "16/B374D848"
