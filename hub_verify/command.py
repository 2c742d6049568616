"""``hub-verify``: a verdict in words and as exit code.

Exit codes: 0 it verifies; 1 it does not; 2 it could not be tried (usage, a file that is not there).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hub_verify.consistency import check_by_tiles
from hub_verify.log import check_log
from hub_verify.note import Key, open_checkpoint
from hub_verify.proof import Proved, check_proof
from hub_verify.verdict import WrongError

GOOD, WRONG, UNTRIED = 0, 1, 2
_EXAMPLES = """examples:
  hub-verify proof FILE --key KEY             a proof file, offline
  hub-verify log FOLDER --key KEY             a log that was downloaded, entirely
  hub-verify log FOLDER --key KEY --old NOTE  and that it is the log you saw before
  hub-verify consistency OLD NEW --log FOLDER --key KEY

KEY is the log's public key (name+id+key), or a file that holds it. Get it from somebody else than
whoever gave you the log. What a verdict proves and what not: docs/audit.md.
"""


def main() -> NoReturn:
    """Run the command and end with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    given = _parser().parse_args(arguments)
    try:
        key = Key.parse(_key_text(given.key))
        said = {"proof": _proof, "log": _log, "consistency": _consistency}[given.what](given, key)
    except WrongError as error:
        print(_shown(f"WRONG: {error}"))
        return WRONG
    except OSError as error:
        print(f"hub-verify: {error.filename}: {error.strerror}", file=sys.stderr)
        return UNTRIED
    print("\n".join(map(_shown, said)))
    return GOOD


def _shown(line: str) -> str:
    """Return a line that does nothing to a terminal: leaves and names of files may be anybody's."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode()
        for each in line
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hub-verify",
        description="Check the hub's audit log, offline, with nothing of the hub.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    tasks = parser.add_subparsers(dest="what", required=True, metavar="proof|log|consistency")
    proof = tasks.add_parser("proof", help="check a proof file")
    proof.add_argument("file", type=Path, metavar="FILE")
    proof.add_argument("--record", type=Path, help="the record itself, if the proof has its hash")
    proof.add_argument("--offset", type=int, help="the record's offset")
    log = tasks.add_parser("log", help="check a folder that holds a whole log")
    log.add_argument("folder", type=Path, metavar="FOLDER")
    log.add_argument(
        "--old", type=Path, action="append", default=[], help="a checkpoint seen before"
    )
    both = tasks.add_parser("consistency", help="check that a log has only grown")
    both.add_argument("old", type=Path, metavar="OLD")
    both.add_argument("new", type=Path, metavar="NEW")
    both.add_argument("--log", type=Path, required=True, help="the folder that holds its tiles")
    for each in (proof, log, both):
        each.add_argument("--key", required=True, help="the log's public key, or a file with it")
    return parser


def _key_text(given: str) -> str:
    if "+" in given:
        return given
    try:
        return Path(given).read_text("utf-8")
    except UnicodeDecodeError:
        raise WrongError("the file of the key holds no text") from None


def _proof(given: argparse.Namespace, key: Key) -> list[str]:
    if (given.record is None) != (given.offset is None):
        raise WrongError("a record is checked with its offset: give both")
    record = None if given.record is None else (given.offset, given.record.read_bytes())
    return _describe(check_proof(given.file.read_bytes(), key, record), key)


def _describe(proved: Proved, key: Key) -> list[str]:
    leaf, record = proved.leaf, proved.record
    lines = [
        f"GOOD: leaf {leaf.number} is in the log {key.name} of {proved.checkpoint.size} leaves",
        f"  at    {leaf.at}",
        f"  kind  {leaf.kind}",
        *(
            f"  {name}: {json.dumps(value, ensure_ascii=False)}"
            for name, value in leaf.body.items()
        ),
    ]
    if record is not None:
        lines.append(f"  and in its chunk the record with the hash {record.hash.hex()}")
    if record is not None and record.value is not None:
        lines.append(
            f"  at offset {record.offset}, {len(record.value)} bytes, event {record.event}"
        )
    return lines


def _log(given: argparse.Namespace, key: Key) -> list[str]:
    old = {str(path): path.read_bytes() for path in given.old}
    if not given.folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(given.folder))
    found = check_log(given.folder, key, old, _progress if sys.stderr.isatty() else None)
    lines = [
        f"GOOD: every entry and tile of the log {key.name} is as its checkpoint says",
        f"  {found.checkpoint.size} leaves, root {found.checkpoint.root.hex()}",
        f"  {found.kept} earlier checkpoints are of the same log",
    ]
    if found.beyond:
        lines.append(
            f"  not checked: {len(found.beyond)} files that the checkpoint says nothing of"
        )
    return lines


def _progress(done: int, of: int) -> None:
    end = "\n" if done == of else ""
    print(f"\r{done:,} of {of:,} leaves{end}", end="", file=sys.stderr, flush=True)


def _consistency(given: argparse.Namespace, key: Key) -> list[str]:
    old = open_checkpoint(given.old.read_bytes(), key)
    new = open_checkpoint(given.new.read_bytes(), key)
    check_by_tiles(given.log, old, new)
    return [
        f"GOOD: the log {key.name} grew from {old.size} to {new.size} leaves and changed nothing"
    ]
