"""``hub worklist``: who needs a visit, for the social workers of a district.

Order of effects: the list is read, and a leaf written for it (with names: one for each row); both
are committed; only then names are opened and anything is shown. A crash in between leaves leaves of
a reading that nobody saw.
"""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from ops.keystore import open_keystore
from ops.settings import Settings
from ops.stats import places
from ops.stats.page import page
from projections.stats import Moment, counting
from projections.stats_figures import UNKNOWN
from projections.worklist import Named, Visit, named, visits
from schemas.errors import PermanentError
from streams.rules.load import load_pack
from streams.rules.pack import RulePack
from streams.rules.texts import languages, text_of

URGENCIES: Final = ("immediate", "soon", "normal")
COLUMNS: Final = ("urgency", "kind", "need", "since", "review_on", "law", "person", "household")
NAMED: Final = ("name", "address")
_OUTPUTS: Final = ("text", "csv", "html")
_LONGEST_PURPOSE: Final = 200
_DIGITS: Final = re.compile(r"\d{7}")
_PACK: Final = "uz"


def worklist(  # noqa: PLR0917 - options
    district: Annotated[str, typer.Option(help="SOATO code of a district or region, or 'unknown'")],
    kind: Annotated[str | None, typer.Option(help="only needs of this kind")] = None,
    urgency: Annotated[str | None, typer.Option(help="immediate, soon or normal")] = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text, csv or html")] = "text",
    file: Annotated[Path | None, typer.Option(help="write here, not to the terminal")] = None,
    limit: Annotated[int, typer.Option(min=1, max=5000, help="so many at most")] = 100,
    lang: Annotated[str, typer.Option(help="uz-Latn, uz-Cyrl, ru or en")] = "uz-Latn",
    with_names: Annotated[bool, typer.Option(help="open names and addresses")] = False,
    purpose: Annotated[str, typer.Option(help="what for; goes on record")] = "",
) -> None:
    """List who needs a visit, the most urgent and oldest need first.

    People appear by their ids. Names and addresses are opened with --with-names and a --purpose,
    and every row is then put on record. Needs that say something about health are listed with a
    --purpose only.

    Examples:
      hub worklist --district 1703202
      hub worklist --district 1703202 --urgency immediate --lang ru
      hub worklist --district 1703202 -o html --file list.html
      hub worklist --district 1703202 --with-names --purpose "visits of March" -o csv
    """
    pack = load_pack(_PACK)
    rules = pack.by_kind()
    _one_of(output, _OUTPUTS, "--output")
    _one_of(urgency, URGENCIES, "--urgency")
    _one_of(kind, tuple(rules), "--kind")
    _one_of(lang, languages(pack), "--lang")
    purpose = _checked(purpose, needed=with_names)
    settings = Settings.from_environment()
    moment = Moment(settings.today, datetime.now(UTC))
    sensitive = [name for name, rule in rules.items() if rule.sensitive]
    if kind in sensitive and not purpose:
        raise typer.BadParameter(
            "this kind says something about health: say what for", param_hint="--purpose"
        )
    leave_out = [] if purpose else sensitive
    with counting(settings.hub_dsn, settings.partitions) as stats:
        if district != UNKNOWN:
            places.check(district, stats.districts(moment))
        found = visits(
            stats,
            moment,
            district=district,
            kind=kind,
            urgency=urgency,
            urgencies=URGENCIES,
            leave_out=leave_out,
            limit=limit,
        )
        sealed = stats.sealed(moment, [v.person for v in found.rows]) if with_names else []
        body = {"who": "hub worklist", "purpose": purpose or "work of the district"}
        stats.leave({"what": "worklist", "district": district, "rows": len(found.rows)} | body)
        if with_names:
            for visit in found.rows:
                stats.leave({"what": "worklist names", "person": str(visit.person)} | body)
    opened = {}
    if with_names:
        with closing(open_keystore(settings)) as keys:
            opened = named(sealed, keys)
    rows = [_row(visit, opened, pack, lang) for visit in found.rows]
    about = {
        "district": f"{district} {places.names().get(district, '')}".strip(),
        "on": moment.on.isoformat(),
        "of": found.of,
        "left_out": bool(leave_out),
        "lang": lang,
    }
    _show(rows, about, output, file, with_names=with_names)


def _one_of(value: str | None, known: tuple[str, ...], option: str) -> None:
    if value is not None and value not in known:
        raise typer.BadParameter(f"one of {', '.join(known)}", param_hint=option)


def _checked(purpose: str, *, needed: bool) -> str:
    """It goes on record for ever, so nothing that looks like a number of a person."""
    purpose = purpose.strip()
    if needed and not purpose:
        raise typer.BadParameter("say what names are opened for", param_hint="--purpose")
    if len(purpose) > _LONGEST_PURPOSE or not purpose.isprintable() or _DIGITS.search(purpose):
        raise typer.BadParameter(
            f"at most {_LONGEST_PURPOSE} printable characters, no run of 7 digits",
            param_hint="--purpose",
        )
    return purpose


def _row(visit: Visit, opened: Mapping[UUID, Named], pack: RulePack, lang: str) -> dict[str, str]:
    rule = pack.by_kind()[visit.kind]
    row = {
        "urgency": text_of(pack, visit.urgency, lang),
        "kind": visit.kind,
        "need": text_of(pack, visit.kind, lang),
        "since": visit.since.isoformat(),
        "review_on": visit.review_on.isoformat() if visit.review_on else "",
        "law": rule.law,
        "person": str(visit.person),
        "household": str(visit.household),
    }
    name = opened.get(visit.person, Named())
    return row | {"name": name.name, "address": name.address}


def _show(
    rows: list[dict[str, str]],
    about: dict[str, Any],
    output: str,
    file: Path | None,
    *,
    with_names: bool,
) -> None:
    columns = (*COLUMNS, *NAMED) if with_names else COLUMNS
    if output == "text" and file is None:
        _text(rows, about, with_names=with_names)
        return
    content = page(rows, about, with_names=with_names)
    if output != "html":
        content = _csv(rows, columns)
    if file is None:
        sys.stdout.write(content)
        return
    # With names in it the file is its owner's alone, from its first byte.
    try:
        with open(file, "w", encoding="utf-8", newline="", opener=_private) as written:
            written.write(content)
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror}") from error
    print(f"hub: {len(rows):,} of {about['of']:,} in {file}", file=sys.stderr)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _csv(rows: list[dict[str, str]], columns: tuple[str, ...]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _text(rows: list[dict[str, str]], about: dict[str, Any], *, with_names: bool) -> None:
    shown: tuple[str, ...] = ("urgency", "since", "need", "review_on", "person", "household")
    shown = (*shown, *NAMED) if with_names else shown
    table = Table(box=None)
    for name in shown:  # half an id is of no use to anybody
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    table.caption = f"{len(rows):,} of {about['of']:,} in {about['district']} on {about['on']}"
    if about["left_out"]:
        table.caption += "; needs that say something about health: with --purpose only"
    table.caption_justify = "left"
    Console().print(table)
