"""Run the agencies' gate to their schemas, on loopback."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any, Final

import httpx
import psycopg
import uvicorn
from psycopg_pool import ConnectionPool

from ops.schemas_gateway.app import create_app
from ops.schemas_gateway.doorman import PostgresDoorman
from ops.settings import Settings
from schemas.errors import PermanentError

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
        port = settings.port("schemas")
        config = uvicorn.Config(
            app,
            host=settings.listen,
            port=port,
            access_log=False,
            log_config=None,
            server_header=False,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=_serve, args=(server,), name="schemas")
        thread.start()
        while thread.is_alive() and not stop.wait(0.2):
            pass
        server.should_exit = True
        thread.join()
    if not stop.is_set():
        raise PermanentError(f"the gateway ended by itself: is port {port} taken?")


def _serve(server: uvicorn.Server) -> None:
    with suppress(SystemExit):  # its word for a taken port; said above
        server.run()
