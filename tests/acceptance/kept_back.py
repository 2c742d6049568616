"""What is kept back from whom, while everything runs: restricted, erased, put back, told before.

As operators and agencies do it: by commands, at the API, in the files of a feed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import psycopg

from ops.settings import Settings
from streams.feeds.names import feed_topic, resend_topic
from streams.feeds.pseudonyms import Pseudonyms
from tests.acceptance.burglar import CLASSES
from tests.acceptance.forgotten import STEM, Canary, word

AGENCY: Final = "fund"
FEED_FILES: Final = f"kafka/data/{feed_topic(AGENCY)}-0"
LATER: Final = "later"  # a name that she takes after it was restricted
_LAW: Final = {"Hub-Purpose": "social-support", "Hub-Basis": "social-registry"}
_PATIENCE_SECONDS: Final = 120.0


def hub(settings: Settings, *arguments: str, typed: str = "", code: int = 0) -> str:
    """Run a command as an operator does; return what it says."""
    environment = os.environ | settings.as_environment()
    command = [sys.executable, "-m", "ops.cli", *arguments]
    done = subprocess.run(
        command, env=environment, input=typed, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def let_in(settings: Settings) -> None:
    """Let an agency in that may see names and addresses, not health."""
    password = settings.home / "secrets" / "fund.password"
    hub(settings, "agency", "add", AGENCY, "--title", "Fund", "--password-file", str(password))
    law = ("--basis", _LAW["Hub-Basis"], "--purpose", _LAW["Hub-Purpose"])
    hub(settings, "agency", "grant", AGENCY, *law)


def told(settings: Settings, person: UUID) -> list[bytes]:
    """Return what stands about her in the feed, unpacked."""
    from kafka import KafkaConsumer, TopicPartition  # noqa: PLC0415 - it warns while it loads

    from tests.acceptance.leaks import topics_of  # noqa: PLC0415

    hers = bytes(Pseudonyms(settings.secrets.pseudonym_key, AGENCY).of(person.bytes))
    reader = KafkaConsumer(**settings.kafka("admin"), group_id=None, enable_auto_commit=False)
    with closing(reader):
        records = topics_of(reader, [TopicPartition(feed_topic(AGENCY), 0)])
        return [record.value for _, record in records if record.key == hers]


def restricted(settings: Settings, canary: Canary, person: UUID) -> None:
    """Restrict her names: nobody sees them any more but herself; her address is not restricted."""
    names, address = word("newsurname"), word("address")
    with asking(settings, canary) as ask:
        assert {one in ask() for one in (names, address)} == {True}
        before = len(told(settings, person))

        command = ("person", "restrict", "--class", "identity", "--basis", "Court order")
        said = hub(
            settings,
            *(
                *command,
                "--until",
                "2027-01-31",
                "--reason",
                "contested",
                "--yes",
                "--timeout",
                "600",
            ),
            typed=canary.pinfl,
        )

        assert "carried out" in said
        answer = ask()
        assert (names in answer, address in answer, "redacted" in answer) == (False, True, True)
    with psycopg.connect(settings.civil_dsn) as connection:
        connection.execute(
            "INSERT INTO civil.name_change SELECT 'later', 1, 'valid', NULL, NULL, now(), %s, %s,"
            " %s, %s, '2026-09-30'",
            [canary.pinfl, word(LATER), word(LATER), word(LATER)],
        )
    _until(lambda: len(told(settings, person)) > before)
    assert word(LATER).encode() not in b"".join(told(settings, person))
    # An operator sees it, on record, and what she asks for herself has it.
    hub(settings, "person", "show", "--reason", "she asked", typed=canary.pinfl)
    file = settings.home / "restricted.json"
    hub(settings, "person", "export", "-o", str(file), typed=canary.pinfl)
    export = file.read_text("utf-8")
    file.unlink()
    assert (names in export, word(LATER) in export, "Court order" in export) == (True, True, True)


def restored(settings: Settings, canary: Canary, old: Path, ids: Collection[UUID]) -> None:
    """Lose the whole key store and put back what it was before: nothing erased is ever awake."""
    names = [(one, each) for one in ids for each in CLASSES]
    awake: list[Any] = []
    over = threading.Event()

    def watch() -> None:
        with psycopg.connect(settings.keys_dsn, autocommit=True) as connection:
            while not over.is_set():
                awake.extend(
                    connection.execute(
                        "SELECT owner, class FROM sealing_keys WHERE state = 'active'"
                        "   AND (owner, class) IN (SELECT * FROM unnest(%s::uuid[], %s::text[]))",
                        [[one for one, _ in names], [each for _, each in names]],
                    ).fetchall()
                )

    lose = (
        "CREATE TABLE aside AS TABLE sealing_keys",
        "DELETE FROM sealing_keys",
        "DELETE FROM key_restrictions",
        "DELETE FROM key_erasures",
    )
    watcher = threading.Thread(target=watch)
    with asking(settings, canary) as ask:
        _until(lambda: STEM not in ask())  # a cached key outlives its erasure, by a minute at most
        with psycopg.connect(settings.keys_dsn) as connection:
            for statement in lose:
                connection.execute(statement)
        watcher.start()
        try:
            answers = [ask(may_fail=True)]
            said = hub(settings, "keys", "restore", str(old))
            answers.append(ask())
        finally:
            over.set()
            watcher.join()
    assert "erased again" in said
    assert not awake
    assert all(STEM not in answer for answer in answers)
    held = {
        (row["owner"], row["class"])
        for row in map(json.loads, old.read_text("ascii").splitlines())
        if "owner" in row
    }
    with psycopg.connect(settings.keys_dsn) as connection:
        lost = {(str(owner), name) for owner, name in connection.execute(_LOST).fetchall()}
        assert lost & held == set(), "whatever the backup had is back"
        # What was made since is lost, as it would be; here the rest of the test wants it.
        connection.execute("INSERT INTO sealing_keys TABLE aside ON CONFLICT DO NOTHING")
        connection.execute("DROP TABLE aside")


_LOST: Final = """
SELECT a.owner, a.class FROM aside a LEFT JOIN sealing_keys k USING (owner, class)
 WHERE a.state IS DISTINCT FROM k.state AND a.state = 'active'
"""


def due(settings: Settings, ids: Collection[UUID]) -> None:
    """Years later it says what is due, and `hub status` does; today nothing is."""
    assert "nothing is due" in hub(settings, "person", "due")
    later = replace(settings, today_override=date(2035, 1, 1))
    said = hub(later, "person", "due", code=1)
    assert {f"{one}  needs" in said for one in ids} == {True}
    assert "due to be erased: hub person due" in hub(later, "status")


def hurry(settings: Settings) -> None:
    """Let a second be a day for what feeds keep; and what is unlinked be gone."""
    from ops.agency import kafka  # noqa: PLC0415 - it warns while it loads
    from ops.stack.kafka_admin import kafka_admin  # noqa: PLC0415

    with kafka_admin(settings.kafka("admin")) as client:
        for topic in (feed_topic(AGENCY), resend_topic(AGENCY)):
            given = kafka.settings_of(client, topic)
            cut = {name: int(given[name]) // 86_400 for name in ("retention.ms", "segment.ms")}
            config = {name: str(value) for name, value in cut.items()}
            kafka.alter(client, topic, config | {"file.delete.delay.ms": "0"})


@contextmanager
def asking(settings: Settings, canary: Canary) -> Iterator[Any]:
    """Ask for her facts at the API, as the agency's program."""
    name = f"desk{time.monotonic_ns()}"
    secret = hub(settings, "client", "add", name, "--agency", AGENCY).strip()
    issued = httpx.post(
        f"http://127.0.0.1:{settings.port('issuer')}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(name, secret),
        timeout=30,
    )
    token = issued.raise_for_status().json()["access_token"]
    headers = _LAW | {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{settings.api_url}/v1", headers=headers, timeout=60) as client:
        found = client.post("/persons/lookup", json={"pinfl": canary.pinfl}).raise_for_status()
        person = found.json()["person"]

        def ask(*, may_fail: bool = False) -> str:
            answer = client.get(f"/persons/{person}/facts")
            assert may_fail or answer.is_success, answer.text
            return answer.text

        yield ask


def _until(condition: Any) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
