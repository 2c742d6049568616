"""Who may be who: found by keyed blocks, kept without a name, resumed after a crash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from ops.identity.suggesting import Suggesting, match_key, not_erased
from projections.match_store import MatchStore, Place
from schemas.ids import text
from schemas.sealing import seal
from tests.integration.assessment.country import KEYS, Country, person
from tests.integration.identity.operators import Operators

NAMES = {
    "1ali": ("Karimov", "Jamshid", "Anvar oʻgʻli", "1990-05-01"),
    "2vali": ("Toshmatov", "Shuhrat", "Botir oʻgʻli", "1985-11-30"),
    "3twin": ("Karimov", "Sherzod", "Anvar oʻgʻli", "1990-05-01"),
    "8ali": ("Каримов", "Джамшид", "Анварович", "1990-01-05"),
    "9vali": ("Тошматов", "Шухрат", None, "1985-11-30"),
    "9nobody": ("Ergasheva", "Malika", "Farhod qizi", "1961-02-03"),
}
PATIENTS = ("8ali", "9vali", "9nobody")


def register(country: Country) -> None:
    """State who everybody is, each name sealed, as the registries' events do."""
    assert country.keystore is not None
    for who, (surname, given, patronymic, born_on) in NAMES.items():
        block: dict[str, Any] = {
            "surname": surname,
            "given_name": given,
            "patronymic": patronymic,
            "pinfl": None,
        }
        is_patient = who in PATIENTS
        if is_patient:
            block["born_on"] = born_on
            value = {"person": None, "reason": "none"}
            event = country.state(f"names {who}", (who, "linked_to", value))
        else:
            value = {"born_on": born_on, "sex": "M", "district": "1703"}
            event = country.state(f"names {who}", (who, "person", value))
        topic = "registry.health.events.v1" if is_patient else "registry.civil.events.v1"
        key = country.keystore.keys([(person(who), "identity")])[person(who), "identity"]
        country.connection.execute(
            "UPDATE live.facts SET sealed = %s, sensitivity = 'identity', topic = %s"
            " WHERE event_id = %s",
            [seal(key, event, "identity", block), topic, UUID(bytes=event)],
        )


@pytest.fixture
def store(country: Country, database: str) -> Iterator[MatchStore]:
    register(country)
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        yield MatchStore(connection)


def suggesting(country: Country, store: MatchStore, batch: int = 2) -> Suggesting:
    assert country.keystore is not None
    return Suggesting(store, country.keystore, match_key(KEYS.person), batch, batch)


def suggest(country: Country, store: MatchStore) -> set[tuple[bytes, bytes]]:
    suggesting(country, store).run(store.begin("test"), lambda *_: None)
    return found(store)


def found(store: MatchStore) -> set[tuple[bytes, bytes]]:
    return {(row[0].bytes, row[1].bytes) for row in store.suggestions(70, 100, "test")}


BOTH = {(person("8ali"), person("1ali")), (person("9vali"), person("2vali"))}


def test_the_two_are_found_and_nobody_else(country: Country, store: MatchStore) -> None:
    assert suggest(country, store) == BOTH
    assert suggest(country, store) == BOTH  # again, from the start


def test_nothing_is_applied(country: Country, store: MatchStore, operators: Operators) -> None:
    suggest(country, store)

    assert operators.canonical("8ali") == person("8ali")
    assert operators.bodies() == []


def test_the_tables_hold_no_name_and_no_date(country: Country, store: MatchStore) -> None:
    suggest(country, store)

    clear = {word for row in NAMES.values() for each in row if each for word in each.split()}
    clear |= {word.lower() for word in clear} | {"jamshid", "karimov", "shuxrat", "toshmatov"}
    pattern = re.compile(b"|".join(re.escape(word.encode()) for word in sorted(clear)))
    tables = ("live.match_blocks", "live.match_progress", "live.suggestions", "kept.audit_leaves")
    for table in tables:
        schema, name = table.split(".")
        query = sql.SQL("COPY {}.{} TO STDOUT").format(sql.Identifier(schema), sql.Identifier(name))
        with store.connection.cursor() as cursor, cursor.copy(query) as rows:
            written = b"".join(rows)
        assert written or table == "live.match_progress"
        assert not pattern.search(written), table


def test_blocks_cannot_be_made_without_our_key(country: Country, store: MatchStore) -> None:
    suggest(country, store)
    mine = {
        bytes(row[0]) for row in store.connection.execute("SELECT block FROM live.match_blocks")
    }
    other = Suggesting(store, suggesting(country, store).keystore, b"x" * 32)
    other.run(store.begin("test"), lambda *_: None)
    theirs = {
        bytes(row[0]) for row in store.connection.execute("SELECT block FROM live.match_blocks")
    }

    assert mine
    assert mine.isdisjoint(theirs)


@pytest.mark.parametrize("stops_after", [1, 6, 8])
def test_a_run_that_dies_goes_on_where_it_was(
    country: Country, store: MatchStore, stops_after: int
) -> None:
    class Died(Exception):
        pass

    steps: list[tuple[str, int]] = []

    def die(phase: str, done: int) -> None:
        steps.append((phase, done))
        if len(steps) == stops_after:
            raise Died

    with pytest.raises(Died):
        suggesting(country, store, 1).run(store.begin("test"), die)
    place = store.begin("test")
    assert (place.phase, place.done) == steps[-1]

    suggesting(country, store, 1).run(place, lambda *_: None)

    assert found(store) == BOTH
    assert store.connection.execute("SELECT * FROM live.match_progress").fetchall() == []
    begun = store.connection.execute(
        "SELECT count(*) FROM kept.audit_leaves WHERE body ->> 'what' = 'suggest'"
    ).fetchone()
    assert begun == (1,)


def test_a_batch_is_written_whole_or_not_at_all(country: Country, store: MatchStore) -> None:
    place = store.begin("test")
    with pytest.raises(psycopg.errors.CheckViolation):
        store.write_blocks([UUID(int=1)], [(b"b", UUID(int=1))], Place("nowhere", UUID(int=1), 1))

    assert store.connection.execute("SELECT * FROM live.match_blocks").fetchall() == []
    assert store.begin("test") == place


def test_who_is_linked_needs_no_suggestion(
    country: Country, store: MatchStore, operators: Operators
) -> None:
    suggest(country, store)
    operators.decided("linked", "8ali", "1ali")

    assert found(store) == {(person("9vali"), person("2vali"))}  # at once
    assert suggest(country, store) == {(person("9vali"), person("2vali"))}


def test_what_an_operator_took_back_is_not_suggested_again(
    country: Country, store: MatchStore, operators: Operators
) -> None:
    suggest(country, store)
    operators.decided("linked", "8ali", "1ali")
    operators.decided("unlinked", "8ali", "1ali")

    assert found(store) == {(person("9vali"), person("2vali"))}
    assert suggest(country, store) == {(person("9vali"), person("2vali"))}
    kept = store.connection.execute("SELECT alias FROM live.suggestions").fetchall()
    assert UUID(bytes=person("8ali")) not in {row[0] for row in kept}


@pytest.mark.parametrize("erased", ["8ali", "1ali"])
def test_the_erased_are_not_matched(country: Country, store: MatchStore, erased: str) -> None:
    suggest(country, store)
    assert country.keystore is not None
    country.connection.execute(
        "UPDATE sealing_keys SET state = 'erased', wrapped = NULL WHERE owner = %s",
        [UUID(bytes=person(erased))],
    )
    country.keystore.forget()
    listed = not_erased(store.suggestions(70, 100, "test"), country.keystore)
    assert [row[0].bytes for row in listed] == [person("9vali")]  # at once

    assert suggest(country, store) == {(person("9vali"), person("2vali"))}
    blocks = store.connection.execute(
        "SELECT count(*) FROM live.match_blocks WHERE person = %s", [UUID(bytes=person(erased))]
    ).fetchone()
    assert blocks == (0,)


def test_two_records_of_nobody_known_are_suggested_once(
    country: Country, store: MatchStore
) -> None:
    for who in ("1ali", "3twin"):
        country.connection.execute(
            "DELETE FROM live.facts WHERE person = %s", [UUID(bytes=person(who))]
        )
    assert country.keystore is not None
    surname, given, patronymic, born_on = NAMES["1ali"]
    event = country.state("names 7ali", ("7ali", "linked_to", {"person": None, "reason": "none"}))
    key = country.keystore.keys([(person("7ali"), "identity")])[person("7ali"), "identity"]
    block = {"surname": surname, "given_name": given, "patronymic": patronymic, "born_on": born_on}
    country.connection.execute(
        "UPDATE live.facts SET sealed = %s, sensitivity = 'identity' WHERE event_id = %s",
        [seal(key, event, "identity", block), UUID(bytes=event)],
    )

    assert suggest(country, store) == {
        (person("8ali"), person("7ali")),
        (person("9vali"), person("2vali")),
    }


def test_one_run_at_a_time(store: MatchStore, database: str) -> None:
    assert store.take()
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        assert not MatchStore(connection).take()


def test_a_list_cut_short_knows_of_how_many(country: Country, store: MatchStore) -> None:
    assert len(suggest(country, store)) == 2

    (best,) = store.suggestions(70, 1, "test")
    assert best[-1] == 2


def test_the_list_is_put_on_record(store: MatchStore) -> None:
    store.suggestions(70, 10, "me")

    leaf = store.connection.execute("SELECT kind, body FROM kept.audit_leaves").fetchall()
    body = {"what": "suggestions", "who": "me", "purpose": "unspecified"}
    assert leaf == [("read", body)]
    assert text(person("8ali")) not in str(leaf)
