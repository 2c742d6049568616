"""What the server may answer instead of a page, and what becomes of it."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from connectors.health.history import HealthSource
from connectors.health.wire import LONGEST_WAIT_SECONDS, NotNowError
from connectors.source import Page
from schemas.errors import PermanentError, TransientError
from tests.integration.connectors.health.conftest import Sources, Time
from tests.integration.connectors.health.fhir_stub import Canned, FhirStub
from tests.integration.connectors.tax.relaying import Published, relay_all


def bundle(entries: str = "", **elements: Any) -> bytes:
    head = json.dumps({"resourceType": "Bundle", "type": "history"} | elements)
    return f'{head[:-1]}, "entry": [{entries}]}}'.encode()


def page(source: HealthSource) -> Page:
    found = source.next_page(None, 0)
    assert found is not None
    return found


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "999999"}, LONGEST_WAIT_SECONDS),
        ({}, 1),
        ({"Retry-After": "soon"}, 1),
        ({"Retry-After": "-5"}, 1),
    ],
)
def test_a_wait_that_is_asked_for_is_kept(  # noqa: PLR0917
    fhir: FhirStub,
    health: Sources,
    time: Time,
    status: int,
    headers: dict[str, str],
    waited: float,
) -> None:
    fhir.write("Patient/p1")
    fhir.instead.append(Canned(status, headers=headers))

    assert len(page(health()).records) == 1
    assert time.slept == [waited]


def test_retry_after_may_be_a_date(fhir: FhirStub, health: Sources, time: Time) -> None:
    fhir.write("Patient/p1")
    source = health()
    page(source)
    _hold_date(fhir, "Sat, 01 Aug 2026 09:00:00 GMT", "Sat, 01 Aug 2026 09:00:09 GMT")
    page(source)
    _hold_date(fhir, "Sat, 01 Aug 2026 09:00:00 GMT", "Sat, 01 Aug 2026 08:00:00 GMT")
    page(source)

    assert time.slept == [9, 0]


def _hold_date(fhir: FhirStub, now: str, until: str) -> None:
    fhir.instead.append(Canned(503, headers={"Retry-After": until, "Date": now}))


def test_a_server_that_never_has_time_is_left_to_the_relay(
    fhir: FhirStub, health: Sources, time: Time
) -> None:
    fhir.instead.extend([Canned(429, headers={"Retry-After": "3"})] * 9)

    with pytest.raises(NotNowError) as raised:
        health().next_page(None, 0)

    assert raised.value.delay_seconds == 3
    assert time.slept == [3, 3, 3, 3]


@pytest.mark.parametrize("status", [500, 502, 504])
def test_other_server_errors_are_transient(fhir: FhirStub, health: Sources, status: int) -> None:
    fhir.instead.append(Canned(status))
    with pytest.raises(TransientError, match=str(status)):
        health().next_page(None, 0)


@pytest.mark.parametrize("status", [204, 301, 400, 403, 404, 410, 422])
def test_other_refusals_are_permanent(fhir: FhirStub, health: Sources, status: int) -> None:
    fhir.instead.append(Canned(status, headers={"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(PermanentError):
        health().next_page(None, 0)


def test_a_server_that_is_not_there_is_transient(time: Time) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        source = HealthSource(
            f"http://127.0.0.1:{port}", "hub", "x", clock=time.clock, sleep=time.sleep
        )
        with pytest.raises(TransientError, match="does not answer"):
            source.next_page(None, 0)
        source.close()


def test_a_server_that_says_nothing_is_transient(time: Time) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        source = HealthSource(
            f"http://127.0.0.1:{mute.getsockname()[1]}",
            "hub",
            "x",
            clock=time.clock,
            sleep=time.sleep,
            timeout_seconds=0.2,
        )
        with pytest.raises(TransientError, match="does not answer"):
            source.next_page(None, 0)
        source.close()


def test_an_answer_that_is_cut_is_transient(fhir: FhirStub, health: Sources) -> None:
    fhir.write("Patient/p1")
    cut = Canned(200, b"{}", headers={"Transfer-Encoding": "chunked"})
    fhir.instead.append(cut)
    with pytest.raises(TransientError):
        health().next_page(None, 0)


def test_an_answer_over_the_limit_is_refused(fhir: FhirStub, health: Sources) -> None:
    fhir.instead.append(Canned(200, bundle(json.dumps({"x": "y" * 100_000}))))
    with pytest.raises(PermanentError, match="over 50000 bytes; lower the page size"):
        health(limit_bytes=50_000).next_page(None, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"<html></html>",
        b"\xff\xfe{\x00}\x00",
        b'{"resourceType": "OperationOutcome"}',
        bundle(type="searchset"),
        bundle('{"a": 1}, 7'),
        bundle('{"a": 1'),
        bundle(link=[{"relation": "next"}]),
        b'{"resourceType": "Bundle", "type": "history", "entry": {"a": 1}}',
        b'{"resourceType": "Bundle", "type": "history", "\\u0065ntry": [{}]}',
        b'{"resourceType": "Bundle", "type": "history", "entry": [], "entry": []}',
        b'{"resourceType": "Bundle", "type": "history", "x": ' + b"[" * 100_000,
        b'{"resourceType": "Bundle", "x": "' + b'\\"' * 500_000,
    ],
)
def test_what_is_no_history_is_permanent(fhir: FhirStub, health: Sources, body: bytes) -> None:
    fhir.instead.append(Canned(200, body))
    with pytest.raises(PermanentError, match="no history bundle"):
        health().next_page(None, 0)


RESOURCE = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "1", "lastUpdated": "2026-08-01T09:00:00Z"},
}
GOOD = json.dumps({"resource": RESOURCE | {"id": "good"}})


def without(*path: str) -> str:
    resource = json.loads(json.dumps(RESOURCE))
    at = resource
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return json.dumps({"resource": resource})


def with_meta(**meta: Any) -> str:
    return json.dumps({"resource": RESOURCE | {"meta": RESOURCE["meta"] | meta}})  # type: ignore[operator]


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param("{}", id="empty"),
        pytest.param('{"resource": null}', id="null"),
        pytest.param('{"resource": [1, {"a": "}]"}]}', id="not an object"),
        pytest.param('{"resource": tru}', id="not JSON"),
        pytest.param('{"resource": {"id": NaN}}', id="NaN"),
        pytest.param('{"resource": ' + '{"a":' * 90_000 + "1" + "}" * 90_000 + "}", id="deep"),
        pytest.param(without("id"), id="no id"),
        pytest.param(without("meta"), id="no meta"),
        pytest.param(without("meta", "versionId"), id="no version"),
        pytest.param(without("meta", "lastUpdated"), id="no instant"),
        pytest.param(with_meta(versionId="abc"), id="a version in letters"),
        pytest.param(with_meta(versionId="0"), id="version 0"),
        pytest.param(with_meta(versionId="-1"), id="version -1"),
        pytest.param(with_meta(versionId="1.0"), id="version 1.0"),
        pytest.param(with_meta(versionId=1), id="a version that is a number"),
        pytest.param(with_meta(versionId="9" * 5000), id="a long version"),
        pytest.param(with_meta(lastUpdated="2026-08-01"), id="a day for an instant"),
        pytest.param(with_meta(lastUpdated="2026-08-01T09:00:00"), id="an instant without zone"),
        pytest.param(with_meta(lastUpdated="2026-08-01T09:00:60Z"), id="a leap second"),
        pytest.param(with_meta(lastUpdated="0001-01-01T00:00:00+14:00"), id="before year 1"),
        pytest.param(
            json.dumps({"resource": RESOURCE | {"id": "a/../b"}}), id="an id that is a path"
        ),
        pytest.param(json.dumps({"resource": RESOURCE | {"x": "y" * 200_000}}), id="very long"),
        pytest.param(json.dumps({"resource": RESOURCE})[:-2] + ', "id": "p2"}}', id="a key twice"),
        pytest.param('{"resource": {"id": ' + "9" * 5000 + "}}", id="a number of 5000 digits"),
        pytest.param('{"request": {"method": "DELETE", "url": "Patient/p1"}}', id="no etag"),
    ],
)
def test_a_bad_entry_is_bad_alone(fhir: FhirStub, health: Sources, entry: str) -> None:
    fhir.instead.append(Canned(200, bundle(f"{GOOD}, {entry} ,\n{GOOD.replace('good', 'good2')}")))

    first, bad, last = page(health()).records

    assert bad.content == {}
    assert "unreadable" in bad.source_key
    assert bad.original == entry.encode()[:100_000]
    assert (first.content["id"], last.content["id"]) == ("good2", "good")


def test_a_bad_entry_is_published_once(fhir: FhirStub, health: Sources) -> None:
    fhir.write_raw({"resource": {"resourceType": "Patient", "id": "p1"}})
    published = relay_all(health, Published())
    relay_all(health, published)

    assert len(published.keys) == 1


def test_a_byte_order_mark_is_read_over(fhir: FhirStub, health: Sources) -> None:
    fhir.instead.append(Canned(200, b"\xef\xbb\xbf" + bundle(GOOD)))

    assert len(page(health()).records) == 1


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:9/fhir/_history?page=1", "https://127.0.0.1/", "http://[::1/"]
)
def test_a_token_goes_to_no_other_server(fhir: FhirStub, health: Sources, link: str) -> None:
    fhir.instead.append(Canned(200, bundle(GOOD, link=[{"relation": "next", "url": link}])))
    source = health()

    first = page(source)

    with pytest.raises(PermanentError, match="next link"):
        source.next_page(first.cursor, 0)


def test_a_next_link_may_be_relative(fhir: FhirStub, health: Sources) -> None:
    link = [{"relation": "next", "url": "_history?page=x"}]
    fhir.instead.append(Canned(200, bundle(GOOD, link=link)))
    source = health()
    first = page(source)
    fhir.instead.append(Canned(200, bundle(GOOD.replace("good", "next"))))

    second = source.next_page(first.cursor, 0)

    assert second is not None
    assert fhir.requests[-1] == "/fhir/_history?page=x"


def test_plain_http_is_for_loopback_only(time: Time) -> None:
    with pytest.raises(PermanentError, match="https"):
        HealthSource("http://registry.example", "hub", "x", clock=time.clock, sleep=time.sleep)
