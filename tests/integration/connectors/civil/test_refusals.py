"""What the connector must refuse to read from, and with which words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.civil.cursor import Place
from schemas.errors import PermanentError
from tests.integration.connectors.civil.registry import (
    Published,
    Registry,
    relay_all,
    relay_page,
    relay_until,
    wait_until,
)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (
            "ALTER TABLE civil.marriage REPLICA IDENTITY DEFAULT",
            "ALTER TABLE civil.marriage REPLICA IDENTITY FULL",
        ),
        ("DROP PUBLICATION hub", "there is no publication hub"),
        (
            "ALTER PUBLICATION hub DROP TABLE civil.birth",
            "ALTER PUBLICATION hub ADD TABLE civil.birth",
        ),
        (
            "ALTER PUBLICATION hub SET TABLE civil.death WHERE (record_id > 'd')",
            "does not hold all of civil.death",
        ),
        ("ALTER PUBLICATION hub SET (publish = 'insert')", "leaves operations out"),
        ("ALTER TABLE civil.death DROP COLUMN died_on", "civil.death.died_on is missing, not text"),
        (
            "ALTER TABLE civil.person ALTER revision TYPE bigint",
            "civil.person.revision is bigint, not integer",
        ),
        ("DROP TABLE civil.divorce", "there is no table civil.divorce"),
    ],
)
def test_a_database_of_another_shape_is_refused(
    registry: Registry, statement: str, reason: str
) -> None:
    registry.execute(statement)

    with pytest.raises(PermanentError) as error:
        registry.source().next_page(None, 0)

    assert reason in str(error.value)
    assert (
        registry.execute("SELECT FROM pg_replication_slots WHERE database = %s", _db(registry))
        == []
    )


def test_all_faults_are_reported_together(registry: Registry) -> None:
    registry.execute("ALTER TABLE civil.death REPLICA IDENTITY NOTHING")
    registry.execute("DROP TABLE civil.divorce")

    with pytest.raises(PermanentError, match=r"no table civil.divorce.*civil.death REPLICA"):
        registry.source().next_page(None, 0)


def test_a_slot_created_again_is_refused(registry: Registry) -> None:
    published = Published()
    registry.insert_deaths(1, 10)
    relay_all(registry.source(), published)
    registry.drop_slot()
    registry.insert_deaths(11, 12)  # nobody will ever stream these
    registry.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", registry.slot)

    with pytest.raises(PermanentError, match=r"beyond the checkpoint.*created again.*begin again"):
        registry.source().next_page(published.cursor, 0)


def test_a_slot_that_another_reader_moved_is_refused(registry: Registry) -> None:
    published = Published()
    relay_all(registry.source(), published)
    registry.close_sources()
    registry.insert_deaths(1, 2)
    wait_until(lambda: _advanced(registry), "the slot is still held")

    with pytest.raises(PermanentError, match="beyond the checkpoint"):
        registry.source().next_page(published.cursor, 0)


def test_a_slot_that_is_gone_is_refused(registry: Registry) -> None:
    published = Published()
    relay_all(registry.source(), published)
    registry.drop_slot()

    with pytest.raises(PermanentError, match=r"is gone; changes after .* can no longer be read"):
        registry.source().next_page(published.cursor, 0)


def test_a_slot_of_another_plugin_is_refused(registry: Registry) -> None:
    registry.execute(
        "SELECT pg_create_logical_replication_slot(%s, 'test_decoding')", registry.slot
    )

    with pytest.raises(PermanentError, match="no checkpoint"):
        registry.source().next_page(None, 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"system": "1"}, "the checkpoint is of 1: another server"),
        ({"timeline": 99}, "a standby was promoted or a backup restored"),
        ({"slot": "other"}, "the checkpoint is of slot other"),
        ({"place": Place(2**62)}, "it was set back to an earlier state"),
    ],
)
def test_a_checkpoint_of_another_history_is_refused(
    registry: Registry, change: dict[str, object], reason: str
) -> None:
    published = Published()
    relay_all(registry.source(), published)
    registry.close_sources()
    other = replace(published.last, **change)  # type: ignore[arg-type]

    with pytest.raises(PermanentError, match=reason):
        registry.source().next_page(other.dump(), 0)


def test_a_used_slot_without_checkpoint_is_refused(registry: Registry) -> None:
    registry.insert_deaths(1, 10)
    relay_all(registry.source(), Published())
    registry.close_sources()
    wait_until(lambda: not _is_active(registry), "the slot is still held")

    with pytest.raises(PermanentError, match="the hub has no checkpoint for it"):
        registry.source().next_page(None, 0)


def test_a_slot_that_was_never_read_from_is_gone_on_with(registry: Registry) -> None:
    """The crash between the slot's creation and the first committed page."""
    first = registry.source().next_page(None, 0)
    registry.close_sources()
    registry.insert_deaths(1, 10)
    wait_until(lambda: not _is_active(registry), "the slot is still held")
    published = Published()

    again = relay_page(registry.source(), published)

    assert first is not None
    assert again is not None
    assert again.cursor == first.cursor
    relay_all(registry.sources[-1], published)
    assert set(published.keys) == registry.rows()


def test_emptying_a_table_stops_the_connector(registry: Registry) -> None:
    published = Published()
    registry.insert_deaths(1, 10)
    source = registry.source()
    relay_all(source, published)
    registry.execute("TRUNCATE civil.death, civil.birth")

    for _ in range(2):  # also after a restart
        with pytest.raises(PermanentError, match="emptied by TRUNCATE"):
            relay_until(source, published, lambda: False)


def test_an_identity_that_is_lost_on_the_way_stops_the_connector(registry: Registry) -> None:
    published = Published()
    registry.insert_deaths(1, 10)
    source = registry.source()
    relay_all(source, published)
    registry.execute("ALTER TABLE civil.death REPLICA IDENTITY DEFAULT")
    registry.execute("UPDATE civil.death SET revision = 2")

    with pytest.raises(PermanentError, match=r"ALTER TABLE civil.death REPLICA IDENTITY FULL"):
        relay_all(source, published)


def _db(registry: Registry) -> str:
    return registry.connection.info.dbname


def _is_active(registry: Registry) -> bool:
    return bool(
        registry.execute(
            "SELECT active FROM pg_replication_slots WHERE slot_name = %s", registry.slot
        )[0][0]
    )


def _advanced(registry: Registry) -> bool:
    if _is_active(registry):
        return False
    registry.execute("SELECT pg_replication_slot_advance(%s, pg_current_wal_lsn())", registry.slot)
    return True
