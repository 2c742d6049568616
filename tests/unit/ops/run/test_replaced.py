"""A component whose secret was replaced ends, also one that cannot listen any more."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ops.run import replaced

_HANGS = """
import sys, threading, time
from pathlib import Path
from ops.run import replaced
replaced._POLL_SECONDS = replaced._END_SECONDS = 0.01
folder = Path(sys.argv[1])
replaced.end_when_replaced(folder, "worker", threading.Event())
(folder / "kafka_worker").write_text("new")
time.sleep(600)  # a call that has no end
"""


@pytest.mark.parametrize(
    ("component", "name"),
    [
        ("worker", "kafka_worker"),
        ("feeds", "kafka_feeds"),
        ("connector-civil", "kafka_connector-civil"),
        ("issuer", "token_key"),
    ],
)
def test_its_own_secret_ends_it_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, component: str, name: str
) -> None:
    monkeypatch.setattr(replaced, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(replaced, "_END_SECONDS", 600.0)
    (tmp_path / name).write_text("old")
    stop = threading.Event()
    replaced.end_when_replaced(tmp_path, component, stop)

    (tmp_path / "kafka_reader").write_text("new")
    (tmp_path / name).write_text("old")
    assert not stop.wait(0.2)
    (tmp_path / name).unlink()
    assert not stop.wait(0.2), "a missing file is no new secret"
    (tmp_path / name).write_text("new")
    assert stop.wait(20)


def test_one_that_does_not_listen_is_ended(tmp_path: Path) -> None:
    (tmp_path / "kafka_worker").write_text("old")

    ended = subprocess.run([sys.executable, "-c", _HANGS, str(tmp_path)], check=False, timeout=60)

    assert ended.returncode == 3
