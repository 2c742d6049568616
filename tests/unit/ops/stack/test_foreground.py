"""One component in the foreground: a signal ends it, and its last words are kept."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops import cli
from ops.run import command
from ops.run.components import CONNECTORS, components, last_error
from ops.settings import Settings
from schemas.errors import PermanentError, TransientError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    monkeypatch.setenv("HUB_COMPONENT", "worker-1")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    root = logging.getLogger()
    logs, level = root.handlers[:], root.level
    yield Settings.from_environment()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    root.handlers[:] = logs
    root.setLevel(level)


def runs(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    def load(target: str) -> Any:
        # That it began is not put on record here.
        return (lambda *_: None) if target.endswith(":put_on_record") else run

    monkeypatch.setattr(command, "load", load)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_the_component_to_end(
    home: Settings, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    heard = []

    def run(settings: Settings, stop: threading.Event) -> None:
        os.kill(os.getpid(), number)
        heard.append((settings, stop.wait(5)))

    runs(monkeypatch, run)
    command.foreground("worker", "any:run")

    assert heard == [(home, True)]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (PermanentError("slot lost"), 4, "exit 4: slot lost"),
        (TransientError("Kafka is silent"), 3, "exit 3: Kafka is silent"),
        (ValueError("Karimov"), 70, "exit 70: ValueError at"),
    ],
)
def test_the_last_words_are_kept_without_values(
    home: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: str
) -> None:
    def run(settings: Settings, stop: threading.Event) -> None:
        raise error

    runs(monkeypatch, run)

    assert cli.guarded(lambda: command.foreground("worker", "any:run")) == code
    assert last_error(home, "worker-1").startswith(words)
    assert "Karimov" not in last_error(home, "worker-1")


def test_a_connector_gets_its_name(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    runs(monkeypatch, lambda settings, name, stop: called.append(name))

    command.connector("tax")

    assert called == ["tax"]
    with pytest.raises(PermanentError, match="there are civil"):
        command.connector("police")


def test_everything_is_supervised_once(home: Settings) -> None:
    names = [component.name for component in components(home, workers=3)]

    assert len(names) == len(set(names))
    assert {f"worker-{n}" for n in (1, 2, 3)} | {"assessor", "sequencer", "api"} <= set(names)
    assert {f"connector-{name}" for name in CONNECTORS} <= set(names)
