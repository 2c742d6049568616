"""Count the health registry at the source: walk the server's whole history. Thin shell."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from ops.verify.values import Source
from schemas.errors import PermanentError, TransientError

OURS = frozenset({"Patient", "Observation", "Condition", "ServiceRequest"})
_PAGE = 1000
_ATTEMPTS = 30
_LONGEST_WAIT = 5.0
_BUSY = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the FHIR server."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)


def read_fhir(access: Access, transport: httpx.BaseTransport | None = None) -> Source:
    """Return the source key of every version of every resource that is ours.

    Raises:
        TransientError: the server does not answer, or is busy for too long.
        PermanentError: it refuses our credentials.
    """
    found = Source("health")
    strangers: set[str] = set()
    with httpx.Client(base_url=access.url, timeout=60, transport=transport) as client:
        token = _token(client, access)
        address: str | None = f"/fhir/_history?_count={_PAGE}"
        while address is not None:
            answer = _get(client, address, token)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                token = _token(client, access)
                continue
            bundle = answer.json()
            for entry in bundle.get("entry", ()):
                key, at = source_key(entry)
                if key.partition("/")[0] in OURS:
                    found.stated.add(key)
                    found.tail[key] = at
                else:
                    strangers.add(key)
            address = next(
                (link["url"] for link in bundle.get("link", ()) if link["relation"] == "next"),
                None,
            )
    found.not_ours = len(strangers)
    return found


def source_key(entry: dict[str, Any]) -> tuple[str, str]:
    """Return ``Type/id/version`` of a history entry, and when it was written."""
    response = entry.get("response") or {}
    resource = entry.get("resource")
    if resource is None:
        version = str(response["etag"]).removeprefix("W/").strip('"')
        type_, id_ = entry["request"]["url"].rsplit("/", 2)[-2:]
        return f"{type_}/{id_}/{version}", str(response["lastModified"])
    meta = resource["meta"]
    key = f"{resource['resourceType']}/{resource['id']}/{meta['versionId']}"
    return key, str(meta.get("lastUpdated") or response["lastModified"])


def _token(client: httpx.Client, access: Access) -> str:
    answer = _send(
        client,
        "POST",
        "/token",
        data={"grant_type": "client_credentials"},
        auth=(access.client_id, access.client_secret),
    )
    if answer.is_error:
        raise PermanentError(f"the FHIR server refuses our credentials ({answer.status_code})")
    return str(answer.json()["access_token"])


def _get(client: httpx.Client, address: str, token: str) -> httpx.Response:
    answer = _send(client, "GET", address, headers={"Authorization": f"Bearer {token}"})
    if answer.is_error and answer.status_code != httpx.codes.UNAUTHORIZED:
        raise TransientError(f"the FHIR server answered {answer.status_code}")
    return answer


def _send(client: httpx.Client, method: str, address: str, **more: Any) -> httpx.Response:
    """Send a request; a busy server is asked again when it says so."""
    for _ in range(_ATTEMPTS):
        try:
            answer = client.request(method, address, **more)
        except httpx.TransportError as error:
            raise TransientError("the FHIR server does not answer; see `hub status`") from error
        if answer.status_code not in _BUSY:
            return answer
        wait = answer.headers.get("Retry-After", "1")
        time.sleep(min(float(wait) if wait.isdigit() else 1.0, _LONGEST_WAIT))
    raise TransientError("the FHIR server is busy for too long")
