"""Rule packs by name, and draft laws from files: read strictly, every error with its place.

A pack's numbers are data, ``parameters.toml`` beside its rules. A draft law is such a file, too:

    name = "higher-minimum"
    base = "uz"

    [[minimum_income_per_head]]
    valid_from = 2027-01-01
    source = "draft"
    unit = "soum_a_month"
    value = 800_000

A set with the day of one of the base replaces it; others are added.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from streams.rules.pack import Currency, Dated, Parameters, RulePack

PACKS: Final = ("uz",)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MOST: Final = 10**12
_FIELDS: Final = ("valid_from", "source", "unit")
_NEVER_ZERO: Final = ("months", "years", "disability_group")


class InvalidPackError(ValueError):
    """A rule pack that cannot be used: which file, which place, what is wrong there."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the values of a parameter look like: a number, numbers by name, or a list."""

    unit: str  # 'money' and 'money_a_month' stand for the currency's own unit
    names: tuple[str, ...] = ()
    many: bool = False


def load_pack(name_or_path: str | Path) -> RulePack:
    """Return the pack of that name, or the draft law in that file.

    Raises:
        InvalidPackError: there is no such pack, or something in the file is wrong.
    """
    name = str(name_or_path)
    if name in PACKS:
        return _known(name)
    path = Path(name_or_path)
    if path.suffix != ".toml":
        known = ", ".join(PACKS)
        raise InvalidPackError(
            f"{name}: no such rule pack; known are {known}, or give a .toml file"
        )
    return load_draft(path, {known: _known(known) for known in PACKS})


def load_draft(path: Path, bases: Mapping[str, RulePack]) -> RulePack:
    """Return one of ``bases`` with the parameter sets of a file put over its own."""
    content = _read(path)
    name, base_name = content.pop("name", None), content.pop("base", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidPackError(f"{path}: name: small letters, digits, - and _, at most 32")
    if name in bases:
        raise InvalidPackError(f"{path}: name: {name} is the name of a pack in force")
    base = bases.get(base_name) if isinstance(base_name, str) else None
    if base is None:
        raise InvalidPackError(f"{path}: base: one of {', '.join(sorted(bases))}")
    shapes = {key: _shape_of(sets[0], base.currency) for key, sets in base.parameters.items()}
    fresh = _parameters(path, content, shapes, base.currency)
    merged = {
        key: sorted(
            {dated.valid_from: dated for dated in (*sets, *fresh.get(key, ()))}.values(),
            key=lambda dated: dated.valid_from,
        )
        for key, sets in base.parameters.items()
    }
    return replace(base, name=name, parameters=Parameters(merged))


def read_parameters(path: Path, shapes: Mapping[str, Shape]) -> tuple[Currency, Parameters]:
    """Return the numbers of a pack from its file: all of ``shapes`` and nothing else."""
    content = _read(path)
    stated = content.pop("currency", None)
    if not isinstance(stated, dict) or set(stated) != set(Currency._fields):
        raise InvalidPackError(f"{path}: currency: give {', '.join(Currency._fields)}")
    for key, value in stated.items():
        if type(value) is not (int if key == "minor_per_unit" else str) or not value:
            raise InvalidPackError(f"{path}: currency.{key}: {value!r} is not one")
    currency = Currency(**stated)
    found = _parameters(path, content, shapes, currency)
    if missing := sorted(set(shapes) - set(found)):
        raise InvalidPackError(f"{path}: missing: {', '.join(missing)}")
    return currency, Parameters(found)


@lru_cache
def _known(name: str) -> RulePack:
    pack = import_module(f"streams.rules.{name}").PACK
    assert isinstance(pack, RulePack)
    return pack


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidPackError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidPackError(f"{path}: {error}") from None


def _parameters(
    path: Path, content: Mapping[str, Any], shapes: Mapping[str, Shape], currency: Currency
) -> dict[str, Sequence[Dated[Any]]]:
    found: dict[str, Sequence[Dated[Any]]] = {}
    for name, tables in content.items():
        if name not in shapes:
            raise InvalidPackError(f"{path}: {name}: no such parameter")
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            raise InvalidPackError(f"{path}: {name}: write its sets as [[{name}]]")
        sets: list[Dated[Any]] = []
        for number, table in enumerate(tables, start=1):
            place = f"{path}: {name}, set {number}"
            dated = _dated(place, table, shapes[name], currency)
            if sets and sets[-1].valid_from >= dated.valid_from:
                raise InvalidPackError(f"{place}: valid_from: later than that of the set before")
            sets.append(dated)
        found[name] = sets
    return found


def _dated(place: str, table: Mapping[str, Any], shape: Shape, currency: Currency) -> Dated[Any]:
    expected = {*_FIELDS, *(shape.names or ("value",))}
    if unknown := sorted(set(table) - expected):
        raise InvalidPackError(f"{place}: {', '.join(unknown)}: no such field")
    if missing := sorted(expected - set(table)):
        raise InvalidPackError(f"{place}: missing: {', '.join(missing)}")
    valid_from, source = table["valid_from"], table["source"]
    if not isinstance(valid_from, date) or isinstance(valid_from, datetime):
        raise InvalidPackError(f"{place}: valid_from: a date is expected, as 2027-01-01")
    if not isinstance(source, str) or not source.strip():
        raise InvalidPackError(f"{place}: source: say where the numbers come from")
    unit = shape.unit.replace("money", currency.unit)
    if table["unit"] != unit:
        raise InvalidPackError(f"{place}: unit: {unit} is expected")
    factor = 1 if unit == shape.unit else currency.minor_per_unit

    def number(key: str, value: object) -> int:
        least = 1 if unit in _NEVER_ZERO else 0
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
            raise InvalidPackError(f"{place}: {key}: a whole number from {least} is expected")
        return value * factor

    values: Any
    if shape.names:
        values = {key: number(key, table[key]) for key in shape.names}
    elif not shape.many:
        values = number("value", table["value"])
    elif isinstance(table["value"], list) and table["value"]:
        values = tuple(number("value", one) for one in table["value"])
    else:
        raise InvalidPackError(f"{place}: value: a list of numbers is expected")
    return Dated(valid_from, source, values, shape.unit.replace("money", currency.minor))


def _shape_of(dated: Dated[Any], currency: Currency) -> Shape:
    unit = dated.unit
    if unit == currency.minor or unit.startswith(f"{currency.minor}_"):
        unit = f"money{unit.removeprefix(currency.minor)}"
    names = tuple(dated.values) if isinstance(dated.values, dict) else ()
    return Shape(unit, names, isinstance(dated.values, tuple))
