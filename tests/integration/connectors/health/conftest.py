from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from connectors.health.history import HealthSource
from tests.integration.connectors.health.fhir_stub import CLIENT_ID, CLIENT_SECRET, FhirStub


@dataclass
class Time:
    """A clock that only sleeping moves."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def fhir() -> Iterator[FhirStub]:
    """A FHIR server that holds nothing yet."""
    stub = FhirStub()
    yield stub
    stub.stop()


@pytest.fixture
def time() -> Time:
    return Time()


Sources = Callable[..., HealthSource]


@pytest.fixture
def health(fhir: FhirStub, time: Time) -> Iterator[Sources]:
    """Make sources over the server."""
    made: list[HealthSource] = []

    def make(page_size: int = 3, **settings: Any) -> HealthSource:
        values: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "clock": time.clock,
            "sleep": time.sleep,
            "page_size": page_size,
            "poll_seconds": 5.0,
        } | settings
        source = HealthSource(fhir.url, **values)
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()
