"""When the registry has stated everything up to a day."""

from __future__ import annotations

from datetime import date

from connectors.source import Complete
from tests.integration.connectors.health.conftest import Sources
from tests.integration.connectors.health.fhir_stub import FhirStub
from tests.integration.connectors.tax.relaying import Published, relay_all


def test_the_first_complete_read_then_once_a_day(fhir: FhirStub, health: Sources) -> None:
    for n in range(4):
        fhir.write(f"Patient/p{n}")
    published = relay_all(health, Published())
    assert published.complete == [Complete(date(2026, 8, 1), snapshot=True)]
    assert published.pages[-1].complete

    fhir.write("Patient/p9", seconds=3600)
    relay_all(health, published)
    assert len(published.complete) == 1

    for n in range(4):
        fhir.write(f"Patient/q{n}", seconds=86_400)
    relay_all(health, published)
    assert published.complete[1:] == [Complete(date(2026, 8, 5), snapshot=False)]


def test_a_server_that_tells_its_time_is_complete_though_nothing_happens(
    fhir: FhirStub, health: Sources
) -> None:
    fhir.states_time = True
    published = relay_all(health, Published())
    assert published.complete == [Complete(date(2026, 8, 1), snapshot=True)]

    fhir.now = fhir.now.replace(day=3)
    relay_all(health, published)
    assert published.complete[1:] == [Complete(date(2026, 8, 3), snapshot=False)]
    assert published.records == []


def test_an_empty_server_without_a_clock_states_nothing(health: Sources) -> None:
    assert relay_all(health, Published()).complete == []
