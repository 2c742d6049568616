"""``hub schema asyncapi``: write the AsyncAPI document, or its page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.settings import Settings
from schemas.errors import PermanentError, TransientError


def asyncapi(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file, not to the screen.")
    ] = None,
    agency: Annotated[
        str | None, typer.Option(help="Only this agency's feed, as its rights are now.")
    ] = None,
    page: Annotated[bool, typer.Option("--page", help="The page for people, in HTML.")] = False,
) -> None:
    """Write the AsyncAPI 3.0 document of all topics, messages and feeds.

    Examples:
      hub schema asyncapi -o docs/asyncapi.json
      hub schema asyncapi --page -o docs/asyncapi.html
      hub schema asyncapi --agency social-fund
    """
    if page and agency:
        raise typer.BadParameter("the page is of everything", param_hint="--page")
    if page:
        text = whole_page()
    else:
        text = as_text(of_agency(Settings.from_environment(), agency) if agency else whole())
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        typer.echo(f"{output}: {len(text.encode()) // 1024} KiB")


def whole() -> dict[str, Any]:
    """Return the document of everything, as an installation with default settings has it."""
    from ops.asyncapi.document import document  # noqa: PLC0415 - `hub schema check` needs it not

    defaults = Settings(home=Path(), cache=Path())
    return document(version("registry-hub"), defaults.partitions)


def whole_page() -> str:
    """Return the page of everything."""
    from ops.asyncapi.page import page  # noqa: PLC0415

    return page(version("registry-hub"))


def as_text(document: dict[str, Any]) -> str:
    """Return a document as it is written to a file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def of_agency(settings: Settings, agency: str) -> dict[str, Any]:
    """Return the document of one agency: what its grants cover at this moment.

    Raises:
        PermanentError: there is no such agency.
        TransientError: the database does not answer.
    """
    import psycopg  # noqa: PLC0415

    from ops.asyncapi.document import agency_document  # noqa: PLC0415
    from ops.asyncapi.feeds import feed_messages  # noqa: PLC0415
    from projections.agencies import grants_of  # noqa: PLC0415
    from schemas.rights import Access, decide, load_policy  # noqa: PLC0415

    policy, now = load_policy(), datetime.now(UTC)
    try:
        with psycopg.connect(settings.hub_dsn, connect_timeout=5) as connection:
            grants = grants_of(connection, agency)
    except psycopg.OperationalError as error:
        raise TransientError("the hub's database does not answer; see `hub status`") from error
    if not grants.is_known:
        raise PermanentError(f"no agency {agency}: see `hub agency list`")
    fields: set[str] = set()
    for grant in grants:
        region = min(grant.regions) if grant.regions else None
        access = Access(agency, grant.purpose, grant.basis, "subscribe", region)
        if (decision := decide(policy, grants, access, now)).allowed:
            fields |= {f for f in decision.fields if f.rpartition(".")[0] in decision.event_types}
    sent = feed_messages(
        agency, lambda name: frozenset(f for f in fields if f.rpartition(".")[0] == name)
    )
    return agency_document(version("registry-hub"), agency, sent)
