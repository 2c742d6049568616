"""What commits between reading the facts and writing the assessment was not seen by it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import date
from typing import Any

import pytest

from streams.assessor import Assessor
from streams.person import JUDGED_KINDS
from tests.integration.assessment.country import Country, person
from tests.integration.assessment.test_corrections import drain


def test_who_moves_in_while_both_are_judged_is_not_taken_for_seen(
    country: Country, database: str, assessor: Assessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    country.complete()
    country.born("1old", "1950-01-01", "M")
    country.lives("1old", "hut")
    country.born("2guest", "1990-01-01", "F")
    country.lives("2guest", "flat")
    read = assessor.store.facts
    late = Country(database)
    with closing(late.connection):
        moving = late.connection.transaction()
        moving.__enter__()  # begun before the assessor's transaction, committed inside it
        late.lives("2guest", "hut", since="2020-01-01")
        waiting = [moving]

        def overtaken(
            persons: Collection[bytes], kinds: Sequence[str], since: date
        ) -> list[tuple[Any, ...]]:
            rows = read(persons, kinds, since)
            if kinds == JUDGED_KINDS and waiting:
                waiting.pop().__exit__(None, None, None)
            return rows

        # The store has slots: its class is patched.
        monkeypatch.setattr(
            type(assessor.store), "facts", lambda _, *arguments: overtaken(*arguments)
        )
        drain(assessor)

    assert not waiting
    assert ("lonely_care", person("1old")) not in country.needs()
