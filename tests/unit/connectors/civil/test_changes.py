from __future__ import annotations

import pytest

from connectors.civil.changes import Changed, Changes, Committed, Item
from connectors.civil.cursor import Place
from connectors.civil.pgoutput import decode
from schemas.errors import PermanentError
from tests.unit.connectors.civil import messages as wire

START = Place(100)


def feed(changes: Changes, *messages: bytes) -> list[Item]:
    return [item for message in messages for item in changes.feed(decode(message))]


def keys(items: list[Item]) -> list[str]:
    return [item.record.record.source_key for item in items if isinstance(item, Changed)]


TRANSACTION = (
    wire.begin(200),
    wire.relation(),
    *(wire.insert(wire.death(f"d{number}")) for number in range(5)),
    wire.commit(200, 210),
)


def test_a_place_counts_records_inside_the_transaction() -> None:
    changes = Changes(START)

    *records, committed = feed(changes, *TRANSACTION)

    assert [item.place for item in records] == [Place(100, 200, n) for n in range(1, 6)]
    assert committed == Committed(Place(210), (), 0)
    assert changes.between


@pytest.mark.parametrize("index", range(6))
def test_reading_goes_on_after_any_record(index: int) -> None:
    changes = Changes(Place(100, 200, index) if index else START)

    items = feed(changes, *TRANSACTION)

    assert keys(items) == [f"death/d{number}/1" for number in range(index, 5)]
    assert changes.place == Place(210)


def test_the_next_transaction_is_not_skipped_into() -> None:
    changes = Changes(Place(100, 200, 3))

    items = feed(
        changes,
        *TRANSACTION,
        wire.begin(300),
        wire.insert(wire.death("d9")),
        wire.commit(300, 310),
    )

    assert keys(items) == ["death/d3/1", "death/d4/1", "death/d9/1"]


def test_a_half_read_transaction_that_does_not_come_again_is_an_error() -> None:
    changes = Changes(Place(100, 200, 3))

    with pytest.raises(PermanentError, match="read in part and is no longer in the stream"):
        feed(changes, wire.begin(300))


def test_a_deletion_is_the_revision_after_the_last() -> None:
    _, deleted, _ = feed(
        Changes(START),
        wire.begin(200),
        wire.relation(),
        wire.insert(wire.death("d1", 2)),
        wire.delete(wire.death("d1", 2)),
        wire.commit(200, 210),
    )

    assert isinstance(deleted, Changed)
    assert deleted.record.record.source_key == "death/d1/3"
    assert deleted.record.record.content["deleted"] is True
    assert deleted.record.record.content["row"]["revision"] == "2"


def test_an_unchanged_long_value_is_that_of_the_old_row() -> None:
    changed, _ = feed(
        Changes(START),
        wire.begin(200),
        wire.relation(),
        wire.update(wire.death("d1", 1, district="17"), wire.death("d1", 2, district=wire.TOAST)),
        wire.commit(200, 210),
    )

    assert isinstance(changed, Changed)
    assert changed.record.record.content["row"]["district"] == "17"


def test_another_record_id_is_a_deletion_and_a_new_record() -> None:
    items = feed(
        Changes(START),
        wire.begin(200),
        wire.relation(),
        wire.update(wire.death("d1", 4), wire.death("d2", 5)),
        wire.commit(200, 210),
    )

    assert keys(items) == ["death/d1/5", "death/d2/5"]


def test_marks_come_with_their_transaction() -> None:
    items = feed(
        Changes(START),
        wire.begin(200),
        wire.message("hub.watermark", b"1"),
        wire.commit(200, 210),
        wire.message("hub.heartbeat", b"2", transactional=False),
    )

    assert items == [
        Committed(Place(210), (("hub.watermark", b"1"),), 0),
        Committed(Place(210), (("hub.heartbeat", b"2"),), 0),
    ]


def test_other_tables_are_counted() -> None:
    items = feed(
        Changes(START),
        wire.begin(200),
        wire.relation(oid=wire.OTHER, schema="public"),
        wire.insert(wire.death(), oid=wire.OTHER),
        wire.commit(200, 210),
    )

    assert items == [Committed(Place(210), (), 1)]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([wire.relation(identity="d")], "ALTER TABLE civil.death REPLICA IDENTITY FULL"),
        ([wire.relation(), wire.delete(wire.death(), b"K")], "REPLICA IDENTITY FULL"),
        ([wire.relation(), wire.update(wire.death(), wire.death(), b"K")], "REPLICA IDENTITY FULL"),
        ([wire.relation(), wire.insert(wire.death(district=wire.TOAST))], "REPLICA IDENTITY FULL"),
        ([wire.relation(columns=["record_id"])], "civil.death lost columns: died_on"),
        ([wire.relation(), wire.truncate(wire.OID)], "civil.death was emptied by TRUNCATE"),
        ([wire.insert(wire.death())], "not described before"),
        ([wire.relation(), wire.insert(wire.values("d1"))], "another number of columns"),
        ([wire.relation(), wire.insert(wire.death(revision=None))], "no record_id or revision"),
    ],
)
def test_what_cannot_be_followed_stops_the_connector(messages: list[bytes], reason: str) -> None:
    with pytest.raises(PermanentError, match=reason):
        feed(Changes(START), wire.begin(200), *messages)


def test_emptying_a_table_that_is_not_ours_is_no_concern() -> None:
    feed(
        Changes(START),
        wire.begin(200),
        wire.relation(oid=wire.OTHER, schema="public"),
        wire.truncate(wire.OTHER),
    )


def test_bytes_that_are_not_utf_8_stay_bytes() -> None:
    changed, _ = feed(
        Changes(START),
        wire.begin(200),
        wire.relation(),
        wire.insert(wire.death(district=b"\xff\xfe")),
        wire.commit(200, 210),
    )

    assert isinstance(changed, Changed)
    assert changed.record.record.content["row"]["district"] == b"\xff\xfe"
    assert b'"\\\\xfffe"' in changed.record.record.original
