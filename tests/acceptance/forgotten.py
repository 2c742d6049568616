"""A person whose every personal field is a word that stands nowhere else, in all three registries.

Written into the registries' own stores after the simulator filled them. The words begin alike, so
one search finds any of them.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Final

import psycopg

from ops.settings import Settings
from tests.integration.connectors.tax.deliveries import DropFolder, csv_bytes

STEM: Final = "Qzxwvykjq"
FIELDS: Final = (
    "surname",
    "given",
    "patronymic",
    "newsurname",
    "newgiven",
    "newpatronymic",
    "address",
    "family",
    "first",
    "taxname",
    "broken",
)
STIR: Final = "498765432"
_PINFL_SYSTEM: Final = "https://dhp.uz/fhir/core/sid/pid/uz/ni"


def word(field: str) -> str:
    """Return the word that stands in a field."""
    return STEM + field


@dataclass(frozen=True, slots=True)
class Canary:
    """Who it is."""

    pinfl: str


def plant(settings: Settings) -> Canary:
    """Give a person of the simulated country the words; return who it is."""
    pinfl = _known_to_the_doctor(settings)
    with psycopg.connect(settings.civil_dsn) as connection:
        for table in ("person", "residence"):
            values = {"person": "surname", "residence": "address"}[table]
            changed = connection.execute(
                f"UPDATE civil.{table} SET {values} = %s WHERE pinfl = %s".encode(),
                [word(values), pinfl],
            )
            assert changed.rowcount, f"nobody in {table}"
        connection.execute(
            "UPDATE civil.person SET given_name = %s, patronymic = %s WHERE pinfl = %s",
            [word("given"), word("patronymic"), pinfl],
        )
        connection.execute(
            "INSERT INTO civil.name_change SELECT 'canary', 1, 'valid', NULL, NULL, now(), %s, %s,"
            " %s, %s, '2024-05-05'",
            [pinfl, word("newsurname"), word("newgiven"), word("newpatronymic")],
        )
    _deliver(settings, pinfl)
    return Canary(pinfl)


def _known_to_the_doctor(settings: Settings) -> str:
    """Put the words into a patient's resource, of somebody with a disability; return the number."""
    path = settings.home / "simulator" / "fhir.sqlite"
    with sqlite3.connect(path) as store:
        rows = store.execute(
            "SELECT place, body FROM version WHERE type = 'Patient' AND id = 'known-m-alone'"
        ).fetchall()
        assert rows
        for place, body in rows:
            patient = json.loads(body)
            patient["name"] = [{"family": word("family"), "given": [word("first")]}]
            pinfl = next(
                each["value"] for each in patient["identifier"] if each["system"] == _PINFL_SYSTEM
            )
            store.execute(
                "UPDATE version SET body = ? WHERE place = ?", [json.dumps(patient).encode(), place]
            )
    return str(pinfl)


def _deliver(settings: Settings, pinfl: str) -> None:
    """Deliver one row under a tax number, with a name, and one that breaks a rule."""
    folder = DropFolder.__new__(DropFolder)
    folder.path, folder.inbox = settings.tax_drop_folder, settings.tax_drop_folder / "inbox"
    rows = [
        ["1", "N", "", STIR, word("taxname"), "201122334", "2026-06", "1000000"],
        ["2", "N", pinfl, "", word("broken"), "201122334", "2026-06", "not a number"],
    ]
    folder.deliver(900, csv_bytes(rows), rows=2, period="2026-06", name="canary")
