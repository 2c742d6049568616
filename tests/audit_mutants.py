"""Ways to change a published log, each of which must be noticed.

A mutant is another set of files. ``for_go`` says whether the Go program can notice it, too: it
reads no kept or earlier checkpoints, and x/mod is laxer in how a signature's base64 is written.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from hub_verify.folder import split_entries, split_hashes
from projections import merkle
from projections.tlog import layout
from tests.audit_logs import OTHER, Log, leaf, resigned, signed

Files = dict[str, bytes]


class Mutant(NamedTuple):
    """Something that is not what was published."""

    how: str
    files: Files
    for_go: bool


def log_mutants(log: Log, fork: Log, random: Random) -> Iterator[Mutant]:
    """Give mutants of a log without end; ``fork`` has one other leaf, and the same key."""
    whole = log.files()
    while True:
        change = random.choice(_OF_LOGS)
        files = change(dict(whole), log, fork, random)
        if files is not None and files != whole:
            yield Mutant(change.__name__, files, change not in _NOT_FOR_GO)


def flip(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ random.randrange(1, 256)]) + content[at + 1 :]


def _tile(files: Files, random: Random, level: str | None = None) -> str:
    """Return the name of a tile or bundle that the newest checkpoint needs."""
    needed = [name for name in files if _is_needed(name, files)]
    return random.choice([n for n in needed if level is None or n.startswith(f"tile/{level}/")])


def _is_needed(name: str, files: Files) -> bool:
    return name.startswith("tile/") and _is_newest(name, files)


def _is_newest(name: str, files: Files) -> bool:
    folder, is_partial, width = name.partition(".p/")
    others = [int(n.partition(".p/")[2]) for n in files if n.startswith(f"{folder}.p/")]
    return not is_partial or (int(width) == max(others) and folder not in files)


def _edit(files: Files, name: str, change: Callable[[list[bytes]], None]) -> Files:
    """Change the list of what stands in a tile or bundle."""
    is_bundle = name.startswith("tile/entries/")
    items = (split_entries if is_bundle else split_hashes)(files[name], name)
    change(items)
    return files | {name: layout.bundle(items) if is_bundle else b"".join(items)}


def byte_of_a_tile(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    name = _tile(files, random)
    return files | {name: flip(files[name], random)}


def byte_of_a_bundle(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    name = _tile(files, random, "entries")
    return files | {name: flip(files[name], random)}


def byte_of_the_checkpoint(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    return files | {"checkpoint": flip(files["checkpoint"], random)}


def byte_of_a_kept_checkpoint(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    name = random.choice([n for n in files if n.startswith("checkpoints/")])
    return files | {name: flip(files[name], random)}


def byte_of_an_older_partial(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    older = [n for n in files if n.startswith("tile/") and not _is_newest(n, files)]
    name = random.choice(older)
    return files | {name: flip(files[name], random)}


def truncated(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    name = random.choice([_tile(files, random), "checkpoint"])
    return files | {name: files[name][: random.randrange(len(files[name]))]}


def extended(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    name = random.choice([_tile(files, random), "checkpoint"])
    return files | {name: files[name] + random.randbytes(random.choice((1, 2, 32, 64)))}


def dropped(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    name = random.choice([_tile(files, random), "checkpoint"])
    return {each: content for each, content in files.items() if each != name}


def emptied(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    return files | {_tile(files, random): b""}


def files_swapped(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    one, other = _tile(files, random), _tile(files, random)
    return files | {one: files[other], other: files[one]}


def renamed(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    """Another width, another index, another level, or a name that no tile has."""
    name = _tile(files, random)
    wrong = random.choice((f"{name}0", f"{name}.p/0", name.replace("00", "01", 1), f"{name}.p/1"))
    wrong = wrong if wrong not in files else f"{name}x"
    return {(wrong if n == name else n): content for n, content in files.items()}


def items_swapped(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    def change(items: list[bytes]) -> None:
        one, other = random.randrange(len(items)), random.randrange(len(items))
        items[one], items[other] = items[other], items[one]

    return _edit(files, _tile(files, random), change)


def item_dropped(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    def change(items: list[bytes]) -> None:
        del items[random.randrange(len(items))]

    return _edit(files, _tile(files, random), change)


def item_twice(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    def change(items: list[bytes]) -> None:
        items.insert(0, random.choice(items))

    return _edit(files, _tile(files, random), change)


def item_too_long(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    """A length that says more than there is, up to the longest that can be said."""

    def change(items: list[bytes]) -> None:
        items[random.randrange(len(items))] += bytes(random.choice((1, 255, 60_000)))

    return _edit(files, _tile(files, random, "entries"), change)


def leaf_forged(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    """A leaf is another, and its hash beside it too; the levels above are as they were."""
    index = random.randrange(log.size)
    bundle, tile = (
        next(n for n in files if _is_newest(n, files) and n.startswith(f"tile/{level}/{at}"))
        for level in ("entries", "0")
        for at in [f"{index // 256:03d}"]
    )
    entry = leaf(index + 1, "forged")
    forged = _edit(files, bundle, lambda items: items.__setitem__(index % 256, entry))
    hashed = merkle.leaf_hash(entry)
    return _edit(forged, tile, lambda items: items.__setitem__(index % 256, hashed))


def files_of_the_fork(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    other = fork.files()
    needed = [name for name in files if name == "checkpoint" or _is_needed(name, files)]
    different = [name for name in needed if other[name] != files[name]]
    some = random.sample(different, random.randrange(1, len(different)))
    return files | {name: other[name] for name in some}


def all_of_the_fork(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    """The whole fork, truly signed; only a checkpoint that was seen before tells."""
    return fork.files()


def rolled_back(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    """An older checkpoint, truly signed; the newer one is kept, or was seen."""
    return files | {"checkpoint": log.notes[random.choice([n for n in log.notes if n < log.size])]}


def other_key(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    note = signed(log.size, log.tiles.checkpoint_root(), OTHER)
    return files | {"checkpoint": note}


def other_size(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    size = log.size + random.choice((-200, -1, 1, 60))
    return files | {"checkpoint": signed(size, log.tiles.checkpoint_root())}


def other_root(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    return files | {"checkpoint": signed(log.size, random.randbytes(32))}


def written_otherwise(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    """The same size and root, truly signed, in another spelling."""
    root = b64encode(log.tiles.checkpoint_root())
    size = str(log.size).encode()
    text = random.choice(
        (
            b"hub.test/audit\n0%s\n%s\n" % (size, root),
            b"hub.test/audit\n+%s\n%s\n" % (size, root),
            b"hub.test/audit\n%s\n%s\n" % (size, root[:-1]),
            b"hub.test/audit\r\n%s\r\n%s\r\n" % (size, root),
            b"hub.test/audit\n%s\n%s\nextension\n" % (size, root),
            b"hub.test/other\n%s\n%s\n" % (size, root),
            b"hub.test/audit\n%s\n%s\n\n" % (size, root),
            b"hub.test/audit\n0\n%s\n" % root,
        )
    )
    return files | {"checkpoint": resigned(text)}


def kept_of_the_fork(files: Files, log: Log, fork: Log, random: Random) -> Files | None:
    size = random.choice([n for n in log.notes if log.notes[n] != fork.notes[n]])
    return files | {f"checkpoints/2026-11-22/{size}": fork.notes[size]}


_NOT_FOR_GO = {byte_of_a_kept_checkpoint, byte_of_an_older_partial, all_of_the_fork, rolled_back}
_NOT_FOR_GO |= {kept_of_the_fork, byte_of_the_checkpoint}
_OF_LOGS = (
    byte_of_a_tile,
    byte_of_a_bundle,
    byte_of_the_checkpoint,
    byte_of_a_kept_checkpoint,
    byte_of_an_older_partial,
    truncated,
    extended,
    dropped,
    emptied,
    files_swapped,
    renamed,
    items_swapped,
    item_dropped,
    item_twice,
    item_too_long,
    leaf_forged,
    files_of_the_fork,
    all_of_the_fork,
    rolled_back,
    other_key,
    other_size,
    other_root,
    written_otherwise,
    kept_of_the_fork,
)
