"""What the hub runs with is on record, once for each time it changed, and no secret with it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ops.audit.configuration import parts, put_on_record
from ops.settings import Settings
from projections import configuration
from projections.migrations import migrate


@pytest.fixture
def settings(stack: Settings, database: str, tmp_path: Path) -> Settings:
    migrate(database)
    return replace(stack, home=tmp_path, hub_dsn_override=database)


def on_record(settings: Settings) -> list[dict[str, Any]]:
    with psycopg.connect(settings.hub_dsn) as connection:
        rows = connection.execute(
            "SELECT body FROM kept.audit_leaves WHERE kind = 'configuration' ORDER BY id"
        ).fetchall()
    return [row[0] for row in rows]


def test_each_change_names_what_was_before(settings: Settings) -> None:
    other = replace(settings, today_override=date(2026, 1, 31))

    assert put_on_record(settings, "hub init", settings.hub_dsn)
    assert not put_on_record(settings, "worker-1")  # as the pipeline's role
    assert put_on_record(other, "worker-2")
    assert put_on_record(settings, "worker-1")

    first, second, third = on_record(settings)
    assert first["previous"] is None
    assert second["previous"] == first["sha256"] == third["sha256"]
    assert third["previous"] == second["sha256"] != first["sha256"]
    assert [one["who"] for one in (first, second, third)] == ["hub init", "worker-2", "worker-1"]
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"who", "sha256", "previous", "settings_sha256"}


def test_many_that_start_at_once_leave_one_leaf(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        fresh = list(pool.map(lambda n: put_on_record(settings, f"worker-{n}"), range(8)))

    assert sum(fresh) == len(on_record(settings)) == 1


def test_a_password_changes_nothing_and_a_host_does(settings: Settings) -> None:
    def known(dsn: str) -> dict[str, str]:
        return parts(replace(settings, keys_dsn_override=dsn))

    first = known("host=one dbname=keys user=hub password=secret")

    assert first == known("host=one dbname=keys user=hub password=other")
    assert first != known("host=two dbname=keys user=hub password=secret")
    assert "secret" not in str(first)


def test_whatever_is_part_of_it_changes_the_digest(settings: Settings) -> None:
    usual = parts(settings)
    for name in usual:
        assert configuration.put_on_record(settings.hub_dsn, usual, "test")
        changed = usual | {name: "another"}
        assert configuration.put_on_record(settings.hub_dsn, changed, "test")
