"""From sums to a report: what is hidden, and examples that nobody is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ops.draft.profiles import Example, Profile, invent, profile_of
from ops.draft.report import examples, report
from ops.draft.tally import DRAFT, IN_FORCE, Tally, by_person, key, needs
from projections.suppression import ALL
from streams.assessment import Assessment, assess
from streams.household import households
from streams.rules.load import load_pack
from streams.rules.pack import Dated, Parameters, RulePack, Surroundings
from tests.unit.streams.rules.world import World, couple, single

UZ = load_pack("uz")
ON = date(2026, 3, 10)
COMPLETE = {"civil": date(2026, 2, 28), "tax": date(2026, 2, 28), "health": date(2026, 2, 28)}


def with_minimum(soum: int) -> RulePack:
    sets = dict(UZ.parameters)
    sets["minimum_income_per_head"] = [
        Dated(date(2025, 1, 1), "draft", soum * 100, "tiyin_a_month")
    ]
    return replace(UZ, name="draft", parameters=Parameters(sets))


DRAFT_LAW = with_minimum(800_000)


def assessed(world: World, pack: RulePack) -> list[Assessment]:
    found = world.people()
    return [
        assess(household, ON, pack, complete=COMPLETE, surroundings=Surroundings(found))
        for household in households(found, ON, pack.family_law(ON))
    ]


def tally_of(world: World, place: str = "1703") -> Tally:
    """One household, by both laws."""
    before, after = (assessed(world, pack) for pack in (UZ, DRAFT_LAW))
    found = Tally()
    for law, each in ((IN_FORCE, before), (DRAFT, after)):
        found.count_law(law, each)
    draft = by_person(needs(after))
    for assessment in before:
        found.count(assessment, draft, place)
    return found


def many(*counted: tuple[Tally, int]) -> Tally:
    total = Tally()
    for tally, times in counted:
        for _ in range(times):
            total.add(tally)
    return total


@pytest.mark.parametrize(
    ("world", "effect"),
    [
        pytest.param(single(soum=750_000), "gains", id="falls under the new minimum"),
        pytest.param(single(soum=650_000), "same", id="was below already"),
        pytest.param(single(soum=3_000_000), "same", id="far above"),
        pytest.param(single(soum=1_100_000), "gains", id="a status without money is a gain"),
        pytest.param(couple(1_600_000), "same", id="at 800,000 a head exactly: not below"),
    ],
)
def test_an_effect_is_money_first_and_then_needs(world: World, effect: str) -> None:
    households = tally_of(world).households

    assert households == {key("1703", effect): 1}


def test_the_same_law_changes_nothing() -> None:
    found = Tally()
    assessments = single(soum=650_000).assess(ON)
    for assessment in assessments:
        found.count(assessment, by_person(needs(assessments)), "1703")

    assert found.households == {"1703|same": 1}
    assert not found.profiles


def test_tallies_add_up_and_survive_a_file() -> None:
    one, other = tally_of(single(soum=750_000)), tally_of(couple(650_000), "1706")

    assert many((one, 2), (other, 1)).as_json() == many((other, 1), (one, 2)).as_json()
    assert Tally.from_json(one.as_json()) == one


def test_few_are_hidden_with_all_that_would_tell_them() -> None:
    gains, same = tally_of(single(soum=750_000)), tally_of(single(soum=3_000_000))

    found = report(many((gains, 9), (same, 500)))

    assert found["households"][ALL]["gains"] is None
    assert found["households"][ALL]["same"] is None
    assert found["cost"]["total"] is None
    assert found["cost"]["by_kind"]["material_assistance"] is None
    assert found["needs"]["material_assistance"][ALL]["draft"] is None


def test_ten_are_shown() -> None:
    gains, same = tally_of(single(soum=750_000)), tally_of(single(soum=3_000_000))

    found = report(many((gains, 10), (same, 500)))

    assert found["households"][ALL] == {"gains": 10, "same": 500, ALL: 510}
    assert found["cost"]["total"]["difference"] == 10 * 420_000 * 100


def test_never_all_but_one_amount_of_a_sum() -> None:
    gains, same = tally_of(single(soum=750_000)), tally_of(single(soum=650_000))
    there, elsewhere = (
        tally_of(single(soum=650_000), "1706"),
        tally_of(single(soum=650_000), "1708"),
    )
    few = tally_of(single(soum=750_000), "1706")

    found = report(many((gains, 20), (same, 20), (few, 3), (there, 60), (elsewhere, 30)))

    hidden = [place for place, cost in found["cost"]["by_place"].items() if cost is None]
    assert found["cost"]["total"] is not None
    assert "1706" in hidden
    assert len(hidden) > 1


def test_a_kind_that_is_hidden_is_not_the_only_one() -> None:
    found = Tally()
    found.people["1703"] = 1000
    found.households[key("1703", "gains")] = found.households[key("1703", "same")] = 200
    for kind, gained, paid in (("few", 3, 100), ("many", 50, 900), ("most", 60, 5000)):
        found.persons[key("1703", kind, "gained")] = gained
        found.persons[key("1703", kind, "unchanged")] = 100
        found.cost_by_kind[key(DRAFT, kind)] = found.cost_by_kind[key(IN_FORCE, kind)] = paid

    by_kind = report(found)["cost"]["by_kind"]

    assert by_kind["few"] is None
    assert by_kind["many"] is None  # or the total would tell of the few
    assert by_kind["most"] == {IN_FORCE: 5000, DRAFT: 5000, "difference": 0}


def test_an_example_is_treated_like_those_it_stands_for() -> None:
    made: list[Profile] = []

    def make(profile: Profile, share: float) -> Example | None:
        made.append(profile)
        return invent(profile, (UZ, DRAFT_LAW), ON, COMPLETE, share)

    (example,) = examples(many((tally_of(single(soum=750_000)), 10)), make)

    assert set(made) == {Profile(1, 0, 0, 0, tenths=10)}
    assert example["effect"] == "gains"
    assert example["household"] == "one adult of working age"
    assert example["income_per_head_minor"] == 735_000 * 100  # 1.05: the middle of its tenth
    assert [need["kind"] for need in example["in_force"]] == ["family_at_risk"]
    granted = {need["kind"]: need["amount_minor"] for need in example["draft"]}
    assert granted == {"family_low_income": None, "material_assistance": 420_000 * 100}


def test_a_profile_that_few_share_is_no_example() -> None:
    found = examples(
        many((tally_of(single(soum=750_000)), 9)),
        lambda profile, share: invent(profile, (UZ, DRAFT_LAW), ON, COMPLETE, share),
    )

    assert found == []


@pytest.mark.parametrize(
    ("world", "profile"),
    [
        pytest.param(couple(2_800_000, ("2015-01-01", "2024-05-01")), "2.0.1.1.10", id="family"),
        pytest.param(single(soum=300_000, born="1950-01-01"), "0.1.0.0.4", id="pensioner"),
        pytest.param(single(born="1968-01-01"), None, id="close to pension age"),
        pytest.param(single().disabled("1she", 2), None, id="disabled"),
        pytest.param(World().woman("1she").employed("1she"), None, id="income unknown"),
    ],
)
def test_profiles_are_coarse(world: World, profile: str | None) -> None:
    found = profile_of(world.assess(ON)[0])

    assert (found and found.text()) == profile
    assert found is None or Profile.parse(found.text()) == found
