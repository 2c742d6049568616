from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from connectors.health.history import HealthSource
from connectors.health.translate import translator
from ops.simulator.fhir_server import CLIENT_ID, Manners, create_app
from ops.simulator.fhir_store import FhirStore
from tests.integration.connectors.tax.expecting import KEYS, country_plan, expected, made
from tests.integration.connectors.tax.relaying import Published, relay_all, relay_page


@contextmanager
def serving(store: FhirStore) -> Iterator[str]:
    """Serve the simulator's FHIR server on loopback, with more refusals than it likes to give."""
    app = create_app(store, Manners("s3cret", 7, too_many_share=0.2, unavailable_share=0.1))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_simulated_country_becomes_what_its_ledger_expects(tmp_path: Path, seed: int) -> None:
    store = FhirStore(tmp_path / "fhir.sqlite")
    published = Published()
    days = country_plan(seed).health
    with serving(store) as url:

        def start() -> HealthSource:
            return HealthSource(
                url,
                CLIENT_ID,
                "s3cret",
                clock=time.monotonic,
                sleep=lambda _: None,
                page_size=40,
            )

        for number, versions in sorted(days.items()):
            half = len(versions) // 2
            store.load(versions[:half])
            source = start()
            relay_page(source, published)
            store.load(versions[half:])  # the pages of this poll shift
            while relay_page(source, published):
                pass
            source.close()
            if number % 2:
                relay_all(start, published)
        relay_all(start, published)
    store.close()
    events, faults = expected("health", seed, tmp_path)

    assert made("health", published.records, translator(KEYS, check_digit=True)) == (events, faults)
    assert len(published.keys) == len(set(published.keys))
    assert published.complete[0].snapshot
    assert sum(page.not_ours for page in published.pages) == sum(
        version.type == "Immunization" for versions in days.values() for version in versions
    )
