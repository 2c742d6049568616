"""The doctor names what is missing and how to mend it."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from ops.secret_files import ADMIN
from ops.settings import Settings
from ops.stack import acls, artifacts, kafka
from ops.stack.doctor import LOOKS, Check


def _checks(settings: Settings) -> dict[str, Check]:
    return {check.name: check for look in LOOKS for check in look(settings)}


def test_a_running_stack_is_well(stack: Settings) -> None:
    acls.apply(stack.kafka(ADMIN))

    mends = {check.name: check.mend for check in _checks(stack).values() if check.mend}

    assert mends == {}


def test_a_damaged_archive_is_found(free_settings: Settings, tmp_path: Path) -> None:
    settings = replace(free_settings, cache=tmp_path / "cache")
    kafka.archives(settings).mkdir(parents=True)
    first, *others = artifacts.pinned()
    for each in others:
        (kafka.archives(settings) / each.file_name).symlink_to(
            kafka.archives(free_settings) / each.file_name
        )
    (kafka.archives(settings) / first.file_name).write_bytes(b"not it")

    found = _checks(settings)["archives"]

    assert found.mend == "hub fetch"
    assert found.found.startswith(f"0 absent, 1 damaged of {len(artifacts.pinned())}")
    assert found.found.endswith(f"first {first.file_name}")


def test_an_empty_cache_is_found(free_settings: Settings, tmp_path: Path) -> None:
    found = _checks(replace(free_settings, cache=tmp_path / "cache"))["archives"]

    assert found.mend == "hub fetch"


def test_a_taken_port_is_found(free_settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_settings.port("kafka")))
        taken.listen()
        checks = _checks(free_settings)

    assert "HUB_PORT_BASE" in checks["port for kafka"].mend
    assert checks["port for postgres"].mend == ""


def test_loose_and_lost_secrets_are_found(free_settings: Settings) -> None:
    folder = free_settings.home / "secrets"
    (folder / "event_key").chmod(0o644)
    assert "chmod 600" in _checks(free_settings)["secrets"].mend

    (folder / "person_key").unlink()

    assert "backup" in _checks(free_settings)["secrets"].mend


def test_a_rule_that_is_missing_at_kafka_is_found(stack: Settings) -> None:
    acls.apply(stack.kafka(ADMIN))
    admin = KafkaAdminClient(**stack.kafka(ADMIN))
    try:
        acls.remove(admin, "feeds")

        found = _checks(stack)["rules of Kafka"]

        assert "hub init" in found.mend
        assert found.found.endswith("- feeds READ TOPIC citizen.needs.v1 LITERAL")
    finally:
        admin.close()
        acls.apply(stack.kafka(ADMIN))


def test_a_missing_password_is_found(free_settings: Settings) -> None:
    (free_settings.secrets_folder / "kafka_worker").unlink()

    assert _checks(free_settings)["passwords"].found == "kafka_worker missing"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
def test_a_home_that_the_database_cannot_enter_is_found(
    free_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)

    checks = _checks(replace(free_settings, home=tmp_path / "closed" / "home"))

    assert "HUB_HOME" in checks["user"].mend
