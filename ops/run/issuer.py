"""Run the local token issuer, on loopback by default."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Final

from ops.issuer.app import Issuer, create_issuer
from ops.issuer.signing import signer
from ops.run.serve import serve
from ops.settings import Settings
from projections.http.rates import Rate
from projections.http.refusals import Refusals
from projections.queries import open_pool, reading

_RATE: Final = "20/second"  # of one place


def run(settings: Settings, stop: threading.Event) -> None:
    """Give tokens until ``stop`` is set.

    Raises:
        PermanentError: the port is taken, or there is no key.
    """
    secrets = settings.secrets
    before = secrets.token_key_before
    signs = signer(settings.issuer_url, secrets.token_key, *(before or ()))
    with open_pool(settings.api_dsn) as pool:
        refusals = Refusals(lambda: reading(pool), lambda: datetime.now(UTC))
        issuer = Issuer(signs, lambda: reading(pool), refusals, Rate(_RATE))
        serve(create_issuer(issuer), settings.port("issuer"), stop, "issuer", settings.listen)
