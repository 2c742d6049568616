"""Every version is published, whatever moves while we read; repeats are dropped."""

from __future__ import annotations

import json
import random

import pytest

from connectors.source import Cursor
from schemas.errors import PermanentError, TransientError
from tests.integration.connectors.health.conftest import Sources, Time
from tests.integration.connectors.health.fhir_stub import Canned, FhirStub
from tests.integration.connectors.tax.relaying import Fault, Published, relay_all, relay_page


def test_an_empty_history_has_no_page(health: Sources) -> None:
    assert health().next_page(None, 0) is None


def test_the_whole_history_is_published_in_pages(fhir: FhirStub, health: Sources) -> None:
    keys = [fhir.write(f"Patient/p{n}", seconds=100) for n in range(8)]

    published = relay_all(health, Published())

    assert [len(page.records) for page in published.pages] == [3, 3, 2]
    assert sorted(published.keys) == sorted(keys)
    assert published.suppressed == 0
    assert published.keys[:3] == keys[5:]  # newest page first, oldest first within it


def test_a_record_is_what_was_received(fhir: FhirStub, health: Sources) -> None:
    fhir.write("Patient/p1", {"birthDate": "2000-01-01"})

    (record,) = relay_all(health, Published()).records

    assert json.loads(record.original) == fhir.entries[0][1]
    assert record.content["resource"]["birthDate"] == "2000-01-01"
    assert (record.content["type"], record.content["id"], record.content["version"]) == (
        "Patient",
        "p1",
        1,
    )


def test_a_deletion_is_a_version(fhir: FhirStub, health: Sources) -> None:
    fhir.write("Observation/o1")
    key = fhir.delete("Observation/o1")

    record = relay_all(health, Published()).records[-1]

    assert record.source_key == key == "Observation/o1/2"
    assert record.content["resource"] is None


def test_an_idle_history_is_polled_now_and_then_and_has_no_page(
    fhir: FhirStub, health: Sources, time: Time
) -> None:
    fhir.write("Patient/p1")
    source = health()
    published = Published()
    relay_page(source, published)
    fhir.requests.clear()

    assert source.next_page(published.cursor, 12) is None
    assert len(fhir.requests) == 3  # at 0, 5 and 10 seconds
    assert time.seconds == 12


def test_a_poll_that_ended_in_repeats_is_not_read_again(fhir: FhirStub, health: Sources) -> None:
    for n in range(4):
        fhir.write(f"Patient/p{n}", seconds=0)
    source = health(page_size=2)
    published = Published()
    relay_page(source, published)
    fhir.write("Patient/late")  # the last page begins with what the first one ended with
    relay_page(source, published)
    while relay_page(source, published):
        pass
    fhir.requests.clear()

    assert source.next_page(published.cursor, 0) is None
    assert fhir.requests == []
    assert health(page_size=50).next_page(published.cursor, 0) is None
    assert len(fhir.requests) == 1


def test_what_is_written_meanwhile_is_in_the_next_poll(fhir: FhirStub, health: Sources) -> None:
    keys = [fhir.write(f"Patient/p{n}", seconds=40) for n in range(7)]
    source = health()
    published = Published()
    while relay_page(source, published):
        if len(keys) < 12:
            keys.append(fhir.write(f"Patient/late{len(keys)}", seconds=40))

    assert sorted(published.keys) == sorted(keys)


def test_pages_that_shift_repeat_and_lose_nothing(fhir: FhirStub, health: Sources) -> None:
    keys = [fhir.write(f"Patient/p{n}", seconds=500) for n in range(9)]

    def writes() -> None:
        if len(keys) < 15:
            keys.append(fhir.write(f"Patient/late{len(keys)}", seconds=500))
            keys.append(fhir.write("Patient/p0", seconds=0))

    fhir.after_page = writes
    published = relay_all(health, Published())
    fhir.after_page = lambda: None
    relay_all(health, published)

    assert sorted(published.keys) == sorted(keys)
    assert published.suppressed > 0


def test_equal_instants_across_pages_and_polls(fhir: FhirStub, health: Sources) -> None:
    keys = [fhir.write(f"Patient/p{n}", seconds=0) for n in range(10)]
    published = relay_all(health, Published())
    keys += [fhir.write(f"Patient/same{n}", seconds=0) for n in range(5)]

    relay_all(health, published)

    assert sorted(published.keys) == sorted(keys)


def test_the_overlap_catches_what_shows_up_late(fhir: FhirStub, health: Sources) -> None:
    """A slow transaction: visible only after a later instant was read."""
    fhir.write("Patient/slow")
    slow = fhir.entries.pop()
    fhir.write("Patient/fast", seconds=59)
    published = relay_all(health, Published())
    fhir.entries.append(slow)

    assert relay_all(health, published).keys == ["Patient/fast/1", "Patient/slow/1"]


def test_since_goes_on_and_is_cut_to_milliseconds(fhir: FhirStub, health: Sources) -> None:
    fhir.write("Patient/p1", seconds=0)
    published = relay_all(health, Published())
    fhir.requests.clear()
    health().next_page(published.cursor, 0)

    assert fhir.requests[0].endswith("_since=2026-08-01T08%3A59%3A00.000Z") or fhir.requests[
        0
    ].endswith("_since=2026-08-01T08:59:00.000Z")


def test_from_every_page_a_new_process_comes_to_the_same_end(
    fhir: FhirStub, health: Sources
) -> None:
    keys = [fhir.write(f"Patient/p{n}", seconds=7 * (n % 3)) for n in range(20)]
    source = health()
    cursors: list[Cursor | None] = [None]
    before: list[list[str]] = [[]]
    while page := source.next_page(cursors[-1], 0):
        cursors.append(page.cursor)
        before.append(before[-1] + [record.source_key for record in page.records])

    for cursor, done in zip(cursors, before, strict=True):
        rest = relay_all(health, Published(cursor=cursor))
        assert sorted(done + rest.keys) == sorted(keys)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_whatever_happens(fhir: FhirStub, health: Sources, seed: int) -> None:
    """Writes, deletions, expired links, refusals and crashes at random."""
    chance = random.Random(seed)
    keys = [fhir.write(f"Patient/p{n}", seconds=chance.choice([0, 0, 1, 90])) for n in range(20)]

    def meanwhile() -> None:
        if len(keys) > 60:
            return
        for _ in range(chance.choice([0, 0, 1, 4])):
            place = f"Patient/p{chance.randrange(30)}"
            known = any(key.startswith(f"{place}/") for key in keys)
            if known and chance.random() < 0.2:
                keys.append(fhir.delete(place))
            else:
                keys.append(fhir.write(place, seconds=chance.choice([0, 1, 90])))
        if chance.random() < 0.1:
            fhir.expire_links()
        if chance.random() < 0.1:
            fhir.instead.append(Canned(chance.choice([429, 503]), headers={"Retry-After": "2"}))
        if chance.random() < 0.05:
            fhir.valid_tokens.clear()

    fhir.after_page = meanwhile
    faults = iter([chance.choice([Fault.NONE, *Fault]) for _ in range(60)])

    published = relay_all(lambda: health(chance.randint(1, 7)), Published(), faults)
    fhir.after_page = lambda: None
    relay_all(health, published)

    assert set(published.keys) == set(keys)
    assert published.complete[0].snapshot


@pytest.mark.parametrize("seed", range(6))
def test_without_expired_links_nothing_is_repeated(
    fhir: FhirStub, health: Sources, seed: int
) -> None:
    chance = random.Random(seed)
    keys = [fhir.write(f"Patient/p{n}", seconds=chance.choice([0, 1, 90])) for n in range(30)]

    def writes() -> None:
        if len(keys) < 60:
            keys.extend(
                fhir.write(f"Patient/late{len(keys)}-{n}", seconds=chance.choice([0, 90]))
                for n in range(chance.randint(0, 4))
            )

    fhir.after_page = writes
    faults = iter([chance.choice([Fault.NONE, *Fault]) for _ in range(40)])

    published = relay_all(lambda: health(5), Published(), faults)
    fhir.after_page = lambda: None
    relay_all(health, published)

    assert sorted(published.keys) == sorted(keys)


def test_an_expired_link_begins_the_poll_again(fhir: FhirStub, health: Sources) -> None:
    keys = [fhir.write(f"Patient/p{n}") for n in range(8)]
    source = health()
    published = Published()
    relay_page(source, published)
    fhir.expire_links()

    while relay_page(source, published):
        pass

    assert sorted(published.keys) == sorted(keys)  # near the newest: all remembered
    assert published.suppressed == 3


def test_links_that_never_work_are_reported(fhir: FhirStub, health: Sources) -> None:
    for n in range(8):
        fhir.write(f"Patient/p{n}")
    source = health()
    published = Published()
    fhir.after_page = fhir.expire_links
    relay_page(source, published)

    with pytest.raises(TransientError, match="links expire"):
        relay_page(source, published)


def test_resources_that_are_not_ours_are_counted_once(fhir: FhirStub, health: Sources) -> None:
    fhir.write("Immunization/i1")
    fhir.write("Patient/p1")
    fhir.delete("Immunization/i1")

    published = relay_all(health, Published())
    relay_all(health, published)

    assert published.keys == ["Patient/p1/1"]
    assert sum(page.not_ours for page in published.pages) == 2


def test_a_foreign_cursor_is_refused(health: Sources) -> None:
    for text in ("", "{}", "[]", '{"v": 2}'):
        with pytest.raises(PermanentError, match="no cursor"):
            health().next_page(Cursor(text), 0)


def test_the_cursor_stays_small(fhir: FhirStub, health: Sources) -> None:
    for n in range(3_000):
        fhir.write(f"Patient/p{n}", seconds=0)

    published = relay_all(lambda: health(500), Published())

    assert len(published.records) == 3_000
    assert max(len(page.cursor) for page in published.pages) < 100_000
