"""An erasure's life: decided once, over all ids, carried out however often somebody dies in it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest

from projections import erasures, leaves
from projections.erasures import carry_out
from projections.keystore import ERASED, REDACTED, Erasure, PostgresKeyStore
from projections.opening import Sealed, open_all
from projections.restrictions import ForBasis
from schemas.errors import TransientError
from schemas.sealing import seal
from streams.assessor import Assessor
from tests.integration.assessment.country import NOW, ON, Country, person
from tests.integration.privacy.coming import OWN, RULES, Coming
from tests.integration.privacy.conftest import MakeStore
from tests.integration.privacy.test_rotation import KilledError, dying

ALI = person("1ali")
LATER = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def coming(country: Country, keys_dsn: str) -> Iterator[Coming]:
    with psycopg.connect(keys_dsn, autocommit=True) as connection:
        yield Coming(keys_dsn, connection)


@pytest.fixture
def ali(country: Country) -> Country:
    """A disabled man, known to the health registry under an id of its own; and his neighbour."""
    country.complete()
    country.born("1ali", "1990-05-01", "M")
    country.lives("1ali", "h")
    country.born("2bek", "1991-05-01", "M")
    country.lives("2bek", "i")
    country.disabled("8patient", 1)
    country.disabled("2bek", 2)
    country.state(
        "link",
        ("8patient", "linked_to", {"person": "1ali", "reason": "identifier"}),
        ("1ali", "linked_from", {"alias": "8patient", "reason": "identifier"}),
    )
    assert country.keystore is not None
    country.keystore.keys([(ALI, "identity"), (ALI, "contact"), (person("2bek"), "identity")])
    return country


def leaves_of(connection: psycopg.Connection[Any], kind: str) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT body FROM kept.audit_leaves WHERE kind = %s ORDER BY id", [kind]
    ).fetchall()
    return [row[0] for row in rows]


def keys_of(store: PostgresKeyStore, *names: str) -> dict[tuple[str, str], bytes]:
    wanted = {(person(name), each): (name, each) for name in names for each in OWN}
    return {wanted[name]: key for name, key in store.existing(wanted).items()}


def test_all_ids_of_a_person_and_nobody_else(
    ali: Country, coming: Coming, store: PostgresKeyStore
) -> None:
    before = keys_of(store, "2bek")

    decided = coming.erased("8patient")
    done = carry_out(coming.connection, store, RULES, LATER)

    stored = coming.connection.execute(
        "SELECT event_id FROM live.facts WHERE kind IN ('erased', 'restricted', 'erasure_refused')"
    ).fetchall()
    assert {row[0] for row in stored} == {one.event_id for one in decided}

    assert done == 2 * 4  # what is refused has no effect
    found = keys_of(store, "1ali", "8patient")
    gone = {
        (who, each) for who in ("1ali", "8patient") for each in ("identity", "contact", "health")
    }
    assert {name for name, key in found.items() if key == ERASED} == gone
    assert keys_of(store, "2bek") == before


def test_who_was_once_taken_for_the_person_is_left_alone(ali: Country, coming: Coming) -> None:
    ali.state(
        "unlink",
        ("8patient", "unlinked_to", {"person": "1ali", "reason": "another man"}),
        ("1ali", "unlinked_from", {"alias": "8patient", "reason": "another man"}),
    )

    found = coming.linked("1ali")

    assert (found.ids, found.others) == ([UUID(bytes=ALI)], [UUID(bytes=person("8patient"))])


def test_deciding_again_decides_nothing(ali: Country, coming: Coming) -> None:
    first = coming.decide("1ali")
    again = coming.decide("8patient")

    assert [one.is_new for one in first] == [True] * 10
    assert [one.is_new for one in again] == [False] * 10
    assert [one.event_id for one in again] == [one.event_id for one in first]
    body = leaves_of(coming.connection, "operator")
    assert len(body) == 1
    assert (body[0]["what"], body[0]["who"], body[0]["reason"]) == (
        "erasure",
        "tester",
        "asked for it",
    )
    assert body[0]["persons"] == sorted(str(UUID(bytes=person(n))) for n in ("1ali", "8patient"))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("where", "name", "nth"),
    [
        (PostgresKeyStore, "erase", 1),
        (PostgresKeyStore, "restrict", 1),
        (PostgresKeyStore, "note_done", 1),
        (leaves, "leave", 3),
    ],
    ids=["keys destroyed", "restricted", "noted", "a leaf"],
)
def test_whoever_comes_after_a_death_finishes(  # noqa: PLR0917
    ali: Country,
    coming: Coming,
    store: PostgresKeyStore,
    make: MakeStore,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    nth: int,
    after: bool,
) -> None:
    coming.erased("1ali")
    with monkeypatch.context() as patched:
        patched.setattr(where, name, dying(getattr(where, name), nth, after=after))
        with pytest.raises(KilledError):
            carry_out(coming.connection, make(), RULES, LATER)

    carry_out(coming.connection, store, RULES, LATER)
    carry_out(coming.connection, store, RULES, LATER)

    assert keys_of(make(), "1ali")["1ali", "identity"] == ERASED
    told = leaves_of(coming.connection, "key")
    assert len(told) == len({leaf["event"] for leaf in told}) == 8
    assert {(leaf["what"], leaf["class"]) for leaf in told} == {
        ("key_erased", "identity"),
        ("key_erased", "contact"),
        ("key_erased", "health"),
        ("key_restricted", "needs"),
    }


def test_a_store_from_an_old_backup_is_erased_again(
    ali: Country, coming: Coming, store: PostgresKeyStore, make: MakeStore, keys_dsn: str
) -> None:
    with psycopg.connect(keys_dsn) as connection:
        connection.execute("CREATE TABLE backup AS TABLE sealing_keys")
    coming.erased("1ali")
    carry_out(coming.connection, store, RULES, LATER)
    with psycopg.connect(keys_dsn) as connection:
        connection.execute("TRUNCATE sealing_keys, key_erasures")
        connection.execute("INSERT INTO sealing_keys TABLE backup")
    assert keys_of(make(), "1ali")["1ali", "identity"] != ERASED

    assert carry_out(coming.connection, store, RULES, LATER) == 8

    assert keys_of(make(), "1ali")["1ali", "identity"] == ERASED


def test_no_key_can_be_made_for_what_was_erased(
    ali: Country, coming: Coming, store: PostgresKeyStore, make: MakeStore
) -> None:
    coming.erased("1ali")
    carry_out(coming.connection, store, RULES, LATER)

    assert make().keys([(ALI, "health"), (ALI, "identity")]) == {
        (ALI, "health"): ERASED,  # there was none before
        (ALI, "identity"): ERASED,
    }


def test_creators_and_erasers_at_once_end_erased(make: MakeStore) -> None:
    names = [(bytes([n]) * 16, "health") for n in range(100)]

    def create(_: int) -> None:
        make_one = stores.pop()
        for name in names:
            make_one.keys([name])

    stores = [make() for _ in range(3)]
    eraser = make()
    with ThreadPoolExecutor(4) as pool:
        creating = pool.map(create, range(3))
        for name in names:
            eraser.erase([Erasure(b"e" * 16, *name)], LATER)
        list(creating)

    assert make().keys(names) == dict.fromkeys(names, ERASED)


def test_the_restricted_open_for_what_the_law_names_only(
    ali: Country, coming: Coming, store: PostgresKeyStore
) -> None:
    store.keys([(ALI, "needs"), (ALI, "tax")])
    coming.erased("1ali")
    carry_out(coming.connection, store, RULES, LATER)
    names = [(ALI, "needs"), (ALI, "tax")]
    keys = store.existing(names)

    reader = ForBasis(store, "social_protection", ON)
    assert reader.existing(names) == keys | {(ALI, "needs"): ERASED}
    block = seal(keys[ALI, "needs"], ALI, "needs", {"reason": {"kind": "x"}})
    for part in ("reason", ""):  # as the API does: a part of a block, or all that is in it
        sealed = Sealed(UUID(bytes=ALI), UUID(bytes=ALI), "needs", block, part)
        answer: dict[str, Any] = {"needs": [{"reason": sealed}]}
        open_all(answer, reader)
        assert answer["needs"][0]["reason"] == REDACTED
    assert store.readable(names, "claims", ON) == keys
    assert store.readable(names, "social_protection", ON) == keys | {(ALI, "needs"): ERASED}
    assert store.readable(names, "social_protection", date(2029, 3, 10))[ALI, "needs"] == ERASED
    # The day after its last, nobody opens what was kept of her of whom the rest is gone.
    assert store.readable(names, "claims", date(2029, 3, 10)) == keys
    for basis in ("social_protection", "claims"):
        late = store.readable(names, basis, date(2029, 3, 11))
        assert late == keys | {(ALI, "needs"): ERASED}


def test_the_judgement_knows_before_the_key_is_gone(
    ali: Country, coming: Coming, assessor: Assessor, store: PostgresKeyStore
) -> None:
    while assessor.assess_batch(ON, NOW):
        pass
    assert ("disability_support", ALI) in ali.needs()

    coming.erased("1ali")
    while assessor.assess_batch(ON, NOW):
        pass
    judged = ali.needs(), ali.outcomes()
    carry_out(coming.connection, store, RULES, LATER)
    ali.connection.execute(
        "INSERT INTO live.causes (person, event_id) VALUES (%s, %s)",
        [UUID(bytes=ALI), UUID(int=9)],
    )
    store.forget()
    while assessor.assess_batch(ON, NOW):
        pass

    assert ("disability_support", ALI) not in judged[0]
    assert ("disability_support", person("2bek")) in judged[0]
    assert (ali.needs(), ali.outcomes()) == judged


def test_names_that_were_compared_are_forgotten(
    ali: Country, coming: Coming, store: PostgresKeyStore
) -> None:
    for who in ("1ali", "2bek"):
        coming.connection.execute(
            "INSERT INTO live.match_blocks VALUES (%s, %s)", [who.encode(), UUID(bytes=person(who))]
        )
    for alias, one in (("8patient", "2bek"), ("2bek", "1ali")):
        coming.connection.execute(
            "INSERT INTO live.suggestions VALUES (%s, %s, 90, '{}')",
            [UUID(bytes=person(alias)), UUID(bytes=person(one))],
        )

    coming.erased("1ali")
    carry_out(coming.connection, store, RULES, LATER)

    rows = coming.connection.execute("SELECT person FROM live.match_blocks").fetchall()
    assert rows == [(UUID(bytes=person("2bek")),)]
    assert ali.count("live.suggestions") == 0


def test_without_a_key_store_it_waits(ali: Country, coming: Coming) -> None:
    coming.erased("1ali")

    with pytest.raises(TransientError):
        carry_out(
            coming.connection, PostgresKeyStore("host=127.0.0.1 port=1", b"w" * 32), RULES, LATER
        )
    assert leaves_of(coming.connection, "key") == []


def test_one_at_a_time(ali: Country, coming: Coming, store: PostgresKeyStore) -> None:
    coming.erased("1ali")
    ali.connection.execute("SELECT pg_advisory_lock(%s)", [erasures._LOCK])

    assert carry_out(coming.connection, store, RULES, LATER) == 0
