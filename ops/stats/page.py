"""A worklist as one HTML file for A4 paper: no script, nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

import orjson

_STYLE: Final = """
@page { size: A4 landscape; margin: 12mm 10mm 14mm; }
body { font: 10pt/1.35 "DejaVu Sans", "Noto Sans", sans-serif; color: #000; margin: 1rem; }
h1 { font-size: 14pt; margin: 0 0 2mm; } p { margin: 0 0 3mm; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; page-break-inside: avoid; }
th, td { border: 0.3pt solid #666; padding: 1.2mm 1.6mm; text-align: left; vertical-align: top; }
th { background: #eee; }
td.box { width: 7mm; } td.box span { display: block; width: 4mm; height: 4mm; border: 0.6pt solid; }
td.id { font: 7pt monospace; width: 24mm; overflow-wrap: anywhere; }
td.day { white-space: nowrap; } td.note { width: 34mm; }
@media print { body { margin: 0; } th { print-color-adjust: exact; } }
"""


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    """Return the words of the page itself; needs come from the rule pack's catalogue."""
    words: Mapping[str, Mapping[str, str]] = orjson.loads(
        (files("ops") / "stats" / "page_words.json").read_bytes()
    )
    return words


def page(rows: Sequence[Mapping[str, str]], about: Mapping[str, Any], *, with_names: bool) -> str:
    """Return the whole document."""
    words = _words()[about["lang"]]
    names = ["name"] if with_names else []
    columns = ["done", "urgency", "need", "since", "review", *names, "who", "law", "note"]
    head = "".join(f'<th scope="col">{escape(words[column])}</th>' for column in columns)
    body = "\n".join(_line(row, columns) for row in rows)
    left_out = f" {words['left_out']}" if about["left_out"] else ""
    title = f"{words['title']}: {about['district']}"
    count = f"{about['on']} · {len(rows)} {words['of']} {about['of']}.{left_out}"
    return f"""<!DOCTYPE html>
<html lang="{escape(about["lang"])}">
<head>
<meta charset="utf-8">
<meta name="robots" content="noindex">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{escape(count)}</p>
<table>
<thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</body>
</html>
"""


def _line(row: Mapping[str, str], columns: Sequence[str]) -> str:
    cells = {
        "done": '<td class="box"><span></span></td>',
        "urgency": f"<td>{escape(row['urgency'])}</td>",
        "need": f"<td>{escape(row['need'])}</td>",
        "since": f'<td class="day">{escape(row["since"])}</td>',
        "review": f'<td class="day">{escape(row["review_on"])}</td>',
        "name": f"<td>{escape(row['name'])}<br>{escape(row['address'])}</td>",
        "who": f'<td class="id">{escape(row["person"])}<br>{escape(row["household"])}</td>',
        "law": f"<td>{escape(row['law'])}</td>",
        "note": '<td class="note"></td>',
    }
    return "<tr>" + "".join(cells[column] for column in columns) + "</tr>"
