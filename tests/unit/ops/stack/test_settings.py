"""Settings: read once, every fault told, no secret invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from ops.secret_files import (
    DATABASE_ROLES,
    KAFKA_PRINCIPALS,
    create_passfile,
    create_passwords,
    database_password,
)
from ops.settings import (
    SECRET_NAMES,
    Settings,
    SettingsError,
    create_secrets,
    default_home,
    others_can_enter,
    read_secrets,
)


def test_every_fault_is_told_at_once() -> None:
    wrong = {
        "HUB_PORT_BASE": "80",
        "HUB_PARTITIONS": "four",
        "HUB_TODAY": "1 May",
        "HUB_PINFL_CHECK_DIGIT": "maybe",
        "HUB_REGISTRY_URL": "localhost",
    }

    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(wrong)

    lines = str(caught.value).splitlines()
    assert {line.partition(":")[0] for line in lines} == set(wrong)


def test_an_empty_environment_gives_the_local_stack() -> None:
    settings = Settings.from_environment({"HUB_HOME": "/srv/o'hub"})

    assert settings.bootstrap_servers == "127.0.0.1:29092"
    assert settings.registry_url == "http://127.0.0.1:29081/apis/ccompat/v7"
    place = {"host": "127.0.0.1", "port": "29032", "passfile": "/srv/o'hub/secrets/pgpass"}
    for dsn, user, database in (
        (settings.hub_dsn, "hub", "hub"),
        (settings.keys_dsn, "hub", "hub_keys"),
        (settings.civil_dsn, "hub", "civil"),
        (settings.pipeline_dsn, "hub_pipeline", "hub"),
        (settings.api_dsn, "hub_api", "hub"),
        (settings.audit_dsn, "hub_audit", "hub"),
    ):
        assert conninfo_to_dict(dsn) == place | {"user": user, "dbname": database}
    assert settings.fhir_url == "http://127.0.0.1:29090"


def test_each_address_can_be_overridden() -> None:
    given_ = {
        "HUB_BOOTSTRAP_SERVERS": "kafka:9092",
        "HUB_REGISTRY_URL": "http://registry:8080/",
        "HUB_DSN": "host=db dbname=a",
        "HUB_KEYS_DSN": "host=db dbname=b",
        "HUB_CIVIL_DSN": "host=db dbname=c",
        "HUB_TODAY": "2026-01-31",
    }

    settings = Settings.from_environment(given_)

    assert settings.bootstrap_servers == "kafka:9092"
    assert settings.registry_url == "http://registry:8080"
    assert [settings.hub_dsn, settings.keys_dsn, settings.civil_dsn] == [
        given_["HUB_DSN"],
        given_["HUB_KEYS_DSN"],
        given_["HUB_CIVIL_DSN"],
    ]
    assert settings.today == date(2026, 1, 31)
    assert conninfo_to_dict(settings.pipeline_dsn)["user"] == "hub_pipeline"


def test_another_role_never_goes_in_with_the_owners_password() -> None:
    settings = Settings.from_environment({"HUB_DSN": "host=db user=hub password=hush dbname=a"})

    assert conninfo_to_dict(settings.api_dsn) == {"host": "db", "dbname": "a", "user": "hub_api"}


def test_kafka_elsewhere_is_spoken_to_through_tls(tmp_path: Path) -> None:
    create_passwords(tmp_path / "secrets")
    elsewhere = {"HUB_HOME": str(tmp_path), "HUB_BOOTSTRAP_SERVERS": "kafka:9092"}
    here = Settings(home=tmp_path, cache=tmp_path).kafka("worker")
    there = Settings.from_environment(elsewhere | {"HUB_KAFKA_CA": "/ca.pem"}).kafka("worker")

    assert here["security_protocol"] == "SASL_PLAINTEXT"
    assert (there["security_protocol"], there["ssl_cafile"]) == ("SASL_SSL", "/ca.pem")
    assert here["sasl_plain_password"] == there["sasl_plain_password"]
    assert {here["sasl_mechanism"], there["sasl_mechanism"]} == {"SCRAM-SHA-512"}
    with pytest.raises(SettingsError, match="HUB_KAFKA_PROTOCOL: must be SASL_PLAINTEXT or"):
        Settings.from_environment({"HUB_KAFKA_PROTOCOL": "PLAINTEXT"})


def test_a_missing_password_is_told_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="kafka_worker: cannot be read"):
        Settings(home=tmp_path, cache=tmp_path).kafka("worker")


def test_passwords_are_private_and_never_replaced(tmp_path: Path) -> None:
    assert create_passfile(tmp_path) == list(DATABASE_ROLES)
    before = {role: database_password(tmp_path, role) for role in DATABASE_ROLES}
    (line, *rest) = (tmp_path / "pgpass").read_text().splitlines()
    (tmp_path / "pgpass").write_text("\n".join(rest))

    assert create_passfile(tmp_path) == ["hub"]

    assert len(set(before.values())) == len(DATABASE_ROLES)
    assert line not in (tmp_path / "pgpass").read_text()
    for role in DATABASE_ROLES[1:]:
        assert database_password(tmp_path, role) == before[role]
    assert len(create_passwords(tmp_path)) == len(KAFKA_PRINCIPALS) + 1
    assert create_passwords(tmp_path) == []
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@given(
    base=st.integers(1024, 65000),
    partitions=st.integers(1, 1000),
    check=st.booleans(),
    today=st.none() | st.dates(),
    dsn=st.sampled_from(["", "host=db password=x"]),
)
def test_a_child_process_reads_the_same_settings(
    base: int, partitions: int, check: bool, today: date | None, dsn: str
) -> None:
    settings = Settings(
        home=Path("/srv/hub"),
        cache=Path("/srv/cache"),
        port_base=base,
        partitions=partitions,
        pinfl_check_digit=check,
        today_override=today,
        hub_dsn_override=dsn,
    )

    assert Settings.from_environment(settings.as_environment()) == settings


def test_a_password_is_not_shown() -> None:
    settings = Settings.from_environment({"HUB_DSN": "host=db password=hush"})

    assert "hush" not in repr(settings)


def test_secrets_are_private_and_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert create_secrets(folder) == list(SECRET_NAMES)
    before = {name: (folder / name).read_bytes() for name in SECRET_NAMES}
    (folder / "event_key").unlink()

    assert create_secrets(folder) == ["event_key"]

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    kept = {name for name in SECRET_NAMES if (folder / name).read_bytes() == before[name]}
    assert kept == set(SECRET_NAMES) - {"event_key"}


def test_missing_and_short_secrets_are_told_together(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, cache=tmp_path)
    create_secrets(tmp_path / "secrets")
    (tmp_path / "secrets" / "event_key").write_text("abcd")
    (tmp_path / "secrets" / "person_key").unlink()

    with pytest.raises(SettingsError, match=r"person_key: missing[^$]*event_key: holds 2 bytes"):
        read_secrets(settings.secrets_folder)
    with pytest.raises(SettingsError, match=r"person_key: missing"):
        _ = settings.keys
    assert len(settings.secrets.digest_key) == 32, "whoever needs no other is not held up"


def test_keys_are_not_shown(free_settings: Settings) -> None:
    secrets = free_settings.secrets

    assert len(secrets.person_key) == 32
    assert secrets.person_key.hex() not in repr(secrets)


def test_root_leaves_a_project_that_others_cannot_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed" / "project"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)

    home = default_home(closed, user_id=0)

    assert not others_can_enter(closed)
    assert home.parent == Path("/var/lib/registry-hub")
    assert default_home(closed, user_id=1000) == closed / ".hub"
    assert default_home(Path("/usr/project"), user_id=0) == Path("/usr/project/.hub")
