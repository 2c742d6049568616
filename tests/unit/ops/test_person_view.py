"""How an answer about a person reads."""

from __future__ import annotations

import io

from rich.console import Console

from ops.person_view import render


def test_what_is_unknown_does_not_read_as_a_fact() -> None:
    unknown = [{"kind": "child_benefit", "conditions": ["income_reported"]}]
    evidence = {"event_id": "1" * 36, "states": "birth", "registry": "civil"}
    evidence |= {"recorded_at": "2026-01-01T00:00:00", "topic": "registry.civil.events.v1"}
    answer: dict[str, object] = {
        "person": "p",
        "household": None,
        "needs": [],
        "unknown": unknown,
        "freshness": {},
    }
    console = Console(file=io.StringIO(), width=80)

    render(answer | {"evidence": [evidence | {"partition": 3, "offset": 987654}]}, console)

    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "child benefit cannot be said; not known: income reported" in shown
    assert "…" not in shown  # the place in Kafka, whole
