"""Small counts are not published, and cannot be computed from what is. Pure.

A table counts people by place (a tree: country, region, district) and by the values of one
further dimension (age, outcome, paid or not). A *cell* is a place of any level with a value or
with ``ALL``.

1. A count below ``k`` is hidden, zero too: that nobody of a group has something says it of each
   of them. A mark does not say whether a count is small, or hidden for a neighbour's sake.
2. ``hide_totals``: under a place that is shown, the hidden places are none, or two or more that
   hold ``k`` people together. What lies within a hidden place is hidden with it. So each hidden
   total can be anything from zero to that sum: all that it holds may as well live in another.
3. ``hide_split``: a table of a tree by one flat dimension is a circulation: each cell is an arc
   that carries its count, and at each sum as much leaves as arrives. What is shown is fixed; a
   hidden cell can rise or fall by just what can be sent round through the other hidden ones.
   Each must be able to move by ``k``; if not, the cheapest further cells are hidden.

Totals that are shown stay fixed in step 3. So several dimensions may split the same totals, each
on its own (age, and paid or not): for any movement within one there is a table of people that
leaves the others as they are. docs/planning.md has the argument and its limits; the tests attack
the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Final, NamedTuple

ALL: Final = "all"  # the whole country; of a dimension: its total
K: Final = 10

Cell = tuple[str, str]  # place, value
Counts = Mapping[Cell, int]  # of leaves and single values; what is absent is zero
Parents = Mapping[str, str]  # each place but ALL -> the place that it lies in
_Node = tuple[str, str]

_UNBOUNDED: Final = 1 << 62
_LEAF: Final = "\0leaf"
_SOURCE: Final = ("\0source", "")


class _Arc(NamedTuple):
    cell: Cell
    tail: _Node
    head: _Node


def publish(
    parents: Parents, counts: Counts, values: Sequence[str], *, k: int = K
) -> dict[Cell, int | None]:
    """Return every cell of one table: its count, or None where it is hidden."""
    filled = fill(parents, counts, values)
    hidden_places = hide_totals(
        parents, {place: filled[place, ALL] for place in places(parents)}, k
    )
    hidden = {(place, ALL) for place in hidden_places}
    hidden |= hide_split(parents, filled, hidden_places, k)
    return {cell: None if cell in hidden else count for cell, count in filled.items()}


def fill(parents: Parents, counts: Counts, values: Sequence[str]) -> dict[Cell, int]:
    """Return every cell with its count: each place, inner ones too, by each value and ``ALL``.

    Only *possible* values belong in ``values``: a cell that must be zero by law hides nothing.
    """
    filled = {(place, value): 0 for place in places(parents) for value in (*values, ALL)}
    for (place, value), count in counts.items():
        for each in _upwards(parents, place):
            filled[each, value] += count
            filled[each, ALL] += count
    return filled


def places(parents: Parents) -> list[str]:
    """Return every place, the whole first."""
    return [ALL, *parents]


def totals(parents: Parents, filled: Mapping[Cell, int]) -> dict[str, int]:
    """Return how many people each place holds."""
    return {place: filled[place, ALL] for place in places(parents)}


def hide_totals(parents: Parents, people: Mapping[str, int], k: int = K) -> frozenset[str]:
    """Return the places whose total is hidden; with a place all that lies in it."""
    children = _children(parents)
    if people[ALL] < k:
        return frozenset(places(parents))
    hidden: set[str] = set()
    waiting = [ALL]
    while waiting:
        place = waiting.pop()
        inside = sorted(children[place], key=lambda child: (people[child], child))
        gone, held = 0, 0  # places hidden under this one; one alone never holds k
        for child in inside:  # the smallest first
            if people[child] >= k and (held >= k or not gone):
                waiting.append(child)
                continue
            gone, held = gone + 1, held + people[child]
            hidden |= _within(children, child)
    return frozenset(hidden)


def hide_split(
    parents: Parents, filled: Mapping[Cell, int], hidden_places: frozenset[str], k: int = K
) -> frozenset[Cell]:
    """Return the cells with a value of the dimension that are hidden, given the hidden totals."""
    network = _Network(parents, filled, k)
    waiting = []
    for arc in network.arcs:
        (place, value), count = arc.cell, filled[arc.cell]
        if place in hidden_places or (value != ALL and count < k):
            network.hide(arc)
            waiting.append(arc)
    while waiting:  # more hidden cells never take room from those before them
        waiting += network.protect(waiting.pop())
    return frozenset(cell for cell in network.hidden if cell[1] != ALL)


class _Network:
    """The circulation of one table. Room for movement is sought by augmenting paths."""

    def __init__(self, parents: Parents, filled: Mapping[Cell, int], k: int) -> None:
        inner = set(parents.values())
        self.counts = filled
        self.k = k
        self.hidden: set[Cell] = set()
        self.open: defaultdict[_Node, list[tuple[_Arc, int]]] = defaultdict(list)  # hidden, of `at`
        self.arcs = [_arc(cell, parents, inner) for cell in filled]
        # At each node: what leaves it (+1: the count may rise) and arrives (-1: it may fall).
        self.at: defaultdict[_Node, list[tuple[_Arc, int]]] = defaultdict(list)
        for arc in self.arcs:
            self.at[arc.tail].append((arc, 1))
            self.at[arc.head].append((arc, -1))

    def hide(self, arc: _Arc) -> None:
        """Hide the cell, so that others can move through it."""
        self.hidden.add(arc.cell)
        self.open[arc.tail].append((arc, 1))
        self.open[arc.head].append((arc, -1))

    def protect(self, arc: _Arc) -> list[_Arc]:
        """Hide what lets the cell move by ``k``; return what was hidden for it."""
        room = self._push(arc, 1, self.k, {}, may_hide=False)[0]
        if room < self.k:
            room += self._push(arc, -1, self.k - room, {}, may_hide=False)[0]
        if room >= self.k:
            return []
        up, fresh = self._push(arc, 1, self.k, {}, may_hide=True)
        if up < self.k:
            fresh += self._push(arc, -1, self.k - up, {}, may_hide=True)[1]
        return fresh

    def _push(
        self, arc: _Arc, sign: int, wanted: int, moved: dict[Cell, int], *, may_hide: bool
    ) -> tuple[int, list[_Arc]]:
        """Let the cell rise (fall) by up to ``wanted``; return how far it got, and what it hid."""
        start, end = (arc.head, arc.tail) if sign > 0 else (arc.tail, arc.head)
        if sign < 0:
            wanted = min(wanted, self.counts[arc.cell])
        pushed, fresh = 0, []
        while pushed < wanted:
            find = self._cheapest if may_hide else self._open_path
            path = find(start, end, arc.cell, moved)
            if path is None:
                break
            amount = min(wanted - pushed, *(self._room(step, moved) for step in path))
            for step, direction in path:
                moved[step.cell] = moved.get(step.cell, 0) + direction * amount
                if step.cell not in self.hidden:
                    self.hide(step)
                    fresh.append(step)
            pushed += amount
        return pushed, fresh

    def _room(self, step: tuple[_Arc, int], moved: Mapping[Cell, int]) -> int:
        arc, direction = step
        if direction > 0:
            return _UNBOUNDED
        return self.counts[arc.cell] + moved.get(arc.cell, 0)

    def _open_path(
        self, start: _Node, end: _Node, but: Cell, moved: Mapping[Cell, int]
    ) -> list[tuple[_Arc, int]] | None:
        """Return any way that hides nothing, or None. How much gets through depends on no choice.

        Depth first: in a table of small counts nearly all is open, and a search in all directions
        would look at most of it each time.
        """
        came: dict[_Node, tuple[_Node, tuple[_Arc, int]]] = {}
        seen, waiting = {start}, [start]
        while waiting:
            node = waiting.pop()
            if node == end:
                return _back(came, start, end)
            for step in self.open[node]:
                arc, direction = step
                following = arc.head if direction > 0 else arc.tail
                if following in seen or arc.cell == but or self._room(step, moved) == 0:
                    continue
                seen.add(following)
                came[following] = (node, step)
                waiting.append(following)
        return None

    def _cheapest(
        self, start: _Node, end: _Node, but: Cell, moved: Mapping[Cell, int]
    ) -> list[tuple[_Arc, int]] | None:
        """Return the way that hides the least (Dijkstra), or None."""
        best: dict[_Node, int] = {start: 0}
        came: dict[_Node, tuple[_Node, tuple[_Arc, int]]] = {}
        queue: list[tuple[int, _Node]] = [(0, start)]
        while queue:
            cost, node = heappop(queue)
            if node == end:
                return _back(came, start, end)
            if cost > best[node]:
                continue
            for step in self.at[node]:
                arc, direction = step
                price = self._price(arc.cell)
                if price is None or arc.cell == but or self._room(step, moved) == 0:
                    continue
                following = arc.head if direction > 0 else arc.tail
                if cost + price < best.get(following, _UNBOUNDED):
                    best[following] = cost + price
                    came[following] = (node, step)
                    heappush(queue, (cost + price, following))
        return None

    def _price(self, cell: Cell) -> int | None:
        if cell in self.hidden:
            return 0
        return 1 + self.counts[cell] if cell[1] != ALL else None


def _arc(cell: Cell, parents: Parents, inner: set[str]) -> _Arc:
    """From the whole down to the leaves by value, and back up by their totals."""
    place, value = cell
    above = (parents[place], value) if place in parents else _SOURCE
    below = (place, value) if place in inner else (_LEAF, place)
    return _Arc(cell, below, above) if value == ALL else _Arc(cell, above, below)


def _back(
    came: Mapping[_Node, tuple[_Node, tuple[_Arc, int]]], start: _Node, end: _Node
) -> list[tuple[_Arc, int]]:
    path, node = [], end
    while node != start:
        node, step = came[node]
        path.append(step)
    return path


def _children(parents: Parents) -> defaultdict[str, list[str]]:
    children: defaultdict[str, list[str]] = defaultdict(list)
    for place, parent in parents.items():
        children[parent].append(place)
    return children


def _within(children: Mapping[str, Iterable[str]], place: str) -> set[str]:
    found, waiting = set(), [place]
    while waiting:
        found.add(each := waiting.pop())
        waiting += children.get(each, ())
    return found


def _upwards(parents: Parents, place: str) -> Iterator[str]:
    yield place
    while place in parents:
        place = parents[place]
        yield place
