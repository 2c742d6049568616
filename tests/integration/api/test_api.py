"""From a token to an answer over real HTTP, on real tables, in the API's own role."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from uuid import UUID

import pytest
from rich.console import Console

from ops.operators import reader
from ops.person_view import render
from ops.run.api import identify, queries, run
from ops.settings import PORT_OFFSETS
from schemas.errors import PermanentError
from schemas.ids import text
from tests.integration.api.conftest import PINFL, World
from tests.integration.assessment.country import person

OLD = text(person("1old"))
NOBODY = text(b"n" * 16)


def test_from_a_national_number_to_needs_with_reasons(shared: World) -> None:
    social = shared.asking("social")
    found = social.post("/v1/persons/lookup", {"pinfl": PINFL}).json()
    answer = social.get(f"/v1/persons/{found['person']}/needs").json()

    assert found["is_known"] is True
    assert answer["person"] == OLD
    assert {need["kind"] for need in answer["needs"]} == {
        "disability_support",
        "lonely_care",
        "family_state_supported",
        "material_assistance",
    }
    lonely = next(need for need in answer["needs"] if need["kind"] == "lonely_care")
    assert lonely["reason"]["law"] == "Cabinet Resolution 119 (23 Mar 2023)"
    assert lonely["reason"]["parts"][0]["parts"][1]["value"] == 2
    assert {row["states"] for row in answer["evidence"]} == {"person", "residence", "disability"}
    assert answer["household"]["members"] == [answer["person"]]
    assert answer["freshness"]["civil"]["complete_through"] == "2026-02-28"
    assert answer["freshness"]["civil"]["events"] == 14
    assert answer["freshness"]["tax"] == {
        "complete_through": None,
        "last_stored_at": None,
        "events": 0,
    }


def test_one_need_has_its_reason_and_its_own_evidence(shared: World) -> None:
    social = shared.asking("social")
    needs = social.get(f"/v1/persons/{OLD}/needs").json()["needs"]
    lonely = next(need for need in needs if need["kind"] == "lonely_care")

    asked = social.get(f"/v1/persons/{OLD}/needs/{lonely['need']}/reason")
    answer = asked.json()

    assert [need["kind"] for need in answer["needs"]] == ["lonely_care"]
    assert {row["event_id"] for row in answer["evidence"]} == set(lonely["evidence"])
    missing = social.get(f"/v1/persons/{OLD}/needs/{NOBODY}/reason")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/need-unknown")
    written = shared.leaves(asked, missing)
    assert [body["rows"] for _, body in written] == [1, 0], "what was shown, not what there is"


def test_facts_hold_what_was_sealed_if_the_rights_cover_it(shared: World) -> None:
    facts = shared.asking("social").get(f"/v1/persons/{OLD}/facts", {"as_of": "2026-03-10"}).json()

    disability = next(row for row in facts["facts"] if row["kind"] == "disability")
    assert disability["is_sealed"] is True
    assert disability["value"]["health"]["group"] == 2
    pensions = (
        shared.asking("pensions").get(f"/v1/persons/{OLD}/facts", {"as_of": "2026-03-10"}).json()
    )
    assert {row["kind"] for row in pensions["facts"]} == {"person"}
    assert "health.disability_assessed" in pensions["withheld"]


def test_what_the_basis_leaves_out_is_withheld_and_said_so(shared: World) -> None:
    answer = shared.asking("payments").get(f"/v1/persons/{OLD}/needs").json()

    assert {need["kind"] for need in answer["needs"]} == {"material_assistance"}
    assert "reason" not in answer["needs"][0]
    assert not {"household", "evidence", "near_misses"} & answer.keys()
    assert {"needs.needs.reason", "needs.evidence", "lonely_care"} <= set(answer["withheld"])


def test_household_and_history(shared: World) -> None:
    social = shared.asking("social")

    household = social.get(f"/v1/persons/{OLD}/household").json()
    history = social.get(f"/v1/persons/{OLD}/history").json()

    assert household["household"]["members"] == [OLD]
    assert len(history["history"]) == 4
    assert all("law" in row["reason"] for row in history["history"])


@pytest.mark.parametrize("day", ["", "?as_of=2026-02-20"], ids=["now", "a day"])
@pytest.mark.parametrize("question", ["needs", "facts", "household"])
def test_whichever_id_is_asked_for_the_person_answers(
    shared: World, question: str, day: str
) -> None:
    social = shared.asking("social")
    asked = [OLD, text(identify(shared.settings, PINFL))]

    answers = [social.get(f"/v1/persons/{each}/{question}{day}").json() for each in asked]
    histories = [social.get(f"/v1/persons/{each}/history").json() for each in asked]

    assert histories[0] == histories[1]

    assert answers[0]["person"] == OLD
    assert answers[0] == answers[1]


def test_every_registry_says_how_fresh_it_is(shared: World) -> None:
    answer = shared.asking("planners").get("/v1/registries").json()

    assert answer["freshness"]["civil"]["complete_through"] == "2026-02-28"


def test_who_has_the_answer_is_told_so_and_that_is_on_record(shared: World) -> None:
    social = shared.asking("social")
    first = social.get(f"/v1/persons/{OLD}/needs")
    same = {"If-None-Match": first.headers["etag"]}

    again = social.get(f"/v1/persons/{OLD}/needs", headers=same)

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert [kind for kind, _ in shared.leaves(first, again)] == ["read", "read"]


def test_nothing_shows_an_answer_again_without_asking(shared: World) -> None:
    """Else a look would leave no leaf, and a right that has ended would go on counting."""
    social = shared.asking("social")
    needs = social.get(f"/v1/persons/{OLD}/needs")
    answers = [
        needs,
        social.get(f"/v1/persons/{OLD}/needs", headers={"If-None-Match": needs.headers["etag"]}),
        social.get(f"/v1/persons/{OLD}/facts"),
        social.get(f"/v1/persons/{OLD}/household"),
        social.get(f"/v1/persons/{OLD}/history"),
        social.get("/v1/needs", {"kind": "lonely_care"}),
        social.post("/v1/persons/lookup", {"pinfl": PINFL}),
        shared.asking("portal", UUID(OLD)).get(f"/v1/persons/{OLD}/access-log"),
    ]

    for answer in answers:
        assert answer.status_code in {200, 304}, answer.text
        said = {word.strip() for word in answer.headers["cache-control"].split(",")}
        assert said in ({"private", "no-cache"}, {"no-store"})


def test_every_read_and_refusal_is_on_record(shared: World) -> None:
    social = shared.asking("social")
    answers = [
        social.post("/v1/persons/lookup", {"pinfl": PINFL}),
        social.get(f"/v1/persons/{OLD}/needs"),
        social.get(f"/v1/persons/{NOBODY}/needs"),
        shared.asking("pensions").get(f"/v1/persons/{OLD}/household"),
        social.post("/v1/persons/lookup", {"pinfl": "30211975910034"}),
    ]

    written = shared.leaves(*answers)
    assert [answer.status_code for answer in answers] == [200, 200, 404, 403, 422]
    assert [kind for kind, _ in written] == ["read", "read", "read", "refusal", "refusal"]
    assert [body["request"] for _, body in written] == [
        answer.headers["hub-request"] for answer in answers
    ]
    read = written[1][1]
    assert (read["who"], read["agency"]) == ("social", "social")
    assert (read["purpose"], read["basis"]) == ("social-support", "social-registry")
    assert (read["what"], read["person"], read["rows"]) == ("needs", OLD, 4)
    assert UUID(read["grant"])
    assert "needs.reason" in read["fields"]
    assert read["members"] == [OLD]
    assert written[2][1]["rows"] == 0
    assert (written[3][1]["rule"], written[4][1]["rule"]) == (
        "operation-not-in-basis",
        "pinfl_check_digit",
    )


def test_without_a_place_for_the_leaf_there_is_no_answer(world: World) -> None:
    world.country.connection.execute("ALTER TABLE kept.audit_leaves RENAME TO away")

    answer = world.asking("social").post("/v1/persons/lookup", {"pinfl": PINFL})

    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/fault")
    world.country.connection.execute("ALTER TABLE kept.away RENAME TO audit_leaves")
    first = world.asking("social").get(f"/v1/persons/{OLD}/needs")
    world.country.connection.execute("UPDATE sealing_keys SET state = 'erased', wrapped = NULL")
    world.country.connection.execute("UPDATE live.progress SET events = events + 1")

    again = world.asking("social").get(
        f"/v1/persons/{OLD}/needs", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 200, "another answer"


def test_a_taken_port_is_said(shared: World) -> None:
    port = shared.http.base_url.port or 0
    taken = replace(shared.settings, port_base=port - PORT_OFFSETS["api"])

    with pytest.raises(PermanentError, match="taken"):
        run(taken, threading.Event())


def test_the_answer_can_be_read_by_people(shared: World) -> None:
    page = io.StringIO()
    with queries(shared.settings) as answers:
        asked = UUID(bytes=identify(shared.settings, PINFL))
        looks = reader("hub person show", "the family called")
        render(answers.needs(asked, looks), Console(file=page, width=200))

    shown = page.getvalue()
    assert "lonely_care since 2026-03-10 (immediate)" in shown
    assert "✓ grave disability: 2" in shown
    assert "420,000 soum a month" in shown
    assert "2026-02-28" in shown
    assert PINFL not in shown
    (body,) = shared.country.connection.execute(
        "SELECT body FROM kept.audit_leaves WHERE body ->> 'by' = 'hub person show'"
    ).fetchone() or ({},)
    assert (body["purpose"], body["by"]) == ("operations", "hub person show")
    assert body["reason"] == "the family called"
