"""Ways to change a proof, each of which must be noticed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import orjson

from tests.audit_logs import RECORDS, Log
from tests.audit_mutants import flip


class ProofMutant(NamedTuple):
    """A file that is no proof the hub wrote."""

    how: str
    proof: bytes
    for_go: bool  # x/mod is laxer in how a signature's base64 is written


def proof_mutants(log: Log, random: Random) -> Iterator[ProofMutant]:
    """Give mutants of proofs without end."""
    while True:
        proof, other = _some_proof(log, random), _some_proof(log, random)
        change = random.choice(_OF_PROOFS)
        mutant = change(proof, other, random)
        if mutant not in (proof, other):
            yield ProofMutant(change.__name__, mutant, change is not byte_of_the_note)


def _some_proof(log: Log, random: Random) -> bytes:
    if random.random() < 0.5:
        return log.proof(random.randrange(log.size))
    index = random.randrange(log.size // 7) * 7 + 6
    return log.proof(index, random.choice(list(RECORDS)), with_value=random.random() < 0.5)


def byte_of_the_head(proof: bytes, other: bytes, random: Random) -> bytes:
    head, blank, note = proof.partition(b"\n\n")
    return flip(head, random) + blank + note


def byte_of_the_note(proof: bytes, other: bytes, random: Random) -> bytes:
    head, blank, note = proof.partition(b"\n\n")
    return head + blank + flip(note, random)


def cut(proof: bytes, other: bytes, random: Random) -> bytes:
    return proof[: random.randrange(len(proof))]


def longer(proof: bytes, other: bytes, random: Random) -> bytes:
    return proof + random.choice((b"\n", b"x", b"\r\n", b"\0"))


def line_dropped(proof: bytes, other: bytes, random: Random) -> bytes:
    lines = proof.split(b"\n")
    del lines[random.randrange(len(lines))]
    return b"\n".join(lines)


def line_twice(proof: bytes, other: bytes, random: Random) -> bytes:
    head, blank, note = proof.partition(b"\n\n")
    lines = head.split(b"\n")
    lines.insert(random.randrange(len(lines)), random.choice(lines))
    return b"\n".join(lines) + blank + note


def lines_swapped(proof: bytes, other: bytes, random: Random) -> bytes:
    lines = proof.split(b"\n")
    one, two = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


def line_of_another(proof: bytes, other: bytes, random: Random) -> bytes:
    lines, others = proof.split(b"\n"), other.split(b"\n")
    at = random.randrange(1, min(lines.index(b""), others.index(b"")))
    return b"\n".join([*lines[:at], others[at], *lines[at + 1 :]])


def crlf(proof: bytes, other: bytes, random: Random) -> bytes:
    return proof.replace(b"\n", b"\r\n")


def other_index(proof: bytes, other: bytes, random: Random) -> bytes:
    lines = proof.split(b"\n")
    index = int(lines[2].split()[1])
    wrong = (index ^ 1 << random.randrange(10), index + 10**6, f"0{index}", f"+{index}", -1)
    lines[2] = f"index {random.choice(wrong)}".encode()
    return b"\n".join(lines)


def extra_changed(proof: bytes, other: bytes, random: Random) -> bytes:
    """The leaf or the record's place says something else, properly written."""
    lines = proof.split(b"\n")
    extra = orjson.loads(b64decode(lines[1].removeprefix(b"extra ")))
    record = extra.get("record")
    if record is None or random.random() < 0.3:
        extra["leaf"] = random.choice(
            (extra["leaf"] + " ", extra["leaf"].replace('"v":1', '"v":2'))
        )
    else:
        name = random.choice(sorted(record))
        record[name] = _other(record[name], random)
    lines[1] = b"extra " + b64encode(orjson.dumps(extra, option=orjson.OPT_SORT_KEYS))
    return b"\n".join(lines)


def extra_written_otherwise(proof: bytes, other: bytes, random: Random) -> bytes:
    lines = proof.split(b"\n")
    extra = orjson.loads(b64decode(lines[1].removeprefix(b"extra ")))
    text = random.choice(
        (
            orjson.dumps(extra, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2),
            orjson.dumps(extra, option=orjson.OPT_SORT_KEYS) + b"\n",
            orjson.dumps(dict(sorted(extra.items(), reverse=True))),
            orjson.dumps(extra | {"more": 1}, option=orjson.OPT_SORT_KEYS),
            orjson.dumps(extra | {"v": 2}, option=orjson.OPT_SORT_KEYS),
            orjson.dumps(extra | {"v": True}, option=orjson.OPT_SORT_KEYS),
        )
    )
    lines[1] = b"extra " + b64encode(text)
    return b"\n".join(lines)


def _other(value: object, random: Random) -> object:
    if isinstance(value, int):
        return value + random.choice((-1, 1, 2, 100))
    if isinstance(value, list):
        return random.choice((value[1:], [*value, "00" * 32], [*value[::-1], value[0]]))
    text = str(value)
    at = random.randrange(len(text))
    return text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :]


_OF_PROOFS = (
    byte_of_the_head,
    byte_of_the_note,
    cut,
    longer,
    line_dropped,
    line_twice,
    lines_swapped,
    line_of_another,
    crlf,
    other_index,
    extra_changed,
    extra_written_otherwise,
)
