"""The figures of ``hub person suggest --evaluate`` are what the labelled set comes to."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from ops.identity.evaluation import (
    THRESHOLDS,
    Evaluation,
    Suggested,
    evaluate,
    known,
    precision,
    run,
)
from ops.identity.labelled import Labelled, labelled
from streams.matching import THRESHOLD, blocks, likeness, ranked

LEAST_PRECISION = 0.97
LEAST_RECALL = 0.85


def printed(people: int, seed: int) -> str:
    out = io.StringIO()
    run(Console(file=out, width=200), people, seed)
    return out.getvalue()


def by_hand(made: Labelled, threshold: int) -> tuple[int, int]:
    """Count the long way: every record against everybody whom it meets in a block."""
    key = bytes(32)
    people = [(one, blocks(key, one)) for one in map(known, made.people)]
    suggested = right = 0
    for written in made.records:
        record = known(written)
        mine = blocks(key, record)
        near = [one for one, theirs in people if not mine.isdisjoint(theirs)]
        order = ranked((one.id, likeness(record, one)) for one in near)
        chosen = [who for who, like in order if like.score >= threshold]
        suggested += len(chosen)
        right += made.truth.get(record.id) in chosen
    return suggested, right


@pytest.mark.parametrize("seed", [3, 4])
def test_what_is_printed_follows_from_the_set(seed: int) -> None:
    made = labelled(300, seed)
    text = printed(300, seed)

    rows = {
        int(row[0]): (int(row[1]), int(row[2]), float(row[3]), float(row[4]))
        for row in re.findall(r"^(\d+) \*? *(\d+) +(\d+) +(\d\.\d+) +(\d\.\d+)", text, re.M)
    }
    assert tuple(rows) == THRESHOLDS
    for threshold, (suggested, right, share, recall) in rows.items():
        assert (suggested, right) == by_hand(made, threshold)
        assert share == pytest.approx(right / suggested if suggested else 1, abs=0.0006)
        assert recall == pytest.approx(right / len(made.truth), abs=0.0006)
    assert f"{len(made.people)} invented people, {len(made.records)} records" in text


def test_another_set_gives_other_figures_and_the_same_the_same() -> None:
    assert printed(300, 5) == printed(300, 5)
    assert printed(300, 5) != printed(300, 6)


@pytest.mark.parametrize("seed", range(101, 105))
def test_the_default_threshold_keeps_its_bounds(seed: int) -> None:
    evaluation = evaluate(labelled(2000, seed))

    suggested, right = evaluation.at(THRESHOLD)
    assert precision(suggested, right) >= LEAST_PRECISION
    assert right / evaluation.true_pairs >= LEAST_RECALL


def test_the_set_holds_what_makes_matching_hard() -> None:
    made = labelled(2000, 1)

    kinds = {kind for kinds in made.kinds.values() for kind in kinds}
    assert kinds == {
        "none",
        "stranger",
        "no patronymic",
        "Russian patronymic",
        "married name",
        "day and month swapped",
        "slip in the birth date",
        "typing error",
    }
    people = made.people
    families = [(one.born_on, known(one)) for one in people]
    days: dict[object, list[frozenset[object]]] = {}
    for born_on, each in families:
        days.setdefault(born_on, []).append(frozenset(each.names))
    assert any(len(names) > 1 for names in days.values())
    assert len({one.id for one in (*people, *made.records)}) == len(people) + len(made.records)


def test_counting() -> None:
    made = Labelled(truth={b"r": b"p", b"s": b"q"}, kinds={b"r": ("none",), b"s": ("none",)})
    pairs = [Suggested(b"r", b"p", 80, True), Suggested(b"r", b"q", 70, False)]
    evaluation = Evaluation(made, pairs)

    assert (evaluation.true_pairs, evaluation.met()) == (2, 1)
    assert (evaluation.at(70), evaluation.at(71), evaluation.at(81)) == ((2, 1), (1, 1), (0, 0))
    assert evaluation.by_kind(70) == {"none": (2, 1)}
    assert (precision(2, 1), precision(0, 0)) == (0.5, 1.0)
