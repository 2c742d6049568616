"""`hub secrets rotate`, killed after each of its steps: no way in is ever lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from psycopg.conninfo import make_conninfo

from ops import secret_changes
from ops.initialise import initialise
from ops.secret_changes import CHANGEABLE, PRINCIPALS, TOKEN_KEY, UNCHANGEABLE
from ops.secret_files import SECRET_NAMES, database_password, kafka_password
from ops.settings import Settings
from ops.stack import rotate
from ops.stack.roles import create_roles
from ops.stack.users import create_users
from schemas.errors import PermanentError

# Killed inside or right after the function; in their order.
_AT_KAFKA = ["secret_changes.begin", "_leave", "users.set_passwords", "replace_kafka_password"]
_AT_POSTGRES = ["secret_changes.begin", "roles.set_password", "replace_database_password"]


class Killed(BaseException):
    """As good as a kill: nothing in between catches it."""


@pytest.fixture(scope="module")
def hub(stack: Settings) -> Settings:
    initialise(stack)
    return stack


def quiet(_: str) -> None:
    """Say nothing."""


def passwords(settings: Settings, name: str) -> list[str]:
    """What lies on disk for ``name``: what the file says, and what it is about to say."""
    folder = settings.secrets_folder
    if name in PRINCIPALS:
        said = kafka_password(folder, PRINCIPALS[name])
    else:
        said = database_password(folder, name)
    coming = secret_changes.begun(folder, name)
    return [said] if coming is None else [said, coming]


def is_let_in(settings: Settings, name: str, password: str, seconds: float = 10) -> bool:
    """Ask; Kafka's client tries a wrong password again until the seconds are over."""
    if name in PRINCIPALS:
        config: dict[str, Any] = settings.kafka(PRINCIPALS[name])
        config |= {"sasl_plain_password": password, "bootstrap_timeout_ms": round(seconds * 1000)}
        try:
            KafkaAdminClient(**config).close()
        except KafkaError:
            return False
        return True
    dsn = make_conninfo(settings.dsn("hub", name), passfile="/dev/null", password=password)
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError as error:
        assert "authentication failed" in str(error)  # noqa: PT017
        return False
    return True


def killed_at(step: str, monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]) -> None:
    """Take ``step``, and die."""
    place, _, name = step.rpartition(".")
    owner = getattr(rotate, place) if place else rotate
    taken = getattr(owner, name)

    def take_and_die(*given: Any) -> None:
        taken(*given)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, take_and_die)
        with pytest.raises(Killed):
            call()


@pytest.fixture
def leaves(hub: Settings) -> Iterator[Callable[[], list[str]]]:
    """Return which secrets are on record as changed since the test began."""
    sql = "SELECT body->>'secret' FROM kept.audit_leaves WHERE body->>'what' = 'secret-rotated'"
    with psycopg.connect(hub.hub_dsn, autocommit=True) as connection:
        before = len(connection.execute(sql).fetchall())
        yield lambda: [str(row[0]) for row in connection.execute(sql).fetchall()][before:]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        *(("kafka_reader", step) for step in _AT_KAFKA),
        ("kafka_admin", "users.set_passwords"),
        *((name, step) for name in ("hub", "hub_api") for step in _AT_POSTGRES),
        ("registry", "replace_database_password"),
        ("kafka_broker", "replace_kafka_password"),
    ],
)
def test_killed_anywhere_one_of_two_files_opens_and_the_same_command_ends_it(
    hub: Settings,
    monkeypatch: pytest.MonkeyPatch,
    leaves: Callable[[], list[str]],
    name: str,
    step: str,
) -> None:
    (old,) = passwords(hub, name)

    killed_at(step, monkeypatch, lambda: rotate.rotate(hub, name, quiet))

    coming = secret_changes.begun(hub.secrets_folder, name)
    assert coming not in {None, old}
    if name != "kafka_broker":  # Kafka is stopped
        assert any(is_let_in(hub, name, each, 2) for each in passwords(hub, name))
    assert rotate.rotate(hub, name, quiet), "it goes on with what was begun"
    assert passwords(hub, name) == [coming], "what was begun is what counts"
    assert is_let_in(hub, name, str(coming))
    assert not is_let_in(hub, name, old, 1)
    assert set(leaves()) == {name}


@pytest.mark.parametrize("name", ["kafka_reader", "hub_api"])
def test_what_is_between_server_and_file_is_mended_by_up_and_init_too(
    hub: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file_step = "replace_kafka_password" if name in PRINCIPALS else "replace_database_password"
    with monkeypatch.context() as patch:
        patch.setattr(rotate, file_step, _die)
        with pytest.raises(Killed):
            rotate.rotate(hub, name, quiet)
    said, coming = passwords(hub, name)
    assert not is_let_in(hub, name, said, 1)
    assert is_let_in(hub, name, coming)

    create_users(hub)
    create_roles(hub.dsn("postgres"), hub.secrets_folder)

    assert is_let_in(hub, name, passwords(hub, name)[0])
    assert rotate.rotate(hub, name, quiet)
    assert is_let_in(hub, name, passwords(hub, name)[0])


def _die(*_: Any) -> None:
    raise Killed


def test_a_crash_before_the_commit_leaves_no_leaf_and_the_old_password(
    hub: Settings,
    monkeypatch: pytest.MonkeyPatch,
    leaves: Callable[[], list[str]],
) -> None:
    (old,) = passwords(hub, "hub_audit")

    killed_at("roles.set_password", monkeypatch, lambda: rotate.rotate(hub, "hub_audit", quiet))

    assert leaves() == []
    assert is_let_in(hub, "hub_audit", old)
    rotate.rotate(hub, "hub_audit", quiet)


def test_connections_that_are_open_stay(hub: Settings) -> None:
    client = KafkaAdminClient(**hub.kafka("reader"))
    assert client.list_topics()  # only this opens the connection that stays
    with psycopg.connect(hub.pipeline_dsn, autocommit=True) as connection:
        rotate.rotate(hub, "kafka_reader", quiet)
        rotate.rotate(hub, "hub_pipeline", quiet)

        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert client.list_topics()
    client.close()
    psycopg.connect(hub.pipeline_dsn).close()  # whoever connects anew reads the file


def test_what_the_old_token_key_signed_counts_for_a_while(hub: Settings) -> None:
    folder = hub.secrets_folder
    old = (folder / TOKEN_KEY).read_text("ascii")

    rotate.rotate(hub, TOKEN_KEY, quiet)

    assert (folder / TOKEN_KEY).read_text("ascii") != old
    assert (folder / "token_key.before").read_text("ascii") == old


def test_the_command_shows_no_secret_and_the_files_stay_private(hub: Settings) -> None:
    folder = hub.secrets_folder
    told = subprocess.run(
        [sys.executable, "-m", "ops.cli", "secrets", "rotate", "hub_api", "kafka_reader"],
        env=os.environ | hub.as_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.splitlines() == ["hub_api is new", "kafka_reader is new"]
    for name in ("hub_api", "kafka_reader"):
        assert passwords(hub, name)[0] not in told.stdout + told.stderr
    for path in (folder / "pgpass", folder / "kafka_reader", folder / "next"):
        assert not path.stat().st_mode & 0o077
    assert list((folder / "next").iterdir()) == []


def test_a_key_is_never_changed_and_it_is_said_what_to_do_instead(hub: Settings) -> None:
    assert {*CHANGEABLE, *UNCHANGEABLE} >= set(SECRET_NAMES)
    before = {path: path.read_bytes() for path in files_of(hub.secrets_folder)}
    for name in UNCHANGEABLE:
        with pytest.raises(PermanentError, match=name):
            rotate.rotate(hub, name, quiet)
    with pytest.raises(PermanentError, match="hub agency rotate-password"):
        rotate.rotate(hub, "agency-labour", quiet)
    with pytest.raises(PermanentError, match="hub secrets list"):
        rotate.rotate(hub, "../person_key", quiet)
    assert {path: path.read_bytes() for path in files_of(hub.secrets_folder)} == before


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
