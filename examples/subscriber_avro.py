"""Decode what a feed carries, with the schemas of the hub's schema gateway."""

from __future__ import annotations

import base64
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import cache
from typing import Any

import fastavro
from subscriber_store import Feed, SchemasError


def decoder(feed: Feed) -> Callable[[bytes], dict[str, Any]]:
    """Return what decodes a value: a zero byte, the schema id (4 bytes), then Avro."""
    pair = base64.b64encode(f"{feed.user}:{feed.password}".encode()).decode()

    @cache  # a schema id means the same for ever
    def schema(number: int) -> Any:
        request = urllib.request.Request(
            f"{feed.schemas_url}/schemas/ids/{number}", headers={"Authorization": f"Basic {pair}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        except urllib.error.URLError as error:
            raise SchemasError(f"{feed.schemas_url}: {error}") from error

    def decode(value: bytes) -> dict[str, Any]:
        number = int.from_bytes(value[1:5], "big")
        record = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema(number), None)
        assert isinstance(record, dict)
        return record

    return decode
