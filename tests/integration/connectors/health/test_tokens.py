"""One token for many requests, renewed in time, and shown nowhere."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from connectors.health.history import HealthSource
from connectors.source import Page
from schemas.errors import PermanentError, TransientError
from tests.integration.connectors.health.conftest import Sources, Time
from tests.integration.connectors.health.fhir_stub import CLIENT_SECRET, Canned, FhirStub
from tests.integration.connectors.tax.relaying import Published, relay_all


def page(source: HealthSource) -> Page:
    found = source.next_page(None, 0)
    assert found is not None
    return found


def test_one_token_serves_many_requests(fhir: FhirStub, health: Sources) -> None:
    for n in range(9):
        fhir.write(f"Patient/p{n}")
    relay_all(health, Published())

    assert fhir.tokens_given == 1


@pytest.mark.parametrize(
    ("lasts", "at", "tokens"), [(300, 269, 1), (300, 270, 2), (20, 9, 1), (20, 10, 2)]
)
def test_a_token_is_renewed_before_it_ends(  # noqa: PLR0917
    fhir: FhirStub, health: Sources, time: Time, lasts: int, at: float, tokens: int
) -> None:
    fhir.write("Patient/p1")
    fhir.token_seconds = lasts
    source = health()
    page(source)
    time.seconds = at
    page(source)

    assert fhir.tokens_given == tokens


def test_a_refused_token_is_renewed_once(fhir: FhirStub, health: Sources) -> None:
    fhir.write("Patient/p1")
    source = health()
    page(source)
    fhir.valid_tokens.clear()
    page(source)
    assert fhir.tokens_given == 2

    fhir.instead.extend([Canned(401), Canned(401)])
    with pytest.raises(PermanentError, match="401"):
        source.next_page(None, 0)
    assert fhir.tokens_given == 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Canned(400), PermanentError),
        (Canned(401), PermanentError),
        (Canned(500), TransientError),
        (Canned(200, b"token"), PermanentError),
        (Canned(200, b"[" * 100_000), PermanentError),
        (Canned(200, b'{"access_token": "a b\\n", "expires_in": 5}'), PermanentError),
        (Canned(200, b'{"access_token": "a", "expires_in": -1}'), PermanentError),
        (Canned(200, b'{"access_token": "a", "token_type": "mac"}'), PermanentError),
    ],
)
def test_no_token(fhir: FhirStub, health: Sources, answer: Canned, error: type[Exception]) -> None:
    fhir.token_instead.append(answer)
    with pytest.raises(error, match=r"token|answered 500"):
        health().next_page(None, 0)


def test_the_token_endpoint_may_ask_to_wait(fhir: FhirStub, health: Sources, time: Time) -> None:
    fhir.write("Patient/p1")
    fhir.token_instead.append(Canned(429, headers={"Retry-After": "4"}))

    assert len(page(health()).records) == 1
    assert time.slept == [4]


def test_secrets_are_in_no_error_and_no_log(
    fhir: FhirStub, health: Sources, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="connectors")
    fhir.instead.extend([Canned(401), Canned(401)])
    checks: list[Callable[[], object]] = [lambda: health().next_page(None, 0)]
    for check in checks:
        with pytest.raises(PermanentError) as raised:
            check()
        assert CLIENT_SECRET not in f"{raised.value!r} {raised.value.__cause__!r}"
        assert "token-" not in f"{raised.value!r}"
    assert CLIENT_SECRET not in caplog.text
