"""The needs of one person by docs/rules.md: each as an example worked out by hand."""

from __future__ import annotations

import pytest

from ops.verify.values import Need
from tests.unit.ops.verify.people import People


def since(need: Need | None) -> str | None:
    assert need is not None
    return need.since


def test_infant_care_from_birth_to_the_day_before_the_second_birthday() -> None:
    people = People().child("baby", "2024-09-30", None)

    days = "2024-09-29", "2024-09-30", "2026-09-29", "2026-09-30"
    assert people.days("infant_care", "baby", *days) == [False, False, True, False]
    assert people.days("infant_care", "baby", "2024-12-31", "2025-01-01") == [False, True]
    found = people.find("infant_care", "baby", "2026-09-29")
    assert found is not None
    assert (found.since, found.amount_minor, found.review_on) == ("2024-09-30", 50_000_000, None)


def test_an_infant_of_29_february_is_one_until_1_march() -> None:
    people = People().child("baby", "2024-02-29", None)

    assert people.days("infant_care", "baby", "2026-02-28", "2026-03-01") == [True, False]


def test_a_dead_or_kept_infant_has_no_infant_care() -> None:
    kept = People().child("baby", "2025-09-30", None).lives("baby", 2, "institution")
    kept.lives("baby", 3, from_on="2026-09-30")  # and comes home on the day
    dead = People().child("baby", "2025-09-30", None).died("baby", "2026-09-30")

    assert kept.days("infant_care", "baby", "2026-09-29", "2026-09-30") == [False, True]
    assert dead.days("infant_care", "baby", "2026-09-29", "2026-09-30") == [True, False]


def orphan() -> People:
    return (
        People()
        .adult("father", "1980-01-01", "M")
        .child("child", "2010-10-01", None, "father")
        .works("father")
        .died("father", "2026-03-31")
    )


def test_a_child_of_an_earning_parent_is_supported_until_the_day_before_18() -> None:
    people = orphan()

    days = "2026-03-30", "2026-03-31", "2028-09-30", "2028-10-01"
    assert people.days("survivor_support", "child", *days) == [False, True, True, False]
    assert since(people.find("survivor_support", "child")) == "2026-03-31"


@pytest.mark.parametrize(
    ("ended_on", "earning"),
    [("2026-03-30", False), ("2026-03-31", True), ("2026-04-30", True), (None, True)],
)
def test_earning_is_who_works_on_the_day_of_death(ended_on: str | None, earning: bool) -> None:
    for work in ("works", "trades"):
        people = People().adult("mother", "1980-01-01").child("child", "2015-01-01", "mother")
        getattr(people, work)("mother", "2020-01-01", ended_on)
        people.died("mother", "2026-03-31")

        assert (people.find("survivor_support", "child") is not None) is earning


def test_work_begun_after_the_day_of_death_does_not_count() -> None:
    people = People().child("child", "2015-01-01", "mother").died("mother", "2026-03-31")

    assert people.works("mother", "2026-04-01").find("survivor_support", "child") is None


def widow(died_on: str = "2026-03-31") -> People:
    return (
        People()
        .adult("he", "1980-01-01", "M")
        .adult("she", "1980-01-01")
        .works("he")
        .married("he", "she")
        .died("he", died_on)
    )


def test_a_spouse_is_supported_for_six_months() -> None:
    people = widow("2026-03-15")
    days = "2026-03-14", "2026-03-15", "2026-09-14", "2026-09-15"
    assert people.days("survivor_support", "she", *days) == [False, True, True, False]

    people = widow("2025-08-31")  # six months later there is no 31st: the 28th instead
    assert people.days("survivor_support", "she", "2026-02-27", "2026-02-28") == [True, False]


def test_who_is_divorced_on_the_day_of_death_is_no_widow() -> None:
    before = widow().divorced("he", "she", "2026-03-31")
    assert before.find("survivor_support", "she", "2026-09-29") is None
    later = widow().divorced("he", "she", "2026-04-01")
    assert later.find("survivor_support", "she", "2026-09-29") is not None


def test_of_two_deaths_the_earliest_gives_since() -> None:
    people = orphan().works("mother").child("child", "2010-10-01", "mother", "father")
    people.died("mother", "2026-02-01")

    assert since(people.find("survivor_support", "child")) == "2026-02-01"


@pytest.mark.parametrize(
    ("sex", "born_on", "first", "last"),
    [
        ("M", "1966-12-30", "2026-09-30", "2026-12-29"),
        ("F", "1971-12-31", "2026-09-30", "2026-12-30"),  # three months before: no 31st
        ("F", "1972-02-29", "2026-12-01", "2027-02-28"),  # the birthday is 1 March
    ],
)
def test_pension_age_approaches_for_three_months(
    sex: str, born_on: str, first: str, last: str
) -> None:
    people = People().adult("one", born_on, sex)

    assert since(people.find("pension_age_approaching", "one", first)) == first
    assert people.find("pension_age_approaching", "one", last) is not None
    before = f"{first[:8]}{int(first[8:]) - 1:02d}" if first[8:] != "01" else "2026-11-30"
    assert people.find("pension_age_approaching", "one", before) is None
    after = {"2026-12-29": "2026-12-30", "2026-12-30": "2026-12-31", "2027-02-28": "2027-03-01"}
    assert people.find("pension_age_approaching", "one", after[last]) is None


def test_a_referral_counts_for_twelve_months_also_an_erased_one() -> None:
    people = People().adult("one", "1990-01-01").referred("one", "2025-09-30")

    days = "2025-09-29", "2025-09-30", "2026-09-29", "2026-09-30"
    assert people.days("psychological_support", "one", *days) == [False, True, True, False]


def test_the_bereaved_with_a_living_minor_are_offered_support() -> None:
    people = widow("2026-04-15").child("child", "2008-10-01", "she")
    assert since(people.find("psychological_support", "she")) == "2026-04-15"
    assert people.find("psychological_support", "she", "2026-10-01") is None  # the child is 18

    assert widow("2026-04-15").find("psychological_support", "she") is None  # no child
    assert people.died("child", "2026-09-01").find("psychological_support", "she") is None


def test_of_referral_and_bereavement_the_earliest_that_counts_gives_since() -> None:
    people = widow("2026-04-15").child("child", "2015-10-01", "she").referred("she", "2026-01-05")
    assert since(people.find("psychological_support", "she")) == "2026-01-05"
    people.referred("she", "2025-01-05")  # too long ago
    assert since(people.find("psychological_support", "she")) == "2026-01-05"


def minor(mother: str | None = None, father: str | None = None) -> People:
    return People().child("child", "2015-01-01", mother, father)


@pytest.mark.parametrize(
    ("people", "alone"),
    [
        pytest.param(minor("mother"), False, id="a mother of whom nothing is known lives"),
        pytest.param(minor("mother").died("mother", "2026-09-30"), True, id="died today"),
        pytest.param(minor("m", "f").died("m", "2026-01-01"), False, id="the father lives"),
        pytest.param(minor(), True, id="the birth record names nobody"),
        pytest.param(minor().guarded("child", "g"), False, id="a guardian"),
        pytest.param(minor().guarded("child", "g", "2026-09-30"), False, id="until today"),
        pytest.param(minor().guarded("child", "g", "2026-09-29"), True, id="until yesterday"),
        pytest.param(
            minor().guarded("child", "g").died("g", "2026-01-01"), True, id="the guardian died"
        ),
        pytest.param(People().adult("child", "2015-01-01"), False, id="no birth record: unknown"),
        pytest.param(
            minor().lives("child", 2, "institution", from_on="2021-01-01"), False, id="kept"
        ),
        pytest.param(
            minor("m").adult("m", "1990-01-01").lives("m", 9, "institution", from_on="2021-01-01"),
            False,
            id="the mother is in an institution, and lives",
        ),
    ],
)
def test_who_has_nobody(people: People, alone: bool) -> None:
    assert (people.find("guardianship_check", "child") is not None) is alone


def test_a_grown_orphan_needs_no_guardian() -> None:
    people = People().child("child", "2008-10-01", None)

    assert people.days("guardianship_check", "child", "2026-09-30", "2026-10-01") == [True, False]


def test_a_pregnancy_without_follow_up_until_it_is_due() -> None:
    people = People().adult("she", "1995-01-01").pregnant("she", "2026-03-01", "2026-09-30")
    days = "2026-02-28", "2026-03-01", "2026-09-30", "2026-10-01"
    assert people.days("medical_follow_up", "she", *days) == [False, True, True, False]
    assert since(people.find("medical_follow_up", "she")) == "2026-03-01"

    undated = People().adult("she", "1995-01-01").pregnant("she", "2026-01-01", None)
    last = "2026-10-08", "2026-10-09"  # the 280th day after 1 January, and the next
    assert undated.days("medical_follow_up", "she", *last) == [True, False]


def test_a_pregnancy_that_is_followed_or_over_needs_nothing() -> None:
    followed = People().adult("she", "1995-01-01").pregnant("she", "2026-03-01", None, True)
    assert followed.find("medical_follow_up", "she") is None

    over = People().adult("she", "1995-01-01").pregnant("she", "2026-03-01", "2026-12-01")
    over.child("elder", "2026-02-28", "she")
    assert over.find("medical_follow_up", "she") is not None
    over.child("baby", "2026-03-01", "she")
    assert over.find("medical_follow_up", "she") is None


def test_an_erased_pregnancy_is_unknown_and_one_of_several_is_enough() -> None:
    people = People().adult("she", "1995-01-01")
    people.health(
        "Observation", "pregnancy_registered", "she", registered_on="2026-03-01", health=None
    )
    assert people.find("medical_follow_up", "she") is None

    people.pregnant("she", "2026-04-01", None, True).pregnant("she", "2026-05-01", None)
    assert since(people.find("medical_follow_up", "she")) == "2026-05-01"


def test_the_dead_need_nothing() -> None:
    people = widow("2026-04-15").child("child", "2015-10-01", "she").referred("she", "2026-01-05")
    people.pregnant("she", "2026-05-01", None).disabled("she", 1)

    assert people.kinds("she") >= {"survivor_support", "psychological_support"}
    assert people.died("she", "2026-09-30").kinds("she") == set()


def test_in_an_institution_five_kinds_are_judged() -> None:
    people = widow("2026-04-15").child("child", "2015-10-01", "she").referred("she", "2026-01-05")
    people.pregnant("she", "2026-05-01", None).disabled("she", 3)
    people.adult("she", "1971-11-01").lives("she", 9, "institution", from_on="2021-01-01")

    assert people.kinds("she") == {
        *("disability_support", "survivor_support", "pension_age_approaching"),
        *("psychological_support", "medical_follow_up"),
    }


def test_of_several_assessments_the_latest_counts_and_gives_since_and_review() -> None:
    people = People().adult("one", "1980-01-01", "M")
    people.disabled("one", 1, "2020-01-01").disabled("one", 3, "2024-01-01", "2026-12-31")

    found = people.find("disability_support", "one")
    assert found is not None
    assert (found.since, found.review_on) == ("2024-01-01", "2026-12-01")
    assert people.find("lonely_care", "one") is None  # group 3 is the present one
    assert people.find("lonely_care", "one", "2027-01-01") is not None  # and group 1 again
