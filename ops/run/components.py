"""Which components there are, how each is started, and what is known of them afterwards."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.settings import Settings
from ops.stack.launch import Launch
from ops.stack.stack import COMPONENT_STATES, SUPERVISOR, Say, Stack, launch
from schemas.errors import PermanentError

CONNECTORS = ("civil", "tax", "health", "needs", "operator")
VERSION = "0.1.0"
_PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Component:
    """One process of the hub: ``hub run`` with these arguments."""

    name: str
    arguments: tuple[str, ...]
    port: int = 0  # 0 = does not listen


def components(settings: Settings, workers: int) -> tuple[Component, ...]:
    """Return every component of ``hub up --all``, in the order in which they are started."""
    return (
        Component("sequencer", ("sequencer",)),
        Component("integrator", ("integrator",)),
        *(Component(f"worker-{n}", ("worker",)) for n in range(1, workers + 1)),
        Component("assessor", ("assessor",)),
        Component("clock", ("clock",)),
        *(Component(f"connector-{name}", ("connector", name)) for name in CONNECTORS),
        Component("feeds", ("feeds",)),
        Component("schemas", ("schemas",), settings.port("schemas")),
        Component("issuer", ("issuer",), settings.port("issuer")),
        Component("api", ("api",), settings.port("api")),
    )


def start(stack: Stack, workers: int, say: Say) -> None:
    """Start the supervisor, which starts the components; adopt one that runs.

    Raises:
        PermanentError: one runs already, with another number of workers.
    """
    command = [sys.executable, "-m", "ops.run.supervise", str(workers)]
    with stack.locked():
        record = stack.record(SUPERVISOR)
        if record is None:
            say(f"starting the components, {workers} workers")
            launch(launch_of(stack, SUPERVISOR, command))
        elif record.command[-1] != command[-1]:
            raise PermanentError(
                f"the components run already, with {record.command[-1]} workers and not "
                f"{workers}; run `hub down` first to change that"
            )
        else:
            say(f"the components run already, supervisor is process {record.pid}")


def launch_component(stack: Stack, component: Component) -> None:
    """Start one component; its record exists on return."""
    error_path(stack.settings, component.name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "ops.cli", "run", *component.arguments]
    launch(launch_of(stack, component.name, command, component.port))


def launch_of(stack: Stack, name: str, command: list[str], port: int = 0) -> Launch:
    """Return how to start one of our own processes."""
    own = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(Path.home()), "TZ": "UTC"}
    place = {"PYTHONPATH": str(_PROJECT), "HUB_COMPONENT": name}
    return Launch(
        name=name,
        command=command,
        folder=str(_PROJECT),
        log=str(stack.log_path(name)),
        record=str(stack.record_path(name)),
        port=port,
        version=VERSION,
        environment=own | place | stack.settings.as_environment(),
    )


def error_path(settings: Settings, name: str) -> Path:
    """Return where a component leaves its last words."""
    return settings.home / "run" / f"{name}.error"


def write_error(settings: Settings, name: str, exit_code: int, text: str) -> None:
    """Leave the last words of a component for the supervisor and ``hub status``."""
    path = error_path(settings, name)
    if path.parent.is_dir():
        write_json(path, {"exit_code": exit_code, "error": text})


def last_error(settings: Settings, name: str) -> str:
    """Return the last words of a component that ended."""
    try:
        words = json.loads(error_path(settings, name).read_text(encoding="utf-8"))
        return f"exit {words['exit_code']}: {words['error']}"
    except (FileNotFoundError, ValueError, KeyError):
        return "ended without a word: killed, or see its log"


def state_path(settings: Settings) -> Path:
    """Return where the supervisor reports."""
    return settings.home / "run" / COMPONENT_STATES


def read_states(settings: Settings) -> dict[str, dict[str, object]]:
    """Return what the supervisor last reported of each component; none without a report."""
    try:
        states: dict[str, dict[str, object]] = json.loads(
            state_path(settings).read_text(encoding="utf-8")
        )
    except (FileNotFoundError, ValueError):
        return {}
    return states


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Replace a file as a whole."""
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
