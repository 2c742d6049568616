"""How often a client may ask: a window that slides."""

from __future__ import annotations

from projections.http import rates
from projections.http.rates import Rate


class Clock:
    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def asked(rate: Rate, who: str, times: int) -> int:
    return sum(rate.allows(who) for _ in range(times))


def test_a_client_gets_its_number_and_no_more() -> None:
    rate = Rate("5/second", Clock())

    assert asked(rate, "a", 9) == 5
    assert asked(rate, "b", 9) == 5


def test_what_was_asked_a_moment_ago_still_counts() -> None:
    clock = Clock()
    rate = Rate("10/second", clock)
    clock.at += 0.9
    assert asked(rate, "a", 10) == 10

    clock.at += 0.2  # nine tenths of the window before still lie in it
    assert asked(rate, "a", 10) == 1
    clock.at += 0.4
    assert asked(rate, "a", 10) == 4


def test_who_was_silent_has_everything_again() -> None:
    clock = Clock()
    rate = Rate("10/second", clock)
    assert asked(rate, "a", 10) == 10

    clock.at += 2.0
    assert rate.headers("a")["RateLimit"] == '"client";r=10;t=1'
    assert asked(rate, "a", 10) == 10


def test_what_is_left_is_told() -> None:
    clock = Clock()
    rate = Rate("5/second", clock)
    asked(rate, "a", 2)

    assert rate.headers("a") == {
        "RateLimit-Policy": '"client";q=5;w=1',
        "RateLimit": '"client";r=3;t=1',
    }
    assert rate.retry_after("a") == 1


def test_a_refused_question_does_not_count() -> None:
    clock = Clock()
    rate = Rate("4/second", clock)
    clock.at += 0.5
    asked(rate, "a", 100)

    clock.at += 1.0  # half of the four lie in the window
    assert asked(rate, "a", 9) == 2


def test_strangers_do_not_fill_the_memory() -> None:
    clock = Clock()
    rate = Rate("5/second", clock)
    for number in range(10_000):
        rate.allows(f"once {number}")
    clock.at += 3.0
    rate.allows("now")

    assert len(rate._windows) == 1


def test_a_flood_of_strangers_at_once_shares_one_window_and_holds_up_nobody_who_is_known() -> None:
    rate = Rate("5/second", Clock())
    assert asked(rate, "known", 1) == 1
    let_in = sum(rate.allows(f"once {number}") for number in range(rates._MOST_KEPT + 100))

    assert let_in == rates._MOST_KEPT - 1 + 5
    assert len(rate._windows) == rates._MOST_KEPT + 1
    assert asked(rate, "known", 9) == 4
