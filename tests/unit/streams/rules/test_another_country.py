"""Nothing of the first country is wired into what is common: Atlantis runs on the same machine."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from schemas.ids import Keys
from streams.decision import Decider
from streams.rules.load import load_draft
from streams.rules.pack import RulePack
from streams.rules.texts import languages, text_of
from streams.saying import Waiting, writes
from tests.unit.streams.rules.atlantis import PACK as ATLANTIS
from tests.unit.streams.rules.world import ON, World, ident, single

KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
PEARLS = 12


def island(tax: date | None = date(2026, 2, 28), pack: RulePack = ATLANTIS) -> World:
    """A mother of 45 with a daughter of 20, who is a minor there; 60 shells in two months."""
    world = replace(World(), tax=tax, pack=pack)
    world.woman("1mother", "1981-01-01").born("2girl", "2005-04-01", mother="1mother")
    for month in ("2026-01-01", "2026-02-01"):
        value = {"employer": "e", "month": month, "gross_minor": 30 * PEARLS}
        world.state(f"income {month}", ("1mother", "income", value), days=(month, None))
    return world


def test_the_age_of_majority_is_the_packs() -> None:
    family = {ident("1mother"), ident("2girl")}

    assert island().groups(ON) == {frozenset(family)}
    assert island().groups(date(2026, 4, 1)) == {frozenset({one}) for one in family}


def test_needs_amounts_months_and_outcomes_are_the_packs() -> None:
    (found,) = island().assess()
    (need,) = found.needs()

    assert (need.kind, need.amount_minor) == ("boat_grant", 7 * PEARLS)
    assert need.reason.parts[0].value == 30 * PEARLS
    assert need.reason.parts[0].threshold == 50 * PEARLS
    assert need.reason.parts[0].unit == "pearl_a_month"
    assert found.outcome == "assessed"
    assert found.income_through == date(2026, 2, 28)
    assert found.next_change_on == date(2026, 4, 1)


@pytest.mark.parametrize("through", [None, date(2026, 1, 31)])
def test_its_own_registry_of_incomes_says_what_is_closed(through: date | None) -> None:
    (found,) = island(through).assess()

    assert found.outcome == "harbour_silent"
    assert found.income_through is None
    assert found.needs() == []


def test_before_its_law_nothing_is_due() -> None:
    (found,) = island().assess(date(2025, 12, 31))

    assert found.needs() == []


def test_what_is_decided_and_said_comes_from_the_pack() -> None:
    world = island()
    assessments = world.assess()
    decider = Decider(KEYS, ATLANTIS.by_kind(), ATLANTIS.name)

    drafts = decider.decide(assessments, {}, world.people(), {}, ON)
    found = writes(
        drafts,
        assessments,
        before=[],
        waiting=Waiting(1),
        keys=KEYS,
        keys_of=lambda names: dict.fromkeys(names, b"k" * 32),
    )

    (row,) = found.needs
    assert (row.rule, row.urgency) == ("atlantis.boat_grant/2026-01-01", "soon")
    assert row.review_on == date(2026, 4, 10)
    assert drafts[0].reason["law"] == "Law of the Tides, art. 1"
    assert json.loads(found.outbox[0])["fields"]["amount_minor"] == 7 * PEARLS


def test_amounts_are_shown_in_its_money() -> None:
    assert ATLANTIS.currency.units(7 * PEARLS) == "7"
    assert ATLANTIS.currency.units(-1500 * PEARLS, "+") == "-1,500"
    assert ATLANTIS.currency.units(PEARLS, "+") == "+1"


def test_its_texts_are_its_own() -> None:
    assert languages(ATLANTIS) == ("en", "x-atlantean")
    assert text_of(ATLANTIS, "boat_grant", "x-atlantean") == "Glub"


def test_what_is_sensitive_is_said_by_the_rule() -> None:
    assert {kind for kind, rule in ATLANTIS.by_kind().items() if rule.sensitive} == {
        "lighthouse_keeper"
    }


def test_a_draft_of_its_law_is_judged_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "draft.toml"
    path.write_text(
        'name = "deluge"\nbase = "atlantis"\n[[tide_mark]]\nvalid_from = 2026-03-01\n'
        'source = "draft"\nunit = "shell_a_month"\nvalue = 30\n',
        "utf-8",
    )
    draft = load_draft(path, {"atlantis": ATLANTIS})

    assert island(pack=draft).needs() == {}  # 30 is not below 30
    assert len(island().needs()) == 1


def test_the_age_of_a_need_is_the_packs() -> None:
    old = replace(single(born="1956-03-10"), pack=ATLANTIS)

    assert ("lighthouse_keeper", ident("1she")) in old.needs()
    assert ("lighthouse_keeper", ident("1she")) not in old.needs(ON - timedelta(days=1))
