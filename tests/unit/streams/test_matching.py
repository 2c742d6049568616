"""One name in all its spellings is one; two people who only look alike are two."""

from __future__ import annotations

from datetime import date

import pytest

from streams.matching import (
    AMBIGUOUS,
    THRESHOLD,
    Known,
    Likeness,
    Name,
    blocks,
    folded,
    likeness,
    name,
    ranked,
    sex_by_name,
    skeleton,
)

KEY = b"k" * 32
BORN = date(1990, 3, 7)


@pytest.mark.parametrize(
    "spellings",
    [
        "Oʻgʻiloy O'g'iloy O`g`iloy O‘g‘iloy Oʼgʼiloy Ўғилой",
        "Xasan Hasan Khasan Ҳасан Хасан XASAN",
        "Jamshid Djamshid Dzhamshid Жамшид Джамшид",
        "Muhammad Mukhammad Muxammad Муҳаммад Мухаммад",
        "Shuhrat Shukhrat Шухрат Шуҳрат",
        "Qahramon Kahramon Қаҳрамон",
        "Yusuf Юсуф",
        "Ziyoda Зиёда",
        "Gʻayrat Gʼayrat Gayrat Ғайрат Гайрат",
        "Ergash Эргаш",
    ],
)
def test_a_name_has_one_plain_spelling(spellings: str) -> None:
    assert len({folded(one) for one in spellings.split()}) == 1


@pytest.mark.parametrize(
    "spellings",
    [
        "Ўткиров Уткиров Oʻtkirov Utkirov",
        "Йўлдошев Юлдашев Yoʻldoshev Yuldashev",
        "Qodirov Кадыров",
    ],
)
def test_what_another_vowel_leaves_is_one_skeleton(spellings: str) -> None:
    assert len({skeleton(folded(one)) for one in spellings.split()}) == 1


@pytest.mark.parametrize(
    ("patronymic", "sex"),
    [
        ("Anvar oʻgʻli", "M"),
        ("Anvar o'g'li", "M"),
        ("Анвар ўғли", "M"),
        ("Анвар угли", "M"),
        ("Anvarovich", "M"),
        ("Анварович", "M"),
        ("Anvar qizi", "F"),
        ("Анвар кизи", "F"),
        ("Anvarovna", "F"),
        ("Анваровна", "F"),
    ],
)
def test_a_patronymic_is_the_fathers_name_and_shows_the_sex(patronymic: str, sex: str) -> None:
    assert name("Karimov", "Ali", patronymic).patronymic == "anvar"
    assert sex_by_name(None, patronymic) == sex


def test_a_surname_is_as_men_bear_it() -> None:
    assert name("Karimova", None, None).surname == name("Каримов", None, None).surname == "karimov"
    assert name("Aliyeva", None, None).surname == name("Алиев", None, None).surname
    assert (sex_by_name("Karimova", None), sex_by_name("Каримов", None)) == ("F", "M")
    assert sex_by_name("Rizo", None) is None


def one(  # noqa: PLR0917 - read like a record
    surname: str = "Karimov",
    given: str = "Ali",
    patronymic: str | None = "Anvar oʻgʻli",
    born_on: date | None = BORN,
    sex: str | None = "M",
    district: str | None = None,
) -> Known:
    return Known(
        b"1" * 16,
        frozenset({name(surname, given, patronymic)}),
        frozenset({born_on} if born_on else ()),
        frozenset({district} if district else ()),
        frozenset({sex} if sex else ()),
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(one("Каримов", "Али", "Анварович"), id="another script"),
        pytest.param(one(born_on=date(1990, 7, 3)), id="day and month swapped"),
        pytest.param(one(patronymic=None), id="no patronymic"),
        pytest.param(one("Karimov", "Ali", "Anvar ogli", sex=None), id="a patient"),
        pytest.param(one("Kairmov"), id="letters swapped"),
        pytest.param(one(born_on=date(1990, 3, 8)), id="a slip in the day"),
        pytest.param(one("Sobirov"), id="another surname"),
    ],
)
def test_this_may_be_him(other: Known) -> None:
    assert likeness(one(), other).score >= THRESHOLD
    assert blocks(KEY, one()) & blocks(KEY, other)


@pytest.mark.parametrize(
    ("me", "other"),
    [
        pytest.param(one(), one(given="Botir"), id="a twin"),
        pytest.param(one(given="Hasan"), one(given="Husan"), id="Hasan and Husan"),
        pytest.param(one(), one("Karimova", "Alima", "Anvar qizi", sex="F"), id="a twin sister"),
        pytest.param(one(), one(patronymic="Botir oʻgʻli"), id="a namesake of the same day"),
        pytest.param(one(), one(born_on=date(1961, 12, 30)), id="a namesake of another day"),
        pytest.param(one(), one(born_on=None, patronymic=None), id="the name alone"),
        pytest.param(one(), one("Sobirov", "Eldor", None), id="the birth date alone"),
    ],
)
def test_this_may_not(me: Known, other: Known) -> None:
    assert likeness(me, other).score < THRESHOLD


def test_a_former_surname_counts() -> None:
    married = Known(
        b"2" * 16,
        frozenset({name("Karimova", "Lola", "Anvar qizi"), name("Sobirova", "Lola", "Anvar qizi")}),
        frozenset({BORN}),
    )
    patient = one("Karimova", "Lola", "Anvar qizi", sex="F")

    assert likeness(patient, married).features["surname"] == "same"


def test_features_name_no_values() -> None:
    told = str(likeness(one(district="1703"), one("Sobirov", district="1703")).features).lower()

    assert not any(word in told for word in ("karim", "sobir", "ali", "anvar", "1990", "1703"))


def test_blocks_are_keyed() -> None:
    mine = blocks(KEY, one())

    assert mine
    assert mine.isdisjoint(blocks(b"l" * 32, one()))
    assert all(len(block) == 16 for block in mine)


def test_nothing_known_is_nothing_alike() -> None:
    nobody = Known(b"3" * 16, frozenset())

    assert likeness(one(), nobody).score < THRESHOLD
    assert blocks(KEY, nobody) == frozenset()
    assert name(None, None, None) == Name("", "", "")


def test_two_who_fit_as_well_make_each_other_doubtful() -> None:
    found = [(b"a", Likeness(90)), (b"b", Likeness(86)), (b"c", Likeness(60))]

    assert [(who, like.score, dict(like.features)) for who, like in ranked(found)] == [
        (b"a", 90 - AMBIGUOUS, {"ambiguous": "yes"}),
        (b"b", 86 - AMBIGUOUS, {"ambiguous": "yes"}),
        (b"c", 60, {}),
    ]
    assert [like.score for _, like in ranked(found[::2])] == [90, 60]


@pytest.mark.parametrize(
    ("mine", "theirs", "how"),
    [
        ("Rustam", "Рустам", "same"),
        ("Rustam", "Rustm", "close"),
        ("Qodir", "Кадир", "close"),
        ("Anvar", "Anvarjon", "near"),
        ("Sherzod", "Shahzod", "other"),
        ("Ali", "Vali", "near"),
        ("Zuhra", "Zulfiya", "other"),
    ],
)
def test_how_alike_two_given_names_are(mine: str, theirs: str, how: str) -> None:
    assert likeness(one(given=mine), one(given=theirs)).features["given"] == how


def test_day_and_month_swapped_meet_whatever_the_surname_is() -> None:
    other = one("Sobirov", patronymic=None, born_on=date(1990, 7, 3))

    assert blocks(KEY, one()) & blocks(KEY, other)
