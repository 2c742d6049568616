"""The tree that grows and the tiles that are read agree with the recursive definition."""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_verify.tree import check_consistency, check_inclusion
from projections import merkle
from projections.tlog import layout
from projections.tlog.folder import Folder
from projections.tlog.tiles import MissingTileError, Tiles
from projections.tlog.tree import Edge

LEAVES = [str(n).encode() for n in range(1400)]


def defined(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + defined(leaves[:split]) + defined(leaves[split:])).digest()


def written(root: Path, *sizes: int) -> Edge:
    """Write a log that is published at each size."""
    edge = Edge()
    with closing(Folder(root)) as folder:
        for size in sizes:
            folder.write(edge.append(LEAVES[edge.size : size]))
            folder.write(edge.partials())
            folder.sync()
    return edge


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_a_tree_does_not_depend_on_how_it_grew(steps: list[int]) -> None:
    steps = [one for one in accumulate(steps) if one <= len(LEAVES)] or [1]
    edge, files = Edge(), dict[str, bytes]()
    for size in steps:
        files |= dict(edge.append(LEAVES[edge.size : size]))
    at_once = Edge()

    assert files == dict(at_once.append(LEAVES[: steps[-1]]))
    assert edge == at_once
    assert edge.checkpoint() == (steps[-1], defined(LEAVES[: steps[-1]]))


def test_an_empty_tree() -> None:
    assert Edge().checkpoint() == (0, sha256(b"").digest())
    assert Edge().partials() == []


def test_two_levels_of_full_tiles() -> None:
    """70,000 leaves: the example of the specification."""
    edge = Edge()
    full = dict(edge.append(b"%d" % n for n in range(70_000)))
    partial = dict(edge.partials())

    assert sum(name.startswith("tile/0/") for name in full) == 273
    assert [name for name in full if name.startswith("tile/1/")] == ["tile/1/000"]
    assert list(partial) == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
        "tile/entries/273.p/112",
    ]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 1024, 1400])
def test_proofs_lead_to_the_root_and_the_edge_comes_back(size: int, tmp_path: Path) -> None:
    edge = written(tmp_path, size)
    tiles = Tiles(tmp_path, size)
    root = defined(LEAVES[:size])

    assert tiles.checkpoint_root() == root
    assert tiles.edge() == edge
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        assert tiles.entry(index) == LEAVES[index]
        path = tiles.inclusion(index)
        check_inclusion(merkle.leaf_hash(LEAVES[index]), index, size, path, root)
    for old in {1, 2, 3, 255, 256, size - 1, size} & set(range(1, size + 1)):
        check_consistency((old, defined(LEAVES[:old])), (size, root), tiles.consistency(old))


def test_an_older_tree_is_read_out_of_a_newer_folder(tmp_path: Path) -> None:
    written(tmp_path, 300, 1400)
    tiles = Tiles(tmp_path, 300)

    assert tiles.checkpoint_root() == defined(LEAVES[:300])
    assert tiles.edge() == written(tmp_path / "other", 300)
    with closing(Folder(tmp_path)):  # removes partial tiles whose full one is there
        assert Tiles(tmp_path, 300).checkpoint_root() == defined(LEAVES[:300])


@pytest.mark.parametrize("name", ["tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"])
def test_a_file_that_is_missing_or_cut_is_named(name: str, tmp_path: Path) -> None:
    written(tmp_path, 300)
    for cut in (0, 1, 32):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:cut])
        with pytest.raises(MissingTileError, match=name.partition(".p/")[0]):
            Tiles(tmp_path, 300).edge()
    (tmp_path / name).unlink()
    with pytest.raises(MissingTileError, match=name):
        Tiles(tmp_path, 300).edge()


def test_an_entry_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="65536"):
        layout.bundle([bytes(65_536)])
    assert layout.entries(layout.bundle([bytes(65_535), b""])) == [bytes(65_535), b""]


def test_the_path_in_a_chunk_leads_to_its_root() -> None:
    for size in (1, 2, 3, 7, 8, 100):
        hashes = [merkle.leaf_hash(one) for one in LEAVES[:size]]
        for index in range(size):
            path = merkle.path(hashes, index)
            check_inclusion(hashes[index], index, size, path, merkle.root(LEAVES[:size]))
