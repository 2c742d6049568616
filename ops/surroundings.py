"""Parse what stands in the environment; ``ops/settings.py`` alone reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")


class Reader:
    """Parse one variable after the other and remember every fault."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def of(self, name: str, parse: Callable[[str], _T], default: _T) -> _T:
        text = self._environ.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"{name}: {error}")
            return default


def folder(text: str) -> Path:
    """Return a folder, whether or not it exists."""
    return Path(text).expanduser().absolute()


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return what parses a whole number in a range."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


def switch(text: str) -> bool:
    """Return what on and off mean."""
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    if text.lower() not in words:
        raise ValueError("must be on or off")
    return words[text.lower()]


def one_of(*words: str) -> Callable[[str], str]:
    """Return what accepts these words only."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be {' or '.join(words)}")
        return text

    return parse


def address(text: str) -> str:
    """Return an IP address."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError("must be an IP address") from None


def day(text: str) -> date | None:
    """Return a date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31, or empty for the real date") from None


def url(text: str) -> str:
    """Return a URL without the slash at its end."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return text.rstrip("/")


def origin(text: str) -> str:
    """Return the name of a log, which is the name of its key too (C2SP signed-note)."""
    if "+" in text or text.split() != [text] or not text.isprintable():
        raise ValueError("must be one word without a plus, such as hub.example.uz/audit")
    return text


def as_role(dsn: str, role: str) -> str:
    """Return how another role reaches what ``dsn`` reaches; its password is not that of the first.

    The password then comes from the file that ``passfile`` names.
    """
    return _changed(dsn, user=role)


def in_database(dsn: str, database: str) -> str:
    """Return how the same role reaches another database beside that of ``dsn``."""
    return _changed(dsn, dbname=database)


def _changed(dsn: str, **changed: str) -> str:
    # Here, because a command that asks no database should not wait for the driver.
    from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415

    parts = {name: value for name, value in conninfo_to_dict(dsn).items() if value is not None}
    if "user" in changed:
        parts.pop("password", None)
    return make_conninfo("", **(parts | changed))
