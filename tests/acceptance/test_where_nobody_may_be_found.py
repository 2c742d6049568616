"""No personal datum appears in logs, keys, headers, URLs, arguments, metrics, errors.

One person goes through everything, with a word of her own in every field; then all these places are
searched for the words. What was erased is looked for elsewhere (``tests/integration/privacy``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from ops.settings import Settings
from ops.trial import Trial
from schemas.topics import QUARANTINE
from streams.feeds.names import feed_topic
from streams.feeds.pseudonyms import Pseudonyms
from tests.acceptance import marked
from tests.acceptance.leaks import topics_of
from tests.acceptance.test_everything_can_die import until
from tests.acceptance.watching import Place, Watch, everywhere, found

pytestmark = pytest.mark.long

UNTIL = date(2026, 9, 30)
PATIENCE_SECONDS = 240.0
PEOPLE = 100
AGENCY = "social-fund"
BASIS = ("--basis", "social-registry", "--purpose", "social-support")


@pytest.fixture
def trial(own_stack: Settings) -> Iterator[Trial]:
    settings = replace(own_stack, today_override=UNTIL)
    trial = Trial(settings=settings, people=PEOPLE, days=1, seed=3, until=UNTIL, workers=1)
    yield trial
    trial.stop()


def hub(settings: Settings, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run a command as an operator does."""
    environment = {"PATH": os.defpath, "HOME": str(Path.home())} | settings.as_environment()
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        input=typed.encode(),
        capture_output=True,
        env=environment,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def operators_commands(settings: Settings) -> list[Place]:
    """Give commands, with her words where none belong; return what went to standard error."""
    wrong = marked.WORDS["wrongcommand"]
    given = [
        hub(settings, "person", "show", typed=f"{marked.PINFL}\n"),
        hub(settings, "person", "show", typed=f"{marked.PINFL[:-1]}{wrong}\n"),
        hub(settings, "person", "suggestions", typed=f"{marked.PINFL}\n"),
        hub(settings, "status"),
    ]
    places = [(f"error of {each.args[3:5]}", each.stderr) for each in given]
    status = hub(settings, "status", "-o", "json")
    return [*places, ("status", status.stdout + status.stderr)]


def token(settings: Settings) -> str:
    """Return a token of a client of the agency."""
    added = hub(settings, "client", "add", "desk", "--agency", AGENCY)
    assert added.returncode == 0, added.stderr
    answer = httpx.post(
        f"http://127.0.0.1:{settings.port('issuer')}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("desk", added.stdout.decode().strip()),
        timeout=30,
    )
    return str(answer.raise_for_status().json()["access_token"])


def assert_that_she_came_everywhere(settings: Settings) -> None:
    """Fail if she did not go through: then nothing was tried."""
    person = UUID(bytes=settings.keys.pseudonym("uz.pinfl", marked.PINFL))
    with psycopg.connect(settings.hub_dsn) as connection:
        kinds = {
            kind
            for (kind,) in connection.execute(
                "SELECT DISTINCT kind FROM live.facts WHERE person = %s", (person,)
            )
        }
    consumer = KafkaConsumer(**settings.kafka("admin"), group_id=None, enable_auto_commit=False)
    set_aside = {record.key for _, record in topics_of(consumer, [TopicPartition(QUARANTINE, 0)])}
    feed = [TopicPartition(feed_topic(AGENCY), 0)]
    fed = {record.key for _, record in topics_of(consumer, feed)}
    consumer.close()
    assert {"person", "name", "residence", "income"} <= kinds
    assert {b"civil", b"tax", b"health"} <= set_aside
    assert Pseudonyms(settings.secrets.pseudonym_key, AGENCY).of(person.bytes) in fed


def plant(settings: Settings) -> None:
    """Put one of her words where none may be, in a place of each kind."""
    word = marked.WORDS["surname"].upper()
    with (settings.home / "logs" / "api.log").open("a", encoding="utf-8") as log:
        log.write(f"GET /v1/persons/{word}\n")
    (settings.home / "run" / "planted.error").write_text(word, "utf-8")
    producer = KafkaProducer(**settings.kafka("admin"))
    producer.send(QUARANTINE, key=b"tax", value=b"x", headers=[("note", word.encode())]).get(30)
    producer.send(feed_topic(AGENCY), key=word.encode(), value=b"x").get(30)
    producer.close()
    with psycopg.connect(settings.hub_dsn) as connection:
        connection.execute(
            "INSERT INTO kept.audit_leaves (kind, body) VALUES ('read', %s)",
            (json.dumps({"what": word}),),
        )


def test_she_is_found_nowhere_and_what_is_planted_is_found(trial: Trial) -> None:
    trial.start_servers(lambda _: None)
    settings = trial.settings
    trial.country.backlog()
    marked.into_civil(settings)
    marked.into_tax(settings)
    marked.into_health(trial.country.places.fhir_file)
    with Watch(settings) as watch:
        trial.start_components(lambda _: None)
        for command in (("add", "--title", "Fund"), ("grant", *BASIS)):
            assert hub(settings, "agency", command[0], AGENCY, *command[1:]).returncode == 0
        trial.wait_until_settled(PATIENCE_SECONDS)
        answers = marked.wrong_requests(settings, token(settings))
        errors = operators_commands(settings)

        places = [*everywhere(settings), *watch.places(), *answers, *errors]
        assert found(marked.SECRET_TEXTS, iter(places)) == []
        assert_that_she_came_everywhere(settings)

        plant(settings)
        word = marked.WORDS["given"]
        with subprocess.Popen(["sleep", "60"], env={word: word} | settings.as_environment()) as one:
            until(lambda: any(word.encode() in text for _, text in watch.places()), "it was seen")
            one.kill()
        planted = found(marked.SECRET_TEXTS, (*everywhere(settings), *watch.places()))
    kinds = {place.partition(" ")[0].partition("/")[0] for place in planted}
    assert kinds >= {"file", QUARANTINE, "label", "kept.audit_leaves", "environment"}
    assert len([place for place in planted if place.startswith("file")]) == 2
