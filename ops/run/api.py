"""Run the query API, on loopback."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx

from connectors.uz.identifiers import validate_pinfl
from ops.audit.place import log_folder
from ops.issuer.signing import AUDIENCE
from ops.keystore import open_keystore
from ops.run.figures import counter
from ops.run.garbage import collect_rarely
from ops.run.serve import serve
from ops.secret_files import API, OWNER
from ops.settings import Settings
from projections.api import Parts, create_app
from projections.http.cursors import Cursors
from projections.http.figures import Figures
from projections.http.guard import Guard
from projections.http.issuer_keys import IssuerKeys
from projections.http.rates import CLIENT, SOURCE, Rate
from projections.http.refusals import EACH, Refusals
from projections.http.service_routes import Check
from projections.http.tokens import Tokens
from projections.queries import MOST_CONNECTIONS, Queries, open_pool, reading
from schemas.errors import TransientError
from schemas.ids import PersonId
from schemas.rights import load_policy
from streams.past import Past
from streams.rules.load import load_pack

_KEYS_SECONDS: Final = 3.0


def run(
    settings: Settings,
    stop: threading.Event,
    rate: str = CLIENT,
    places: str = EACH,
    sources: str = SOURCE,
) -> None:
    """Answer until ``stop`` is set.

    Raises:
        PermanentError: the port is taken, or the policy cannot be read.
    """
    with parts(settings, rate, places, sources) as put_together:
        app = create_app(put_together)
        collect_rarely()  # a look over all that was loaded holds up everybody who asks
        serve(app, settings.port("api"), stop, "api", settings.listen, is_told=True)


@contextmanager
def parts(
    settings: Settings, rate: str = CLIENT, places: str = EACH, sources: str = SOURCE
) -> Iterator[Parts]:
    """Open what the API is put together from."""
    with opened(settings, settings.api_dsn, MOST_CONNECTIONS) as answers:
        keys = IssuerKeys(fetcher(settings.jwks), time.monotonic)
        tokens = Tokens(settings.issuer_url, AUDIENCE, keys.find, time.time, keys.is_due)
        keys.on_change = tokens.forget
        yield Parts(
            guard=Guard(
                answers.pool,
                answers.keystore,
                load_policy(),
                lambda: (settings.today, datetime.now(UTC)),
            ),
            tokens=tokens,
            refusals=Refusals(
                lambda: reading(answers.pool), lambda: datetime.now(UTC), Rate(places)
            ),
            identify=lambda pinfl: identify(settings, pinfl),
            judge=judge(settings, answers),
            cursors=Cursors(cursor_key(settings)),
            figures=Figures(answers.pool, counter(settings)),
            log_folder=log_folder(settings),
            token_url=f"{settings.issuer_url}/oauth/token",
            checks=(
                Check("database", lambda: _answers(answers)),
                Check("issuer's keys", keys.are_known),
                Check("key store", lambda: answers.keystore.existing([]) is not None),
            ),
            rate=Rate(rate),
            sources=Rate(sources),
        )


@contextmanager
def queries(settings: Settings) -> Iterator[Queries]:
    """Open what answers operators' questions, as the tables' owner."""
    with opened(settings, settings.hub_dsn) as answers:
        yield answers


@contextmanager
def opened(settings: Settings, dsn: str, always: int = 1) -> Iterator[Queries]:
    """Open what answers questions, as whoever ``dsn`` names; so many connections stay open."""
    keystore = open_keystore(settings, API if dsn == settings.api_dsn else OWNER)
    with closing(keystore), open_pool(dsn, always=always) as pool:
        yield Queries(pool, keystore)


def _answers(answers: Queries) -> bool:
    answers.check()
    return True


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


def cursor_key(settings: Settings) -> bytes:
    """Return the key of cursors: one of its own, from one that never signs anything but tokens."""
    return hmac.digest(settings.secrets.token_key, b"cursors of the query API", hashlib.sha256)


def fetcher(place: str) -> Callable[[], bytes]:
    """Return what fetches the issuer's keys from a URL or a file."""

    def from_file() -> bytes:
        try:
            return Path(place).read_bytes()
        except OSError as error:
            raise TransientError("the file of the issuer's keys cannot be read") from error

    def from_url() -> bytes:
        try:
            answer = httpx.get(place, timeout=_KEYS_SECONDS, follow_redirects=False)
            answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransientError("the token issuer does not answer") from error
        return answer.content

    return from_url if place.startswith(("http://", "https://")) else from_file
