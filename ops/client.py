"""``hub client``: the programs of agencies that may ask for tokens. A secret is shown once."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import orjson
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from ops.operators import login
from ops.settings import Settings
from projections import agencies
from schemas.errors import PermanentError

app = typer.Typer(
    help="Programs of agencies that may ask the query API.",
    epilog="docs/api.md shows how a program gets its token.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
SECRET_BYTES: Final = 32
_NAME: Final = re.compile("[a-z][a-z0-9-]{1,62}")

Name = Annotated[str, typer.Argument(help="The client's name: letters, digits, hyphens.")]


@app.command()
def add(
    name: Name,
    agency: Annotated[str, typer.Option("--agency", help="Whose program it is.")],
    secret_file: Annotated[
        Path | None,
        typer.Option("--secret-file", help="Write the secret here, 0600, and print nothing."),
    ] = None,
) -> None:
    """Let a program of an agency ask, and give it a secret: 32 random bytes, shown this once.

    The hub keeps the secret's SHA-256 only. With --secret-file the same command again finds what
    it has done and changes nothing; without it a client that is there is refused.

    Examples:
      hub client add benefits-desk --agency social-agency
      hub client add benefits-desk --agency social-agency --secret-file desk.secret
    """
    if not _NAME.fullmatch(name):
        raise typer.BadParameter("letters, digits and hyphens", param_hint="NAME")
    settings = Settings.from_environment()
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        known = agencies.client(connection, name)
        if secret_file is None and known is not None:
            raise PermanentError(f"there is or was a client {name}; take another name")
        secret = _new_secret() if secret_file is None else _secret_in(secret_file)
        digest = hashlib.sha256(secret.encode()).digest()
        now = datetime.now(UTC)
        agencies.add_client(connection, name, agency, digest, now=now, who=login())
    if secret_file is None:
        print(secret)
        print(f"hub: {name} is a client of {agency}; this is its secret", file=sys.stderr)
    else:
        print(f"hub: {name} is a client of {agency}; its secret is in {secret_file}")


@app.command("list")
def list_(
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """List every client there ever was.

    Examples:
      hub client list
      hub client list -o json
    """
    if output not in {"text", "json"}:
        raise typer.BadParameter("text or json", param_hint="--output")
    settings = Settings.from_environment()
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        found = agencies.clients(connection)
    if output == "json":
        rows = [
            {
                "client": one.client_id,
                "agency": one.agency,
                "created_at": one.created_at,
                "revoked_at": one.revoked_at,
            }
            for one in found
        ]
        print(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("client", "agency", "since", "revoked"):
        table.add_column(column)
    for one in found:
        ended = f"{one.revoked_at:%Y-%m-%d %H:%M}" if one.revoked_at else ""
        table.add_row(one.client_id, one.agency, f"{one.created_at:%Y-%m-%d %H:%M}", ended)
    Console(soft_wrap=True).print(table)


@app.command()
def revoke(name: Name) -> None:
    """End a program's access; its tokens count no more, from its next request on.

    Examples:
      hub client revoke benefits-desk
    """
    settings = Settings.from_environment()
    with closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection:
        agencies.revoke_client(connection, name, now=datetime.now(UTC), who=login())
    print(f"hub: {name} may not ask any more")


def _new_secret() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=")


def _secret_in(path: Path) -> str:
    """Return the secret in a file; a new one is complete there before anything else knows it.

    A crash after this leaves a secret that nobody has added: the same command goes on with it.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_text(encoding="ascii").strip()
        if len(secret) != len(_new_secret()):
            raise PermanentError(f"{path} is there, and holds no secret of ours") from None
        return secret
    secret = _new_secret()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret
