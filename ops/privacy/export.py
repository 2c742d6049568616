"""``hub person export``: everything that the hub holds about a person, as one document.

    gather -> leaf of kind read, committed -> the file, whole before it has its name

A crash after the leaf leaves a leaf without a file: too much on record rather than too little.
docs/privacy.md describes the document; its places stand in ``ops.privacy.holdings``.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import psycopg
import typer
from psycopg.rows import dict_row

from ops.identity.asking import Person
from ops.keystore import open_keystore
from ops.operators import login
from ops.privacy.erase import linked_ids
from ops.privacy.feeds import records_in_feeds
from ops.privacy.holdings import HOLDINGS, KEY_HOLDINGS, Holding
from ops.privacy.quarantine import Entry, linked_entries
from ops.settings import Settings
from projections import leaves
from projections.erasures import Linked
from projections.keystore import ERASED, PostgresKeyStore, open_block
from schemas.errors import PermanentError

FORMAT: Final = 1
_CLASS_OF_REASONS: Final = "needs"
Row = dict[str, Any]


def export(
    *,
    file: Annotated[Path, typer.Option("--output", "-o", help="Where to; must not exist.")],
    person: Person = None,
) -> None:
    """Write everything that the hub holds about a person into one JSON file, for that person.

    Facts and reasons in clear, what was erased as {"redacted": true}; who looked and why; what was
    published and to which feeds; entries in quarantine that hold an id or a number of theirs. The
    file is readable by you alone. The PINFL is asked for, or read from standard input. The reading
    is put on record first.

    Examples:
      hub person export -o export.json
      hub person export -o export.json --person 5d1c33f0-8a51-8e02-9b77-3f2f8f0c9d11
      hub person export -o export.json < pinfl.txt
    """
    if file.exists():
        raise PermanentError(f"{file} exists; an export is never written over another file")
    settings = Settings.from_environment()
    with (
        closing(psycopg.connect(settings.hub_dsn, autocommit=True)) as connection,
        closing(open_keystore(settings)) as keystore,
    ):
        found = linked_ids(settings, connection, person)
        document = gather(settings, keystore, found, datetime.now(UTC))
        leaves.leave(connection, "read", _leaf(found, document))
    write(file, document)
    rows = sum(len(document[one.name]) for one in (*HOLDINGS, *KEY_HOLDINGS))
    print(f"{rows:,} rows, {len(document['quarantine'])} entries of quarantine: {file}")


def gather(
    settings: Settings, keystore: PostgresKeyStore, found: Linked, now: datetime
) -> dict[str, Any]:
    """Return the document; reads only.

    Raises:
        TransientError: a server does not answer.
    """
    entries = linked_entries(settings, keystore, found.ids)
    named = {
        "ids": found.ids,
        "texts": [str(one) for one in found.ids],
        "entries": [entry.id for entry in entries],
    }
    document: dict[str, Any] = {
        "format": FORMAT,
        "made_at": now,
        "ids": found.ids,
        "once_taken_for_this_person": found.others,
        "titles": {one.name: one.title for one in (*HOLDINGS, *KEY_HOLDINGS)},
    }
    document |= _rows(settings.hub_dsn, HOLDINGS, named)
    document |= _rows(settings.keys_dsn, KEY_HOLDINGS, named)
    for row in document["keys"]:
        del row["wrapped"]
    _open(document, keystore, set(found.ids))
    document["quarantine"] = [_entry(entry) for entry in entries]
    document["feeds"] = records_in_feeds(settings, found.ids)
    return document


def write(file: Path, document: Mapping[str, Any]) -> None:
    """Write the document; the file is 0600, and whole before it has its name."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(orjson.dumps(document, default=_plain, option=orjson.OPT_INDENT_2))
            out.flush()
            os.fsync(out.fileno())
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)


def _rows(dsn: str, holdings: Sequence[Holding], named: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Read all tables on one snapshot."""
    found = {}
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for one in holdings:
            query = f"SELECT * FROM {one.table} WHERE {one.where}"  # noqa: S608 - constants only
            found[one.name] = connection.execute(query.encode(), named).fetchall()
    return found


def _open(document: dict[str, Any], keystore: PostgresKeyStore, ids: set[UUID]) -> None:
    """Replace the person's own sealed blocks by what is in them, or by a redaction."""
    facts = document["facts"]
    names = {(row["person"].bytes, row["sensitivity"]) for row in facts if row["sensitivity"]}
    names |= {(one.bytes, _CLASS_OF_REASONS) for one in ids}
    keys = keystore.existing(names)

    def opened(row: Row, sensitivity: str, block: bytes) -> object:
        if row["person"] not in ids:
            return {"of_somebody_else": True}
        key = keys.get((row["person"].bytes, sensitivity), ERASED)
        return open_block(key, row["event_id"].bytes, sensitivity, block)

    for row in facts:
        if row["sealed"] is not None:
            row["sealed"] = opened(row, row["sensitivity"], row["sealed"])
    for row in (*document["needs"], *document["need_history"]):
        if row["reason"]:
            row["reason"] = opened(row, _CLASS_OF_REASONS, row["reason"])
        else:
            row["reason"] = {"redacted": True}
    for row in document["sent"]:
        row["body"] = orjson.loads(row["body"])


def _entry(entry: Entry) -> Row:
    return {
        "id": entry.id,
        "source": entry.source,
        "rule": entry.rule,
        "field": entry.field,
        "recorded_at": entry.recorded_at,
        "original": entry.original.decode(errors="backslashreplace"),
    }


def _leaf(found: Linked, document: Mapping[str, Any]) -> dict[str, object]:
    return {
        "what": "export",
        "who": login(),
        "purpose": "data_subject_access",
        "persons": [str(one) for one in found.ids],
        "rows": {one.name: len(document[one.name]) for one in (*HOLDINGS, *KEY_HOLDINGS)},
    }


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    raise TypeError
