"""A FHIR server on loopback that misbehaves on demand; written from docs/sources.md alone."""

from __future__ import annotations

import base64
import json
import threading
import urllib.parse
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLIENT_ID, CLIENT_SECRET = "hub", "s3cret"
START = datetime(2026, 8, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Canned:
    """An answer that is given instead of the true one."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class FhirStub:
    """The registry's side."""

    def __init__(self) -> None:
        self.entries: list[tuple[datetime, dict[str, Any]]] = []  # in order of writing
        self.now = START
        self.instead: deque[Canned] = deque()  # answers to the next requests for history
        self.token_instead: deque[Canned] = deque()
        self.after_page: Callable[[], None] = lambda: None  # what happens between two pages
        self.requests: list[str] = []  # paths of requests for history
        self.tokens_given = 0
        self.token_seconds: Any = 300
        self.valid_tokens: set[str] = set()
        self.states_time = False  # Bundle.meta.lastUpdated
        self._links: dict[str, tuple[str, int, int]] = {}
        self._versions: dict[str, int] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def write(
        self, place: str, content: dict[str, Any] | None = None, *, seconds: float = 1
    ) -> str:
        """Write the next version of ``Type/id``; return its source key."""
        self.now += timedelta(seconds=seconds)
        version = self._versions[place] = self._versions.get(place, 0) + 1
        type_, _, id_ = place.partition("/")
        meta = {"versionId": str(version), "lastUpdated": _text(self.now)}
        resource = {"resourceType": type_, "id": id_, "meta": meta, **(content or {})}
        self._add({"resource": resource, "request": {"method": "PUT", "url": place}}, version)
        return f"{place}/{version}"

    def delete(self, place: str) -> str:
        self.now += timedelta(seconds=1)
        version = self._versions[place] = self._versions[place] + 1
        self._add({"request": {"method": "DELETE", "url": place}}, version)
        return f"{place}/{version}"

    def write_raw(self, entry: dict[str, Any]) -> None:
        self.now += timedelta(seconds=1)
        self.entries.append((self.now, entry))

    def expire_links(self) -> None:
        self._links.clear()

    def history(self, query: dict[str, str]) -> Canned:
        """Return a page cut from the history as it is now: writes shift what follows."""
        if "page" in query:
            if query["page"] not in self._links:
                return Canned(410)
            since, offset, count = self._links[query["page"]]
        else:
            since, offset, count = query.get("_since", ""), 0, int(query["_count"])
        begin = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        newest_first = sorted(
            ((at, n, entry) for n, (at, entry) in enumerate(self.entries) if at >= begin),
            key=lambda item: item[:2],
            reverse=True,
        )
        bundle: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "history",
            "link": [{"relation": "self", "url": "x"}],
            "entry": [entry for _, _, entry in newest_first[offset : offset + count]],
        }
        if self.states_time:
            bundle["meta"] = {"lastUpdated": _text(self.now)}
        if len(newest_first) > offset + count:
            token = f"t{len(self.requests)}"
            self._links[token] = (since, offset + count, count)
            bundle["link"].append(
                {"relation": "next", "url": f"{self.url}/fhir/_history?page={token}"}
            )
        return Canned(200, json.dumps(bundle, ensure_ascii=False).encode())

    def _add(self, entry: dict[str, Any], version: int) -> None:
        response = {"etag": f'W/"{version}"', "lastModified": _text(self.now)}
        entry = {"fullUrl": f"{self.url}/fhir/x", **entry, "response": response}
        self.entries.append((self.now, entry))


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _handler(stub: FhirStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
            if stub.token_instead:
                self._answer(stub.token_instead.popleft())
            elif (
                self.path != "/token"
                or form != "grant_type=client_credentials"
                or self.headers["Authorization"] != f"Basic {basic}"
            ):
                self._answer(Canned(401, b'{"error": "invalid_client"}'))
            else:
                stub.tokens_given += 1
                token = f"token-{stub.tokens_given}"
                stub.valid_tokens = {token}
                body = {
                    "access_token": token,
                    "token_type": "Bearer",
                    "expires_in": stub.token_seconds,
                }
                self._answer(Canned(200, json.dumps(body).encode()))

        def do_GET(self) -> None:
            stub.requests.append(self.path)
            path, _, query = self.path.partition("?")
            if stub.instead:
                self._answer(stub.instead.popleft())
            elif self.headers["Authorization"] not in {f"Bearer {t}" for t in stub.valid_tokens}:
                self._answer(Canned(401))
            elif path != "/fhir/_history":
                self._answer(Canned(404))
            else:
                page = stub.history(dict(urllib.parse.parse_qsl(query)))
                stub.after_page()
                self._answer(page)

        def _answer(self, canned: Canned) -> None:
            if "Date" in canned.headers:
                self.send_response_only(canned.status)
            else:
                self.send_response(canned.status)
            for name, value in canned.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(canned.body)))
            self.end_headers()
            self.wfile.write(canned.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler
