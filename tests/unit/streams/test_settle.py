"""When an annulment counts: replaced, urgent, or its window has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schemas.catalogue import catalogue
from streams.facts import STATED_TYPES
from streams.lifecycle import WINDOWS, Fact, holding, settling

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOURS_72 = timedelta(hours=72)
MARRIAGE = "civil.marriage_registered"
ANNULMENT = b"annulment"


def fact(version: int = 1, latest: int | None = 1, **of: object) -> Fact:
    made = Fact(
        event_id=b"event",
        person=b"person",
        kind="marriage",
        value={},
        sealed=None,
        sensitivity=None,
        valid_from=None,
        valid_to=None,
        known_from=T - timedelta(days=9),
        record=b"record",
        version=version,
        change="CREATED",
        latest=latest,
    )
    return made._replace(**of)  # type: ignore[arg-type]


def annulled(kind: str | None = MARRIAGE, at: datetime = T) -> Fact:
    return fact(annulled_at=at, annulled_type=kind, annulled_by=ANNULMENT)


@pytest.mark.parametrize(
    ("stated", "now", "holds"),
    [
        pytest.param(annulled(), T, True, id="just annulled"),
        pytest.param(annulled(), T + HOURS_72 - timedelta(microseconds=1), True, id="within"),
        pytest.param(annulled(), T + HOURS_72, False, id="at the end of the window"),
        pytest.param(annulled(at=EPOCH), T, False, id="replaced"),
        pytest.param(annulled("civil.death_registered"), T, False, id="urgent"),
        pytest.param(annulled("tax.income_reported"), T, False, id="tax does not wait"),
        pytest.param(annulled("hub.identity_linked"), T, False, id="nor do operators"),
        pytest.param(annulled(None), T, False, id="an unknown type does not wait"),
        pytest.param(
            annulled("civil.death_registered"), T - HOURS_72, False, id="whatever our clock says"
        ),
        pytest.param(fact(1, 2), T, False, id="corrected"),
        pytest.param(fact(2, 2), T, True, id="the correction"),
        pytest.param(fact(1, None, change="ANNULLED"), T, False, id="void from the beginning"),
        pytest.param(annulled()._replace(latest=2), T, False, id="corrected, then annulled"),
    ],
)
def test_what_holds(stated: Fact, now: datetime, holds: bool) -> None:
    assert (holding([stated], now) == [stated]) is holds


def test_what_waits_says_until_when_and_for_what() -> None:
    waiting, passed = annulled(), annulled(at=T - HOURS_72)

    found = settling([waiting, passed, fact(), annulled(at=EPOCH), annulled(None)], T)

    assert found == [(waiting, T + HOURS_72)]
    assert found[0][0].annulled_by == ANNULMENT


def test_what_is_corrected_waits_for_nothing() -> None:
    assert settling([annulled()._replace(latest=2)], T) == []


def test_the_windows_are_those_of_the_document() -> None:
    civil = {name for name in catalogue() if name.startswith("civil.")}

    assert set(WINDOWS) == civil - {"civil.death_registered"}
    assert set(WINDOWS) <= STATED_TYPES
    assert set(WINDOWS.values()) == {HOURS_72}
