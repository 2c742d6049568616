"""How alike two people are by name, birth date and place, for a person to decide about. Pure.

Names come in Latin and Cyrillic, with and without apostrophes, in Uzbek and Russian forms. Each is
folded into one plain spelling that keeps what all of these have in common:

    Ўғилой, Oʻgʻiloy, O'g'iloy, Угилой -> ogiloy   Xasan, Hasan, Khasan, Ҳасан -> xasan
    Karimova, Karimov, Каримова -> karimov         Anvar oʻgʻli, Anvarovich, Анварович -> anvar

A *block* is a keyed digest of something that two records of one person most likely share. Only
people who meet in a block are compared, and from the digests nobody learns a name.
"""

# ruff: noqa: RUF001 - Cyrillic letters are meant

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from rapidfuzz.distance import JaroWinkler

THRESHOLD: Final = 70  # below this nobody is troubled with a pair; `hub person suggest --evaluate`
AMBIGUOUS: Final = 18  # taken off where two people fit about equally well
MARGIN: Final = 8
BLOCK_BYTES: Final = 16

_CYRILLIC: Final = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "yo", "ж": "j", "з": "z",
        "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
        "с": "s", "т": "t", "у": "u", "ф": "f", "х": "x", "ц": "s", "ч": "ch", "ш": "sh",
        "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "yu", "я": "ya", "ў": "o", "қ": "k",
        "ғ": "g", "ҳ": "x",
    }
)  # fmt: skip
# In this order: a pair of letters before its parts.
_FOLDS: Final = (
    (re.compile(r"['`\u2018\u2019\u02bb\u02bc\u02b9]"), ""),
    (re.compile(r"sch|shch"), "sh"),
    (re.compile(r"dj|dzh|zh"), "j"),
    (re.compile(r"kh|gh(?=[aeiou])"), lambda found: "x" if found[0] == "kh" else "g"),
    (re.compile(r"(?<![sc])h"), "x"),
    (re.compile(r"ts"), "s"),
    (re.compile(r"q"), "k"),
    (re.compile(r"w"), "v"),
    (re.compile(r"iya|ia|ja(?=$)"), "iya"),
    (re.compile(r"(?<![bcdfgjklmnprstvxz])ye|^ye"), "e"),
    (re.compile(r"ii|iy|yi|ij$"), "i"),
    (re.compile(r"(.)\1"), r"\1"),
)
_PATRONYMIC: Final = re.compile(
    r"[ -]?(?:[ou]g[ui]?li|[ou]gil|ki[sz]i|y?[eo]vich|y?[eo]vna|ich|ichna)$"
)
_FEMININE: Final = re.compile(r"(?<=[oe]v)a$|(?<=in)a$")
_ENDING: Final = re.compile(r"(?:y?[oe]va?|ina?|zoda|sko?[iy]|skaya)$")
_VOWELS: Final = re.compile(r"(?<!^)[aeiouy]")
# Names that parents give to twins and that differ by a letter: two people, not a slip of the pen.
_TWINS: Final = tuple(
    frozenset({f"xasan{end}", f"xusan{end}"}) for end in ("", "bek", "boy", "jon", "xon")
)


class Name(NamedTuple):
    """One name of a person, folded."""

    surname: str
    given: str
    patronymic: str  # the father's name; empty: not stated


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one id: everything ever stated, so a former surname counts as well."""

    id: bytes
    names: frozenset[Name]
    births: frozenset[date] = frozenset()
    districts: frozenset[str] = frozenset()
    sexes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two ids are: a score, and the features that made it, without a value."""

    score: int
    features: dict[str, str] = field(default_factory=dict)


def folded(text: str) -> str:
    """Return the plain spelling of a name.

    >>> folded("Oʻgʻiloy"), folded("Угилой"), folded("Xo'jayev"), folded("Ходжаев")
    ('ogiloy', 'ugiloy', 'xojaev', 'xojaev')
    """
    plain = unicodedata.normalize("NFC", text).casefold().translate(_CYRILLIC)
    for pattern, by in _FOLDS:
        plain = pattern.sub(by, plain)
    return " ".join("".join(one for one in plain if not unicodedata.combining(one)).split())


def name(surname: str | None, given: str | None, patronymic: str | None) -> Name:
    """Return a name in its plain spelling: surname as men bear it, the father's bare name."""
    return Name(
        _FEMININE.sub("", folded(surname or "")),
        folded(given or ""),
        _PATRONYMIC.sub("", folded(patronymic or "")).strip(),
    )


def sex_by_name(surname: str | None, patronymic: str | None) -> str | None:
    """Return what the endings of a name show, if anything."""
    plain, father = folded(surname or ""), folded(patronymic or "")
    if re.search(r"(?:ki[sz]i|vna|ichna)$", father) or re.search(r"(?:[oe]va|skaya)$", plain):
        return "F"
    if re.search(r"(?:g[ui]?li|gil|vich|ich)$", father) or re.search(r"[oe]v$", plain):
        return "M"
    return None


def skeleton(plain: str) -> str:
    """Return the consonants of a folded name: what survives another vowel, or its slip.

    >>> skeleton("karimov"), skeleton("ogiloy"), skeleton("ugiloy")
    ('krm', '_gl', '_gl')
    """
    bare = _ENDING.sub("", plain) or plain
    bones = _VOWELS.sub("", bare)
    return re.sub(r"^[aeiouy]", "_", bones)


def blocks(key: bytes, one: Known) -> frozenset[bytes]:
    """Return the blocks in which ``one`` can be met; ``key`` is ours and secret."""
    return frozenset(
        hmac.digest(key, "\0".join(parts).encode(), hashlib.sha256)[:BLOCK_BYTES]
        for parts in _parts(one)
    )


def _parts(one: Known) -> Iterator[tuple[str, ...]]:
    for each in one.names:
        surname, given = skeleton(each.surname), skeleton(each.given)
        father = skeleton(each.patronymic)
        for born_on in one.births:
            # Day and month sorted: swapped, they meet all the same.
            day = f"{born_on.year}-{sorted((born_on.month, born_on.day))}"
            yield "born, given", day, given[:2]
            yield "born, surname", day, surname[:3]
            yield "year, names", str(born_on.year), surname, given
            yield "day, names", f"{born_on.month}-{born_on.day}", surname, given
            if father:
                yield "day, father", f"{born_on.month}-{born_on.day}", given, father
        if father:
            yield "names", surname, given, father
        for district in one.districts:
            yield "district, names", district[:4], surname, given


def likeness(one: Known, other: Known) -> Likeness:
    """Return how alike two ids are: 0 to 100."""
    features = {
        "birth": _births(one.births, other.births),
        "sex": _sexes(one.sexes, other.sexes),
        "place": _places(one.districts, other.districts),
    }
    best = max(
        (_named(mine, theirs) for mine in one.names for theirs in other.names),
        key=lambda found: sum(_POINTS[what][how] for what, how in found.items()),
        default={},
    )
    features |= best
    points = sum(_POINTS[what][how] for what, how in features.items())
    return Likeness(max(0, min(100, points)), features)


def _named(mine: Name, theirs: Name) -> dict[str, str]:
    given = _alike(mine.given, theirs.given)
    if frozenset({mine.given, theirs.given}) in _TWINS:
        given = "other"
    return {
        "given": given,
        "surname": _alike(mine.surname, theirs.surname),
        "patronymic": _alike(mine.patronymic, theirs.patronymic),
    }


def _alike(mine: str, theirs: str) -> str:
    if not mine or not theirs:
        return "unknown"
    if mine == theirs:
        return "same"
    alike = JaroWinkler.similarity(mine, theirs)
    if mine[1:] != theirs[1:] and skeleton(mine) == skeleton(theirs):
        alike = max(alike, _CLOSE)  # other vowels only
    return "close" if alike >= _CLOSE else "near" if alike >= _NEAR else "other"


def _births(mine: Iterable[date], theirs: Iterable[date]) -> str:
    found = {_birth(one, other) for one in mine for other in theirs}
    return next((how for how in ("same", "swapped", "close", "other") if how in found), "unknown")


def _birth(one: date, other: date) -> str:
    if one == other:
        return "same"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "swapped"
    mine, theirs = one.strftime("%Y%m%d"), other.strftime("%Y%m%d")
    slips = sum(a != b for a, b in zip(mine, theirs, strict=True))
    return "close" if slips == 1 else "other"


def _sexes(mine: frozenset[str], theirs: frozenset[str]) -> str:
    if not mine or not theirs:
        return "unknown"
    return "same" if mine & theirs else "other"


def _places(mine: frozenset[str], theirs: frozenset[str]) -> str:
    if not mine or not theirs:
        return "unknown"
    if {one[:4] for one in mine} & {one[:4] for one in theirs}:
        return "same"
    return "near" if {one[:2] for one in mine} & {one[:2] for one in theirs} else "other"


_CLOSE: Final = 0.93
_NEAR: Final = 0.86
# Points for what agrees and against what does not; nothing for what is not known. Weighed on a
# labelled set (`hub person suggest --evaluate`); birth date alone, or names alone, never suffice.
_POINTS: Final = {
    "birth": {"same": 40, "swapped": 30, "close": 22, "other": -35, "unknown": 0},
    "given": {"same": 22, "close": 15, "near": -4, "other": -35, "unknown": -10},
    "surname": {"same": 25, "close": 18, "near": 4, "other": -8, "unknown": -5},
    "patronymic": {"same": 18, "close": 11, "near": -8, "other": -30, "unknown": 0},
    "sex": {"same": 0, "other": -45, "unknown": 0},
    "place": {"same": 6, "near": 1, "other": -3, "unknown": 0},
}


def ranked(found: Iterable[tuple[bytes, Likeness]]) -> list[tuple[bytes, Likeness]]:
    """Return whom one id may be, the most alike first.

    Where two fit about equally well, both lose points and say so: at most one of them is right.
    """
    order = sorted(found, key=lambda pair: (-pair[1].score, pair[0]))
    if len(order) < 2 or order[0][1].score - order[1][1].score > MARGIN:  # noqa: PLR2004
        return order
    bar = order[0][1].score - MARGIN
    return [
        (
            who,
            Likeness(like.score - AMBIGUOUS, like.features | {"ambiguous": "yes"})
            if like.score >= bar
            else like,
        )
        for who, like in order
    ]
