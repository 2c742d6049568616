"""No body without its leaf, whatever dies; and nothing hangs."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg

from ops.stack.stack import Stack
from schemas.ids import text
from tests.integration.api.conftest import World, serving
from tests.integration.assessment.country import person

OLD = text(person("1old"))
NEEDS = f"/v1/persons/{OLD}/needs"


def test_sessions_that_are_killed_under_load_leave_no_body_without_a_leaf(world: World) -> None:
    headers = world.asking("social").headers()
    stop = threading.Event()

    def kill() -> None:
        with psycopg.connect(world.settings.hub_dsn, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'hub-api' AND datname = current_database()"
                    " ORDER BY random() LIMIT 2"
                )
                time.sleep(0.02)

    def ask(_: int) -> httpx.Response:
        return world.http.get(NEEDS, headers=headers)

    killer = threading.Thread(target=kill)
    killer.start()
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(ask, range(200)))
    stop.set()
    killer.join()

    answered = [answer for answer in answers if answer.status_code == 200]
    silent = [answer for answer in answers if answer.status_code == 503]
    assert len(answered) + len(silent) == len(answers)
    assert answered
    assert silent
    assert all(answer.json()["type"] == "/problems/unavailable" for answer in silent)
    assert all("retry-after" in answer.headers for answer in silent)
    assert all("needs" not in answer.json() for answer in silent)
    assert [kind for kind, _ in world.leaves(*answered)] == ["read"] * len(answered)
    assert len(world.leaves(*silent)) <= len(silent)  # a leaf too many, never one too few


def test_a_lock_that_is_held_is_no_hang(world: World) -> None:
    with psycopg.connect(world.settings.hub_dsn) as connection:
        connection.execute("LOCK TABLE kept.audit_leaves IN ACCESS EXCLUSIVE MODE")

        answer = world.asking("social").get(NEEDS)

    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


def test_with_kafka_and_registries_down_it_answers_and_says_how_old(
    world: World, servers: Stack
) -> None:
    social = world.asking("social")
    before = social.get(NEEDS)
    for name in ("kafka", "registry"):
        servers.stop(name)

    after = social.get(NEEDS)
    with serving(world.settings) as begun_later:
        again = begun_later.get(NEEDS, headers=social.headers())

    for answer in (before, after, again):
        assert answer.status_code == 200
        assert answer.json()["needs"]
        civil = answer.json()["freshness"]["civil"]
        assert civil["last_stored_at"]
        assert civil == before.json()["freshness"]["civil"]
