"""A poll that goes on past midnight says nothing of the new day."""

from __future__ import annotations

from datetime import date

from connectors.source import Complete
from tests.integration.connectors.health.conftest import Sources
from tests.integration.connectors.health.fhir_stub import FhirStub
from tests.integration.connectors.tax.relaying import Published, relay_page


def test_completeness_is_as_of_the_first_page_of_a_poll(fhir: FhirStub, health: Sources) -> None:
    fhir.states_time = True
    for n in range(4):
        fhir.write(f"Patient/p{n}")

    def midnight() -> None:
        fhir.now = fhir.now.replace(day=2)
        fhir.after_page = lambda: None

    fhir.after_page = midnight
    source, published = health(page_size=3), Published()
    while not published.complete:
        assert relay_page(source, published)

    # What is written on the second day, before this poll ended, is in no page of it.
    assert published.complete == [Complete(date(2026, 8, 1), snapshot=True)]
