"""``hub person suggest --evaluate``: suggestions scored on an invented population."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.table import Table

from ops.identity.labelled import Labelled, Written, labelled
from streams.matching import THRESHOLD, Known, blocks, likeness, name, ranked, sex_by_name

PEOPLE: Final = 3000
SEED: Final = 20_260_310
THRESHOLDS: Final = (50, 55, 60, 65, 70, 75, 80, 85, 90, 95)
_KEY: Final = bytes(32)  # of invented people


@dataclass(frozen=True, slots=True)
class Suggested:
    """One pair that blocks brought together, as scored."""

    record: bytes
    person: bytes
    score: int
    is_true: bool


@dataclass(slots=True)
class Evaluation:
    """What came of every record."""

    made: Labelled
    pairs: list[Suggested] = field(default_factory=list)

    @property
    def true_pairs(self) -> int:
        return len(self.made.truth)

    def met(self) -> int:
        """Return how many true pairs the blocks brought together."""
        return sum(pair.is_true for pair in self.pairs)

    def at(self, threshold: int) -> tuple[int, int]:
        """Return how many pairs are suggested at a threshold, and how many of them are true."""
        chosen = [pair for pair in self.pairs if pair.score >= threshold]
        return len(chosen), sum(pair.is_true for pair in chosen)

    def by_kind(self, threshold: int) -> dict[str, tuple[int, int]]:
        """Return, by what happened to a record, how many there are and how many were found."""
        found = {pair.record for pair in self.pairs if pair.is_true and pair.score >= threshold}
        total: Counter[str] = Counter()
        right: Counter[str] = Counter()
        for record in self.made.truth:
            for kind in self.made.kinds[record]:
                total[kind] += 1
                right[kind] += record in found
        return {kind: (total[kind], right[kind]) for kind in sorted(total)}


def precision(suggested: int, right: int) -> float:
    """Return the share of what is suggested that is right; 1 if nothing is."""
    return right / suggested if suggested else 1.0


def known(written: Written) -> Known:
    """Return what the matcher learns of one record."""
    shown = sex_by_name(written.surname, written.patronymic)
    return Known(
        written.id,
        frozenset({name(written.surname, written.given, written.patronymic)}),
        frozenset({written.born_on}),
        frozenset(() if written.district is None else (written.district,)),
        frozenset(one for one in (written.sex or shown,) if one),
    )


def evaluate(made: Labelled, tell: Callable[[int], None] = lambda _: None) -> Evaluation:
    """Return the score of every pair that meets in a block; ``tell`` learns of each record done."""
    people = {one.id: known(one) for one in made.people}
    by_block: dict[bytes, list[bytes]] = defaultdict(list)
    for one in people.values():
        for block in blocks(_KEY, one):
            by_block[block].append(one.id)
    evaluation = Evaluation(made)
    for written in made.records:
        record = known(written)
        near = {who for block in blocks(_KEY, record) for who in by_block.get(block, ())}
        for person, like in ranked((who, likeness(record, people[who])) for who in near):
            is_true = made.truth.get(record.id) == person
            evaluation.pairs.append(Suggested(record.id, person, like.score, is_true))
        tell(1)
    return evaluation


def run(console: Console, people: int, seed: int) -> None:
    """Make a population, score it, and print the figures."""
    with console.status("scoring an invented population"):
        evaluation = evaluate(labelled(people, seed))
    made = evaluation.made
    console.print(
        f"{len(made.people)} invented people, {len(made.records)} records without number: "
        f"{evaluation.true_pairs} of one of them, {len(made.records) - evaluation.true_pairs} of "
        f"strangers (seed {seed})",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        f"blocks: {len(evaluation.pairs)} pairs compared, {evaluation.met()} of "
        f"{evaluation.true_pairs} true pairs among them",
        highlight=False,
        soft_wrap=True,
    )
    console.print(_thresholds(evaluation))
    console.print(_kinds(evaluation))


def _thresholds(evaluation: Evaluation) -> Table:
    table = _table("threshold", "suggested", "right", "precision", "recall")
    for threshold in THRESHOLDS:
        suggested, right = evaluation.at(threshold)
        table.add_row(
            f"{threshold}{' *' if threshold == THRESHOLD else ''}",
            str(suggested),
            str(right),
            f"{precision(suggested, right):.3f}",
            f"{right / max(1, evaluation.true_pairs):.3f}",
        )
    return table


def _kinds(evaluation: Evaluation) -> Table:
    table = _table("what happened to the record", "records", "found", "recall")
    for kind, (total, right) in evaluation.by_kind(THRESHOLD).items():
        table.add_row(kind, str(total), str(right), f"{right / total:.3f}")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table
