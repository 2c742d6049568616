"""A country written into a real civil database, a drop folder and the FHIR store."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psycopg
import pytest

from ops.simulator import parts
from ops.simulator.civil_database import CountryExistsError
from ops.simulator.contract import Keys
from ops.simulator.country import Country, OutOfTurnError, Places
from ops.simulator.expectations import ExpectedEvent, ExpectedFault
from ops.simulator.fhir_store import FhirStore
from ops.simulator.ledger import Ledger

UNTIL = date(2026, 9, 30)
KEYS = Keys(b"p" * 32, b"e" * 32, b"d" * 32)
TABLES = ("person", "birth", "death", "marriage", "divorce", "name_change", "residence")


@pytest.fixture
def country(tmp_path: Path, database: str) -> Country:
    places = Places(home=tmp_path, civil_dsn=database, tax_folder=tmp_path / "tax")
    return Country(1500, 8, 11, UNTIL, places=places, keys=KEYS)


def both(ledger: Ledger) -> list[ExpectedEvent | ExpectedFault]:
    return [*ledger.events, *ledger.faults]


def rows(dsn: str) -> dict[str, int]:
    """Return the revision of each record that stands in the database."""
    with psycopg.connect(dsn) as connection:
        return {
            f"{table}/{record}": revision
            for table in (*TABLES, "guardianship")
            for record, revision in connection.execute(
                f"SELECT record_id, revision FROM civil.{table}"
            )
        }


def latest(ledger: Ledger) -> dict[str, int]:
    """Return what should stand: each record's last revision, deletions left out."""
    found: dict[str, int] = {}
    for item in both(ledger):
        if item.registry == "civil":
            record, revision = item.source_key.rsplit("/", 1)
            found[record] = max(found.get(record, 0), int(revision))
    return found


def test_backlog_and_live_days_stand_in_the_database_as_the_ledger_says(
    country: Country, database: str
) -> None:
    country.backlog()
    after_backlog = rows(database)
    expected_backlog = latest(Ledger.load(country.places.home))
    for number in range(1, country.days + 1):
        country.day(number)

    ledger = Ledger.load(country.places.home)

    assert after_backlog == expected_backlog
    standing, expected = rows(database), latest(ledger)
    deleted = set(expected) - set(standing)
    assert {r: v for r, v in expected.items() if r not in deleted} == standing
    annulled = {e.source_key for e in ledger.events if e.change == "ANNULLED"}
    assert all(f"{record}/{expected[record]}" in annulled for record in deleted)


def test_a_country_in_parts_stands_in_all_three_sources_as_the_ledger_says(
    country: Country, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LARGEST_PART", 600)

    country.backlog()
    country.day(1)

    ledger = Ledger.load(tmp_path)
    store = FhirStore(country.places.fhir_file)
    stored = store.history("", 0, 10**6)
    store.close()
    names = {path.name for path in (tmp_path / "tax" / "inbox").iterdir()}
    deleted = set(latest(ledger)) - set(rows(database))
    assert {r: v for r, v in latest(ledger).items() if r not in deleted} == rows(database)
    keys = {f"{v.type}/{v.id}/{v.number}" for v in stored if v.type != "Immunization"}
    assert keys == {item.source_key for item in both(ledger) if item.registry == "health"}
    assert [v.updated_at for v in stored] == sorted((v.updated_at for v in stored), reverse=True)
    assert {file.name for file in ledger.files} == {name for name in names if ".csv" in name}
    assert len(list((tmp_path / "simulator" / "parts").glob("civil-0000-*.pickle"))) == 3


def test_the_health_store_and_the_drop_folder_hold_what_the_ledger_says(
    country: Country, tmp_path: Path
) -> None:
    country.backlog()
    ledger = Ledger.load(tmp_path)
    store = FhirStore(country.places.fhir_file)
    stored = store.history("", 0, 10**6)
    store.close()

    keys = {f"{v.type}/{v.id}/{v.number}" for v in stored if v.type != "Immunization"}
    names = {p.name for p in (tmp_path / "tax" / "inbox").iterdir()}

    assert keys == {item.source_key for item in both(ledger) if item.registry == "health"}
    assert {f.name for f in ledger.files} == {n for n in names if ".csv" in n}
    assert Counter(".csv" in name for name in names)[True] * 2 == len(names)


def test_the_tables_are_published_with_whole_old_rows(country: Country, database: str) -> None:
    country.backlog()
    with psycopg.connect(database) as connection:
        published = connection.execute(
            "SELECT tablename FROM pg_publication_tables WHERE pubname = 'hub'"
        ).fetchall()
        full = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'civil'::regnamespace"
            " AND relkind = 'r' AND relreplident = 'f'"
        ).fetchall()

    assert {name for (name,) in published} == {name for (name,) in full}
    assert len(full) == 8


def test_a_second_country_in_the_same_place_is_refused(country: Country) -> None:
    country.backlog()

    with pytest.raises(CountryExistsError):
        country.backlog()


def test_days_are_written_in_order_by_whoever_has_the_same_parameters(country: Country) -> None:
    country.backlog()
    successor = Country(1500, 8, 11, UNTIL, places=country.places, keys=KEYS)
    stranger = Country(1500, 8, 12, UNTIL, places=country.places, keys=KEYS)

    country.day(1)
    successor.day(2)

    for writer, number in ((country, 2), (country, 4), (stranger, 3)):
        with pytest.raises(OutOfTurnError):
            writer.day(number)
    with pytest.raises(ValueError, match="no day 9"):
        country.day(9)


def test_a_day_is_watched_once_there_is_a_slot(
    country: Country, database: str, unique_name: Callable[[str], str]
) -> None:
    slot = unique_name("slot").replace("-", "_")
    country.backlog()
    country.day(1)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')")
        country.day(2)
        country.day(3)
        changes = connection.execute(
            f"SELECT get_byte(data, 0), count(*) FROM pg_logical_slot_get_binary_changes('{slot}',"
            " NULL, NULL, 'proto_version', '1', 'publication_names', 'hub') GROUP BY 1"
        ).fetchall()
        connection.execute(f"SELECT pg_drop_replication_slot('{slot}')")

    ledger = Ledger.load(country.places.home)

    streamed = sum(count for kind, count in changes if chr(kind) in "IUD")
    watched = {item.source_key for item in both(ledger) if item.watched}
    assert len(watched) == streamed > 0
    assert not watched & ledger.racing()
    assert ledger.racing()
