"""Run the query API, on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import uvicorn

from connectors.uz.identifiers import validate_pinfl
from ops.keystore import open_keystore
from ops.settings import Settings
from projections.api import create_app
from projections.past_queries import PastQueries
from projections.queries import Queries, open_pool
from schemas.errors import PermanentError
from schemas.ids import PersonId
from streams.past import Past
from streams.rules.load import load_pack

_HOST: Final = "127.0.0.1"
_GRACE_SECONDS: Final = 5


def run(settings: Settings, stop: threading.Event) -> None:
    """Answer until ``stop`` is set.

    Raises:
        PermanentError: the port is taken.
    """
    port = settings.port("api")
    with queries(settings) as answers:
        app = create_app(
            answers,
            lambda pinfl: identify(settings, pinfl),
            PastQueries(answers, judge(settings, answers)),
            lambda: (settings.today, datetime.now(UTC)),
        )
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                host=_HOST,
                port=port,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )
        thread = threading.Thread(target=_serve, args=(server,), name="api")
        thread.start()
        while thread.is_alive() and not stop.wait(0.2):
            pass
        server.should_exit = True
        thread.join()
    if not stop.is_set():
        raise PermanentError(f"the API ended by itself: is port {port} taken? see `hub status`")


def _serve(server: uvicorn.Server) -> None:
    with suppress(SystemExit):  # its word for a taken port; said below
        server.run()


@contextmanager
def queries(settings: Settings) -> Iterator[Queries]:
    """Open what answers questions."""
    keystore = open_keystore(settings)
    with closing(keystore), open_pool(settings.hub_dsn) as pool:
        yield Queries(pool, keystore)


def judge(settings: Settings, answers: Queries) -> Past:
    """Return who judges again; health blocks are opened with the keys of ``answers``."""
    return Past(answers.keystore, load_pack("uz"), settings.partitions)


def identify(settings: Settings, pinfl: str) -> PersonId:
    """Return the person id of a national number.

    Raises:
        InvalidRecord: it is none; the text names the rule only.
    """
    number = validate_pinfl(pinfl, settings.pinfl_check_digit, "pinfl")
    return settings.keys.pseudonym("uz.pinfl", number)
