"""The integrator is killed at random moments while leaves keep coming: one log comes of it."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from datetime import UTC
from hashlib import sha256
from threading import Event as Flag
from threading import Thread

import psycopg

from hub_verify.log import check_log
from hub_verify.note import Key
from ops.audit.checking import check
from tests.integration.audit.logrig import AUDIT_KEY, LogRig, run_alone
from tests.outsiders import Outsider

KILLS = int(os.environ.get("HUB_TEST_KILLS", "12"))
STEP = 150
SEED = int(os.environ.get("HUB_TEST_SEED", "1"))


def test_no_kill_loses_reorders_or_forks_a_leaf(rig: LogRig, outsider: Outsider) -> None:
    chance, seen, over = random.Random(SEED), dict[str, bytes](), Flag()
    context = multiprocessing.get_context("forkserver")  # this process has threads
    context.set_forkserver_preload([run_alone.__module__])
    threads = [Thread(target=feed, args=(rig, over)), Thread(target=watch, args=(rig, seen, over))]
    for thread in threads:
        thread.start()
    killed = 0
    try:
        while killed < KILLS:
            process = context.Process(target=run_alone, args=(rig.dsn, rig.folder))
            before = rig.size()
            process.start()
            if chance.random() < 0.7:  # at work; else while it starts
                wait_for_more(rig, before)
            time.sleep(chance.random() * 0.08)
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            assert process.exitcode == -signal.SIGKILL
            killed += 1
    finally:
        over.set()
        for thread in threads:
            thread.join()
    size = rig.integrate()
    vkey = rig.signer.verifier_key

    found = check_log(rig.folder, Key.parse(vkey), seen)
    check(rig.dsn, rig.folder, vkey, AUDIT_KEY)
    assert found.checkpoint.root == oracle(rig, size)
    assert len(seen) > KILLS / 2
    assert outsider.log(vkey, rig.folder) == ""
    partial = [path.name for path in rig.folder.rglob("*.p") if path.with_suffix("").is_file()]
    assert partial == []


def feed(rig: LogRig, over: Flag) -> None:
    while not over.is_set():
        rig.leave(STEP)


def watch(rig: LogRig, seen: dict[str, bytes], over: Flag) -> None:
    """Keep every checkpoint that anybody could have seen."""
    while not over.is_set():
        if rig.size() >= 0:
            note = rig.checkpoint
            seen[note.decode().split("\n")[1] + sha256(note).hexdigest()] = note
        time.sleep(0.002)


def wait_for_more(rig: LogRig, before: int) -> None:
    deadline = time.monotonic() + 60
    while rig.size() <= before:
        assert time.monotonic() < deadline, "the integrator publishes nothing"
        time.sleep(0.002)


def oracle(rig: LogRig, size: int) -> bytes:
    """Return the root as RFC 6962 defines it, of leaves written by other code than the hub's."""
    with psycopg.connect(rig.dsn) as connection:
        rows = connection.execute(
            "SELECT number, at, kind, body FROM kept.audit_leaves"
            " WHERE number <= %s ORDER BY number",
            [size],
        ).fetchall()
    assert len(rows) == size
    leaves = []
    for number, at, kind, body in rows:
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        leaf = {"v": 1, "number": number, "at": stamp, "kind": kind, "body": body}
        written = json.dumps(leaf, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        leaves.append(written.encode())
    return defined(leaves)


def defined(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1" + defined(leaves[:split]) + defined(leaves[split:])).digest()
