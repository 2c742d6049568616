"""Who looked, who needs what where, figures, resends; each under its own rights."""

from __future__ import annotations

import time
from uuid import UUID

import httpx

from projections.http.parameters import PERSON as EXAMPLE
from schemas.ids import text
from tests.integration.api.conftest import World
from tests.integration.assessment.country import person

OLD = text(person("1old"))
LOG = f"/v1/persons/{OLD}/access-log"


def test_a_person_sees_who_looked_when_and_why(world: World) -> None:
    own = world.asking("portal", UUID(OLD))
    world.asking("social").get(f"/v1/persons/{OLD}/needs")
    world.asking("pensions").get(f"/v1/persons/{OLD}/household")
    world.asking("social").get("/v1/needs", {"district": "1703"})

    answer = own.get(LOG)

    assert answer.status_code == 200, answer.text
    looks = answer.json()["accesses"]
    assert [(look["what"], look["agency"], look["is_refused"]) for look in looks] == [
        ("list_needs", "social", False),
        ("household", "pensions", True),
        ("needs", "social", False),
    ]
    assert looks[2]["purpose"] == "social-support"
    assert looks[2]["basis"] == "social-registry"
    assert "needs.reason" in looks[2]["fields"]
    again = own.get(LOG, {"limit": "1"}).json()
    assert again["accesses"][0]["what"] == "access_log"
    second = own.get(LOG, {"limit": "1", "cursor": again["next"]}).json()
    assert second["accesses"][0]["what"] == "list_needs"


def test_nobody_sees_who_looked_at_others(world: World) -> None:
    stranger = UUID(int=7)

    others = world.asking("portal", stranger).get(LOG)
    nobody = world.asking("portal").get(LOG)
    agency = world.asking("social").get(LOG)

    assert [one.json()["rule"] for one in (others, nobody, agency)] == [
        "not-own",
        "not-own",
        "operation-not-in-basis",
    ]
    assert world.asking("auditors").get(LOG).status_code == 200


def test_needs_of_a_region_under_the_rights_of_that_region(shared: World) -> None:
    andijan = shared.asking("andijan")

    own = andijan.get("/v1/needs", {"district": "1703"})
    other = andijan.get("/v1/needs", {"district": "1726"})
    country = andijan.get("/v1/needs")

    assert {need["person"] for need in own.json()["needs"]} == {OLD}
    assert len(own.json()["needs"]) == 4
    assert own.json()["next"] is None
    assert other.json()["rule"] == "region-not-covered"
    assert country.json()["rule"] == "region-not-covered"
    one = shared.asking("social").get("/v1/needs", {"kind": "lonely_care"}).json()
    assert [need["kind"] for need in one["needs"]] == ["lonely_care"]
    (kind, leaf), *_ = shared.leaves(own)
    assert (kind, leaf["persons"], leaf["rows"]) == ("read", [OLD], 4)


def test_pages_hold_everybody_once(world: World) -> None:
    people = [f"{n}more{n}" for n in range(2, 9)]
    for name in people:
        world.country.born(name, "1950-01-01", "F")
        world.country.lives(name, f"house {name}")
        world.country.connection.execute(
            "INSERT INTO live.needs SELECT gen_random_uuid(), version, %(one)s, %(one)s, kind,"
            " status, since, review_on, urgency, amount_minor, rule, '{}', reason, reason_digest,"
            " event_id, assessed_on, known_from FROM live.needs WHERE kind = 'lonely_care' LIMIT 1",
            {"one": UUID(bytes=person(name))},
        )
    social, seen, cursor = world.asking("social"), [], None
    for _ in range(20):
        page = social.get(
            "/v1/needs",
            {"limit": "2", "kind": "lonely_care"} | ({"cursor": cursor} if cursor else {}),
        ).json()
        seen += [need["person"] for need in page["needs"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert sorted(seen) == sorted([OLD, *(text(person(name)) for name in people)])


def test_figures_are_hidden_where_they_are_small(shared: World) -> None:
    planners = shared.asking("planners")

    answer = planners.get("/v1/statistics/needs")

    assert answer.status_code == 200, answer.text
    rows = answer.json()["figures"]
    assert rows
    assert {row["count"] for row in rows} <= {"hidden"}
    ahead = planners.get("/v1/statistics/needs", {"month": "2099-01"})
    assert (ahead.status_code, ahead.json()["type"]) == (409, "/problems/month-ahead")
    assert shared.asking("social").get("/v1/statistics/needs").status_code == 403


def test_a_part_of_the_feed_is_asked_for_once(world: World) -> None:
    world.country.connection.execute(
        "INSERT INTO kept.feed_index (agency, first, last, packed) VALUES ('social', 1, 100, '')"
    )
    social = world.asking("social")
    key = {"Idempotency-Key": "first-time-1"}
    asked = social.post("/v1/feed/resends", {"first": 5, "last": 9}, **key)
    again = social.post("/v1/feed/resends", {"first": 5, "last": 9}, **key)
    another = social.post("/v1/feed/resends", {"first": 5, "last": 8}, **key)
    beyond = social.post(
        "/v1/feed/resends", {"first": 5, "last": 900}, **{"Idempotency-Key": "2" * 9}
    )
    keyless = social.post("/v1/feed/resends", {"first": 5, "last": 9})

    assert (asked.status_code, again.json()) == (202, asked.json()), asked.text
    assert another.json()["type"] == "/problems/idempotency-key-reused"
    assert beyond.json()["type"] == "/problems/resend-range"
    assert keyless.json()["type"] == "/problems/idempotency-key-missing"
    state = social.get(asked.headers["location"])
    assert (state.json()["state"], state.json()["topic"]) == ("waiting", "feed.social.resend.v1")
    foreign = world.asking("pensions").get(asked.headers["location"])
    assert foreign.status_code == 404


def test_who_lost_the_answer_gets_it_though_the_queue_is_full(world: World) -> None:
    world.country.connection.execute(
        "INSERT INTO kept.feed_index (agency, first, last, packed) VALUES ('social', 1, 100, '')"
    )
    social = world.asking("social")

    def ask(number: int) -> httpx.Response:
        key = {"Idempotency-Key": f"time-and-again-{number}"}
        return social.post("/v1/feed/resends", {"first": number, "last": number}, **key)

    asked = [ask(number) for number in range(1, 12)]
    again = [ask(number) for number in (1, 10, 11)]

    assert [one.status_code for one in asked] == [202] * 10 + [409]
    assert [one.status_code for one in again] == [202, 202, 409]
    assert [one.headers["location"] for one in again[:2]] == [
        asked[0].headers["location"],
        asked[9].headers["location"],
    ]


def test_the_log_s_files_and_the_meaning_of_problems(shared: World) -> None:
    folder = shared.settings.home / "audit"
    (folder / "tile" / "0").mkdir(parents=True)
    (folder / "checkpoint").write_text("origin\n", encoding="ascii")
    (folder / "tile" / "0" / "000").write_bytes(b"tile")
    (folder / ".lock").write_bytes(b"")

    assert shared.http.get("/audit/checkpoint").text == "origin\n"
    assert shared.http.get("/audit/tile/0/000").content == b"tile"
    assert shared.http.get("/audit/tile/0/001").status_code == 404
    assert shared.http.get("/audit/.lock").status_code in {401, 404}
    page = shared.http.get("/problems/not-allowed").json()
    assert shared.http.get("/problems/no-such").status_code == 404
    assert shared.http.get("/problems/" + "a" * 65).status_code == 422
    assert (page["type"], page["status"]) == ("/problems/not-allowed", 403)
    assert shared.http.get("/v1/ready").json() == {"status": "ready", "reasons": []}


def test_a_client_is_revoked_at_once(world: World) -> None:
    social = world.asking("social")
    assert social.get(f"/v1/persons/{OLD}/needs").status_code == 200

    world.country.connection.execute("UPDATE kept.grants SET revoked_at = now()")
    time.sleep(0.01)

    assert social.get(f"/v1/persons/{OLD}/needs").json()["rule"] == "grant-revoked"


def test_what_is_open_says_nothing_of_anybody_and_all_else_is_closed(shared: World) -> None:
    document = shared.http.get("/openapi.json")
    said = [shared.http.get(path) for path in ("/v1/health", "/v1/ready")]
    closed = {
        path: shared.http.request(method, path.format_map(_Anything())).status_code
        for path, operations in document.json()["paths"].items()
        for method in operations
        if path not in {"/v1/health", "/v1/ready", "/problems/{name}"}
        and not path.startswith("/audit/")  # the published log is for everybody
    }

    assert [answer.status_code for answer in (document, *said)] == [200, 200, 200]
    known = shared.country.connection.execute("SELECT DISTINCT person::text FROM live.facts")
    words = {*(one for (one,) in known), "cottage", str(shared.settings.home)} - {EXAMPLE}
    assert len(words) > 2
    assert not [word for word in words for answer in (document, *said) if word in answer.text]
    assert len(closed) >= 10
    assert {path for path, status in closed.items() if status != 401} == set()


class _Anything(dict[str, str]):
    def __missing__(self, _: str) -> str:
        return OLD
