"""The column ``person.birth_record``: read where the registry has it, missed by nobody else."""

from __future__ import annotations

import pytest

from schemas.errors import PermanentError
from tests.integration.connectors.civil.registry import Published, Registry, relay_all

INSERT = (
    "INSERT INTO civil.person (record_id, revision, status, registered_at, birth_record)"
    " VALUES (%s, 1, 'valid', '2026-03-04 23:00:00+00', %s)"
)


def birth_records(published: Published) -> list[object]:
    records = [record for page in published.pages for record in page.records]
    return [record.content["row"].get("birth_record") for record in records]


def test_it_is_the_same_in_snapshot_and_stream(registry: Registry) -> None:
    registry.execute("ALTER TABLE civil.person ADD COLUMN birth_record text")
    registry.execute(INSERT, "p1", "b1")
    source, published = registry.source(), Published()
    relay_all(source, published)
    registry.execute(INSERT, "p2", "b2")
    relay_all(source, published)

    assert birth_records(published) == ["b1", "b2"]


def test_it_may_come_while_the_connector_runs(registry: Registry) -> None:
    source, published = registry.source(), Published()
    relay_all(source, published)
    registry.execute("ALTER TABLE civil.person ADD COLUMN birth_record text")
    registry.execute(INSERT, "p1", "b1")
    relay_all(source, published)

    assert birth_records(published) == ["b1"]


def test_another_type_is_refused(registry: Registry) -> None:
    registry.execute("ALTER TABLE civil.person ADD COLUMN birth_record bigint")

    with pytest.raises(PermanentError, match=r"civil\.person\.birth_record is bigint, not text"):
        registry.source().next_page(None, 0)
