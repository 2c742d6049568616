"""Run the agencies' gate to their schemas, on loopback."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

import httpx
import psycopg
from psycopg_pool import ConnectionPool

from ops.run.serve import serve
from ops.schemas_gateway.app import create_app
from ops.schemas_gateway.doorman import PostgresDoorman
from ops.settings import Settings

_TIMEOUT_SECONDS: Final = 10.0
_POOL_SECONDS: Final = 5.0


def run(settings: Settings, stop: threading.Event) -> None:
    """Answer until ``stop`` is set.

    Raises:
        PermanentError: the port is taken.
    """
    pool: ConnectionPool[psycopg.Connection[Any]] = ConnectionPool(
        settings.pipeline_dsn,
        min_size=1,
        max_size=4,
        timeout=_POOL_SECONDS,
        kwargs={"autocommit": True, "application_name": "hub-schemas"},
        open=False,
    )
    upstream = httpx.Client(base_url=settings.registry_url, timeout=_TIMEOUT_SECONDS)
    with upstream, pool:
        app = create_app(upstream, PostgresDoorman(pool, time.monotonic))
        serve(app, settings.port("schemas"), stop, "schemas", settings.listen)
