"""Serve one HTTP application, on loopback by default, until a signal ends it."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from schemas.errors import PermanentError

LOOPBACK: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 5
_KEEP_ALIVE_SECONDS: Final = 15
_MOST_AT_ONCE: Final = 500  # connections: who opens more and says nothing keeps out no one else
_MOST_HEADER_BYTES: Final = 32_768


def serve(app: ASGIApp, port: int, stop: threading.Event, name: str, host: str = LOOPBACK) -> None:
    """Answer until ``stop`` is set.

    Raises:
        PermanentError: the port is taken.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="h11",  # the only one that bounds what it holds of a request's head
            h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
            limit_concurrency=_MOST_AT_ONCE,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            proxy_headers=False,  # who asks is who is connected, whatever a header says
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
        )
    )
    thread = threading.Thread(target=_serve, args=(server,), name=name)
    thread.start()
    while thread.is_alive() and not stop.wait(0.2):
        pass
    server.should_exit = True
    thread.join()
    if not stop.is_set():
        raise PermanentError(f"{name} ended by itself: is port {port} taken? see `hub status`")


def _serve(server: uvicorn.Server) -> None:
    with suppress(SystemExit):  # its word for a taken port; said above
        server.run()
