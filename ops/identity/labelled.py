"""An invented population in which it is known who is who, to score suggestions on.

Everybody is registered once, by number. Some have a second record without one, with what happens to
such records; some records are of strangers. Twins and namesakes born on one day are there to be
confused. The spellings are made here by other tables than those that fold them together again.
"""

# ruff: noqa: PLR2004, RUF001, SIM905 - shares of an invented population, in two scripts

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

MALE: Final = (
    "Anvar Botir Jamshid Sherzod Otabek Ulugʻbek Hasan Husan Rustam Davron Qahramon Shuhrat Gʻayrat"
    " Yoʻldosh Toʻxtasin Ergash Ismoil Muhammad Abdulla Yusuf Ibrohim Sanjar Temur Farhod Nodir"
    " Zafar Akmal Baxtiyor Dilshod Eldor"
).split()
FEMALE: Final = (
    "Gulnora Dilfuza Zulfiya Feruza Nilufar Oʻgʻiloy Zuhra Fotima Shahnoza Malika Barno Lola Ziyoda"
    " Saodat Munisa Kamola Umida Nargiza Yulduz Xurshida Mohira Sevara Nodira Gavhar Rayhon Iroda"
    " Hilola Charos Madina Zarina"
).split()
STEMS: Final = (
    "Karim Rahim Yusup Aliy Toshmat Yoʻldosh Toʻxtay Moʻmin Qodir Ergash Sobir Nazar Xolmat Said"
    " Umar Abdullay Ismoil Sharip Usmon Gʻaniy Hakim Jalol Mirzay Normat Ochil Qurbon Ruziy Sultan"
    " Tursun Xoʻjay Zokir Egamberdiy Boltay Choriy Doniyor Fayziy Haydar Ikrom Jumay Komil"
).split()
DISTRICTS: Final = tuple(
    f"17{region:02d}2{number:02d}" for region in range(3, 17) for number in (2, 11, 20)
)

_CYRILLIC: Final = dict(
    zip(
        "Yoʻ yoʻ Oʻ oʻ Gʻ gʻ Sh sh Ch ch Yu yu Ya ya Yo yo Ye ye".split(),
        "Йў йў Ў ў Ғ ғ Ш ш Ч ч Ю ю Я я Ё ё Е е".split(),
        strict=True,
    )
)
_LETTERS: Final = dict(zip("ABDEFGHIJKLMNOPQRSTUVXYZ", "АБДЕФГҲИЖКЛМНОПҚРСТУВХЙЗ", strict=True))
_RUSSIAN: Final = str.maketrans("ўқғҳЎҚҒҲ", "укгхУКГХ")
_OLD_LATIN: Final = dict(
    zip("oʻ Oʻ gʻ Gʻ q Q x X h H J".split(), "u U g G k K kh Kh kh Kh Dj".split(), strict=True)
)


@dataclass(frozen=True, slots=True)
class Written:
    """One record, as a registry wrote it."""

    id: bytes
    surname: str
    given: str
    patronymic: str | None
    born_on: date
    sex: str | None
    district: str | None


@dataclass(slots=True)
class Labelled:
    """Who is registered by number, who without, and who is who."""

    people: list[Written] = field(default_factory=list)
    records: list[Written] = field(default_factory=list)
    truth: dict[bytes, bytes] = field(default_factory=dict)  # record -> person; strangers: none
    kinds: dict[bytes, tuple[str, ...]] = field(default_factory=dict)  # what happened to each


@dataclass(frozen=True, slots=True)
class _Person:
    stem: str
    given: str
    father: str
    sex: str
    born_on: date
    district: str


def labelled(people: int, seed: int) -> Labelled:
    """Return a population of about ``people``, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - invented people, the same every time
    made = Labelled()
    for number, person in enumerate(_population(people, chance)):
        registered = _written(f"{seed} person {number}", person)
        made.people.append(_in_a_script(registered, chance))
        if chance.random() < 0.25:
            kinds, record = _changed(_written(f"{seed} record {number}", person), person, chance)
            made.records.append(record)
            made.truth[record.id] = registered.id
            made.kinds[record.id] = kinds
    for number in range(people // 20):
        stranger = _written(f"{seed} stranger {number}", _person(chance))
        kinds, record = _changed(stranger, _person(chance), chance)
        made.records.append(record)
        made.kinds[record.id] = ("stranger", *kinds)
    return made


def _population(people: int, chance: random.Random) -> Iterator[_Person]:
    made = 0
    while made < people:
        person = _person(chance)
        yield person
        made += 1
        what = chance.random()
        if what < 0.04:
            yield _twin(person, chance)
        elif what < 0.07:
            # Same name, same day, another family; half of them in the same place.
            where = person.district if chance.random() < 0.5 else chance.choice(DISTRICTS)
            yield replace(person, father=chance.choice(MALE), district=where)
        elif what < 0.17:
            sex = chance.choice("MF")
            later = person.born_on + timedelta(days=chance.randrange(330, 3000))
            given = chance.choice(MALE if sex == "M" else FEMALE)
            yield replace(person, given=given, sex=sex, born_on=later)
        else:
            continue
        made += 1


def _person(chance: random.Random) -> _Person:
    sex = chance.choice("MF")
    return _Person(
        stem=chance.choice(STEMS),
        given=chance.choice(MALE if sex == "M" else FEMALE),
        father=chance.choice(MALE),
        sex=sex,
        born_on=date(1940, 1, 1) + timedelta(days=chance.randrange(31_000)),
        district=chance.choice(DISTRICTS),
    )


def _twin(person: _Person, chance: random.Random) -> _Person:
    pairs = {"Hasan": "Husan", "Husan": "Hasan", "Fotima": "Zuhra", "Zuhra": "Fotima"}
    sex = person.sex if chance.random() < 0.6 else "MF"[person.sex == "M"]
    names = [one for one in (MALE if sex == "M" else FEMALE) if one != person.given]
    given = pairs.get(person.given) if sex == person.sex else None
    return replace(person, given=given or chance.choice(names), sex=sex)


def _written(name: str, person: _Person) -> Written:
    end = "ev" if person.stem.endswith("y") else "ov"
    child = " oʻgʻli" if person.sex == "M" else " qizi"
    return Written(
        sha256(name.encode()).digest()[:16],
        person.stem + end + ("a" if person.sex == "F" else ""),
        person.given,
        person.father + child,
        person.born_on,
        person.sex,
        person.district,
    )


def _changed(
    record: Written, person: _Person, chance: random.Random
) -> tuple[tuple[str, ...], Written]:
    """Return a second record: with what happened to it, and as it is written then."""
    if chance.random() < 0.7:  # a patient's: neither sex nor place
        record = replace(record, sex=None, district=None)
    kinds = []
    for kind, likely, change in _CHANGES:
        if chance.random() < likely:
            changed = change(record, person, chance)
            if changed != record:
                kinds.append(kind)
                record = changed
    return tuple(kinds) or ("none",), _in_a_script(record, chance)


def _missing(record: Written, _: _Person, __: random.Random) -> Written:
    return replace(record, patronymic=None)


def _russian_form(record: Written, person: _Person, _: random.Random) -> Written:
    vowel = "ye" if person.father[-1] in "aeiou" else "o"
    end = f"{vowel}vich" if person.sex == "M" else f"{vowel}vna"
    return replace(record, patronymic=record.patronymic and person.father + end)


def _married(record: Written, person: _Person, chance: random.Random) -> Written:
    if person.sex == "M":
        return record
    return replace(record, surname=chance.choice(STEMS) + "ova")


def _swapped(record: Written, _: _Person, __: random.Random) -> Written:
    if record.born_on.day > 12:
        return record
    day = record.born_on
    return replace(record, born_on=date(day.year, day.day, day.month))


def _slipped(record: Written, _: _Person, chance: random.Random) -> Written:
    days = chance.choice((1, -1, 10, -10, 365, 3653))
    return replace(record, born_on=record.born_on + timedelta(days=days))


def _typo(record: Written, _: _Person, chance: random.Random) -> Written:
    if chance.random() < 0.5:
        return replace(record, surname=_mistyped(record.surname, chance))
    return replace(record, given=_mistyped(record.given, chance))


def _mistyped(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    how = chance.randrange(4)
    if how == 0:
        return word[:at] + word[at + 1 :]
    if how == 1:
        return word[:at] + word[at] + word[at:]
    if how == 2:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + chance.choice("aeioubdgklmnrst") + word[at + 1 :]


_Change = Callable[[Written, _Person, random.Random], Written]
_CHANGES: Final[tuple[tuple[str, float, _Change], ...]] = (
    ("no patronymic", 0.25, _missing),
    ("Russian patronymic", 0.25, _russian_form),
    ("married name", 0.10, _married),
    ("day and month swapped", 0.10, _swapped),
    ("slip in the birth date", 0.06, _slipped),
    ("typing error", 0.20, _typo),
)


def _in_a_script(record: Written, chance: random.Random) -> Written:
    spell = chance.choice((_latin, _latin, _cyrillic, _russian, _old_latin))
    patronymic = record.patronymic
    return replace(
        record,
        surname=spell(record.surname),
        given=spell(record.given),
        patronymic=None if patronymic is None else spell(patronymic),
    )


def _latin(text: str) -> str:
    return text


def _cyrillic(text: str) -> str:
    for latin, cyrillic in _CYRILLIC.items():
        text = text.replace(latin, cyrillic)
    return "".join(
        _LETTERS.get(one) or (_LETTERS[one.upper()].lower() if one.upper() in _LETTERS else one)
        for one in text
    )


def _russian(text: str) -> str:
    return _cyrillic(text).translate(_RUSSIAN)


def _old_latin(text: str) -> str:
    pattern = r"[oOgG]ʻ|[sScC]h|[qQxXhHJ]"
    return re.sub(pattern, lambda found: _OLD_LATIN.get(found[0], found[0]), text)
