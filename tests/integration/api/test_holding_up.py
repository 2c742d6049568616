"""Who sends nonsense, or sends slowly, holds up nobody else."""

from __future__ import annotations

from schemas.ids import text
from tests.integration.api.conftest import World, serving
from tests.integration.assessment.country import person

OLD = text(person("1old"))
NEEDS = f"/v1/persons/{OLD}/needs"


def test_a_place_that_sends_many_bad_tokens_waits_and_good_ones_pass(world: World) -> None:
    bad = {"Authorization": "Bearer nonsense"}
    with serving(world.settings, sources="3/hour") as http:
        answers = [http.get(NEEDS, headers=bad) for _ in range(5)]
        unseen = world.asking("social").headers()  # a good token of the same place, never sent yet
        passed = http.get(NEEDS, headers=unseen)

    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
    assert passed.status_code == 200
    last = answers[-1]
    assert last.json()["type"] == "/problems/rate-limited"
    assert int(last.headers["retry-after"]) >= 1
    on_record = [(kind, leaf["rule"], leaf["status"]) for kind, leaf in world.leaves(*answers)]
    assert (
        on_record
        == [("refusal", "token_malformed", 401)] * 3 + [("refusal", "token_malformed", 429)] * 2
    )
