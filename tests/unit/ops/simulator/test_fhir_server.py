"""The parts of the FHIR server that need no server."""

import itertools

import pytest

from ops.simulator.fhir_server import LARGEST_PAGE, Manners, instant, page_of, refusal


def test_a_page_is_never_larger_than_the_server_likes() -> None:
    assert page_of({"_count": "100000"}) == ("", 0, LARGEST_PAGE)


@pytest.mark.parametrize("query", [{"_count": "0"}, {"_count": "x"}, {"_since": "2026-09-01"}])
def test_a_bad_request_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".*"):
        page_of(query)


def test_an_instant_in_any_zone_is_the_same_moment() -> None:
    assert instant("2026-09-01T05:00:00.1239+05:00") == instant("2026-09-01T00:00:00.123Z")


def test_refusals_come_at_their_rate_and_never_twice_in_a_row() -> None:
    manners = Manners("secret", seed=4, too_many_share=0.2, unavailable_share=0.1)

    answers = [refusal(manners, number) for number in range(1, 3001)]

    assert 0.15 < sum(a is not None for a in answers) / len(answers) < 0.3
    assert {429, 503, None} == set(answers)
    assert not any(a and b for a, b in itertools.pairwise(answers))
