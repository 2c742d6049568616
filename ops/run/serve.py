"""Serve one HTTP application, on loopback by default, until a signal ends it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from schemas.errors import PermanentError

LOOPBACK: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 5
_KEEP_ALIVE_SECONDS: Final = 15
_HEAD_SECONDS: Final = 10.0  # until a request's head has come whole: uvicorn itself waits for ever
_MOST_AT_ONCE: Final = 500  # connections; while there are more, everybody gets 503
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
            http=_Timely,
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


class _Timely(H11Protocol):
    """A connection that ends if a request's head does not come in time.

    h11 is the only one that bounds what it holds of a head. Between two requests uvicorn's own
    timer runs; it stops at the first byte, and this one starts.
    """

    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._await_head()
        else:
            self._forget_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


def _serve(server: uvicorn.Server) -> None:
    with suppress(SystemExit):  # its word for a taken port; said above
        server.run()
