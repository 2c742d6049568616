"""What is no HTTP, or could be read in two ways: one answer, one leaf, and the connection ends."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from schemas.ids import text
from tests.integration.api.conftest import World, serving
from tests.integration.assessment.country import person

OLD = text(person("1old"))
CANARY = "canary4711"
HOST = b"Host: hub\r\n"
HIDDEN = b"GET /v1/registries HTTP/1.1\r\nHost: hub\r\n\r\n"  # as the next request, to some
LOOKUP = b"POST /v1/persons/lookup HTTP/1.1\r\n" + HOST
GET = b"GET /v1/registries HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n"
END = b"\r\n"

NO_HTTP = {
    "words": b"canary4711\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a space in the target": b"GET /v1/canary4711 registries HTTP/1.1\r\n" + HOST + END,
    "no host": b"GET /v1/registries HTTP/1.1\r\n\r\n",
    "two hosts": GET + b"Host: canary4711\r\n\r\n",
    "a space before the colon": GET + b"Hub-Purpose : canary4711\r\n\r\n",
    "a header without a colon": GET + b"canary4711\r\n\r\n",
    "a NUL in a header": GET + b"Hub-Purpose: canary4711\0\r\n\r\n",
    "a bare CR in a header": GET + b"Hub-Purpose: a\rHub-Basis: canary4711\r\n\r\n",
    "two lengths": LOOKUP + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\n",
    "two lengths in one": LOOKUP + b"Content-Length: 5, 50\r\n\r\n",
    "a signed length": LOOKUP + b"Content-Length: +5\r\n\r\nxxxxx",
    "a length below zero": LOOKUP + b"Content-Length: -5\r\n\r\n",
    "an encoding twice": LOOKUP + CHUNKED + CHUNKED + END,
    "another encoding": LOOKUP + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "an encoding that looks like one": LOOKUP + b"Transfer-Encoding: xchunked\r\n\r\n",
}
# Begun well, by a client that is known: its leaf names the client.
TWO_WAYS = {
    "length and chunks": b"Content-Length: 6\r\n" + CHUNKED + END + b"0\r\n\r\n" + HIDDEN,
    "chunks and length": CHUNKED + b"Content-Length: 60\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a chunk of no size": CHUNKED + END + b"canary4711\r\n" + HIDDEN,
    "a size with a sign": CHUNKED + END + b"+0\r\n\r\n" + HIDDEN,
    "a size with a prefix": CHUNKED + END + b"0x5\r\nxxxxx\r\n0\r\n\r\n" + HIDDEN,
    "a chunk longer than it says": CHUNKED + END + b"1\r\ncanary4711\r\n0\r\n\r\n" + HIDDEN,
}


@pytest.fixture(scope="module")
def http(lasting: World) -> Iterator[httpx.Client]:
    """The API, putting on record whatever comes from one place."""
    with serving(lasting.settings, places="10000/minute") as client:
        yield client


def sent(http: httpx.Client, raw: bytes) -> tuple[httpx.Response, bytes]:
    """Return the answer to some bytes, and what came after it until the connection ended."""
    with socket.create_connection((http.base_url.host, http.base_url.port or 0), timeout=20) as it:
        it.sendall(raw)
        read = b""
        while part := it.recv(65_536):
            read += part
    head, _, body = read.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    named = [(name.lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)]
    length = int(dict(named)["content-length"])
    answer = httpx.Response(int(first.split()[1]), headers=named, content=body[:length])
    return answer, body[length:]


@pytest.mark.parametrize("name", NO_HTTP)
def test_what_is_no_http_is_told_and_on_record(
    shared: World, http: httpx.Client, name: str
) -> None:
    answer, more = sent(http, NO_HTTP[name])

    _refused(answer, more)
    ((kind, leaf),) = shared.leaves(answer)
    assert (kind, leaf["rule"], leaf["status"]) == ("refusal", "request-malformed", 400)
    assert CANARY not in json.dumps(leaf)


@pytest.mark.parametrize("name", TWO_WAYS)
def test_a_body_has_one_end_or_none(shared: World, http: httpx.Client, name: str) -> None:
    said = shared.asking("social").headers(**{"Content-Type": "application/json"})
    head = "".join(f"{header}: {value}\r\n" for header, value in said.items()).encode()

    answer, more = sent(http, LOOKUP + head + TWO_WAYS[name])

    _refused(answer, more)
    ((kind, leaf),) = shared.leaves(answer)
    assert (kind, leaf["rule"], leaf["who"]) == ("refusal", "request-malformed", "social")
    assert CANARY not in json.dumps(leaf)


def _refused(answer: httpx.Response, more: bytes) -> None:
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/request-malformed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert more == b"", "what was hidden behind it was answered"
    assert CANARY not in answer.text


def test_an_older_protocol_has_no_chunks(shared: World, http: httpx.Client) -> None:
    token = shared.asking("social").headers()["Authorization"].encode()
    head = LOOKUP.replace(b"1.1", b"1.0") + b"Authorization: " + token + b"\r\n"

    answer, more = sent(http, head + CHUNKED + END + b"0\r\n\r\n")

    _refused(answer, more)


@pytest.mark.parametrize(
    "path", ["/problems/../v1/registries", "/v1/./registries", "/audit/../v1/needs", "//v1/needs"]
)
def test_a_path_is_what_it_says(shared: World, http: httpx.Client, path: str) -> None:
    token = shared.asking("social").headers()["Authorization"]
    head = f"GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n"

    known, _ = sent(http, f"{head}Authorization: {token}\r\n\r\n".encode())
    nobody, _ = sent(http, f"{head}\r\n".encode())

    assert known.status_code == 404
    assert nobody.status_code in {401, 404}


def test_what_follows_a_whole_answer_ends_the_connection(http: httpx.Client) -> None:
    """The body goes on badly after its request was refused: there is nothing more to say."""
    answer, more = sent(http, LOOKUP + CHUNKED + END + b"5\r\n")

    assert answer.status_code in {400, 401}
    assert more == b""
