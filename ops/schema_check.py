"""``hub schema``: may these schemas be released? Works offline, on the files alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import typer

import schemas
from ops.asyncapi.command import asyncapi
from schemas.catalogue import self_contained
from schemas.compatibility import (
    JsonSchema,
    changed_releases,
    fingerprint,
    forbidden_shapes,
    incompatible_versions,
)

app = typer.Typer(
    help="Check the event schemas, release new ones, describe them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

FOLDER: Final = Path(schemas.__file__).parent / "avro"
_RELEASED: Final = "released.json"


def read(folder: Path) -> tuple[dict[str, JsonSchema], dict[str, str]]:
    """Return the schemas in ``folder`` by file name, and the fingerprints of the released ones."""
    files = {
        path.name: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.avsc"))
    }
    pinned = folder / _RELEASED
    return files, json.loads(pinned.read_text("utf-8")) if pinned.exists() else {}


def findings(folder: Path) -> list[str]:
    """Return everything that forbids a release of the schemas in ``folder``."""
    files, released = read(folder)
    whole = {name: self_contained(schema, files["meta.v1.avsc"]) for name, schema in files.items()}
    shapes = [text for name, schema in whole.items() for text in forbidden_shapes(name, schema)]
    return [*changed_releases(files, released), *incompatible_versions(whole), *shapes]


@app.command()
def check() -> None:
    """Exit 1 if a released schema changed, or versions of an event cannot read each other.

    Examples:
      hub schema check
    """
    found = findings(FOLDER)
    for text in found:
        print(text)
    if found:
        raise typer.Exit(1)
    print(f"{len(read(FOLDER)[0])} schemas: released as they are, every version reads every other")


@app.command()
def release() -> None:
    """Pin schemas that are new; one that was released before is never pinned again.

    Examples:
      hub schema release
    """
    files, released = read(FOLDER)
    new = {name: fingerprint(schema) for name, schema in files.items() if name not in released}
    text = json.dumps(released | new, indent=2, sort_keys=True) + "\n"
    (FOLDER / _RELEASED).write_text(text, "utf-8")
    print(f"{len(new)} schemas released: {', '.join(sorted(new)) or 'none is new'}")


app.command()(asyncapi)
