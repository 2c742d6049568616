"""Serve one HTTP application, on loopback by default, until a signal ends it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from projections.http.incoming import MALFORMED
from schemas.errors import PermanentError

LOOPBACK: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 5
_KEEP_ALIVE_SECONDS: Final = 15
_HEAD_SECONDS: Final = 10.0  # until a request's head has come whole: uvicorn itself waits for ever
_MOST_AT_ONCE: Final = 500  # connections; while there are more, everybody gets 503
_MOST_HEADER_BYTES: Final = 32_768


def serve(  # noqa: PLR0917 - how one process serves
    app: ASGIApp,
    port: int,
    stop: threading.Event,
    name: str,
    host: str = LOOPBACK,
    is_told: bool = False,
) -> None:
    """Answer until ``stop`` is set.

    Args:
        app: what answers.
        port: where.
        stop: ends it.
        name: of the thread.
        host: the address to listen on.
        is_told: what is no HTTP is for ``app`` to refuse, in a scope that has ``MALFORMED``.

    Raises:
        PermanentError: the port is taken.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=_Telling if is_told else _Timely,
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


class _Telling(_Timely):
    """A connection whose application answers, and puts on record, also what is no HTTP."""

    _is_broken: bool = False

    def data_received(self, data: bytes) -> None:
        if not self._is_broken:  # what comes after it cannot be meant
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        self._is_broken = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.scope[MALFORMED] = True  # type: ignore[typeddict-unknown-key]
            self.cycle.keep_alive = self.cycle.more_body = False
            self.cycle.message_event.set()  # whoever waits for more of its body looks again
        elif self.conn.our_state is h11.IDLE:
            self._ask_about_nothing()
        else:  # a body that goes on after its answer
            self.transport.close()

    def _ask_about_nothing(self) -> None:
        """Start the application on a request that has no more than where it comes from."""
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "method": "GET",
            "root_path": "",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [],
            "state": self.app_state.copy(),
        }
        self.scope[MALFORMED] = True  # type: ignore[typeddict-unknown-key]
        self.cycle = RequestResponseCycle(
            scope=self.scope,
            conn=self.conn,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            on_response=self.on_response_complete,
        )
        self.cycle.more_body = self.cycle.keep_alive = False
        task = self.loop.create_task(self.cycle.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


def _serve(server: uvicorn.Server) -> None:
    with suppress(SystemExit):  # its word for a taken port; said above
        server.run()
