"""Tax files are judged and FHIR histories walked as docs/sources.md says."""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

import httpx
import orjson
import pytest

from ops.verify import fhir
from ops.verify.tax import Delivery, counted, judge
from schemas.errors import PermanentError

HEADER = "row,change,pinfl,stir,name,employer_stir,month,gross\n"
ROWS = HEADER + "1,N,1,,,2,2026-08,100\n2,N,1,,,2,2026-08,100\n"


def delivery(number: int = 1, body: str = ROWS, *, folder: str = "done", **stated: Any) -> Delivery:
    data = gzip.compress(body.encode(), mtime=0) if stated.pop("packed", False) else body.encode()
    name = f"income-{number}"
    manifest = {
        "manifest": number,
        "kind": "income",
        "period": "2026-08",
        "file": f"{name}.csv" + (".gz" if data[:2] == b"\x1f\x8b" else ""),
        "rows": 2,
        "sha256": hashlib.sha256(data).hexdigest(),
        "unit": "soum",
        "closes": None,
    } | stated
    refused = folder == "inbox"
    return Delivery(f"{name}.manifest.json", folder, orjson.dumps(manifest), data, refused)


def outcomes(*deliveries: Delivery) -> list[str]:
    return [item.outcome for item in judge(deliveries)]


def test_a_good_file_is_applied_and_its_rows_are_source_keys() -> None:
    source = counted(judge([delivery(3), delivery(4, ROWS.replace("100", "7"), packed=True)]))

    assert source.stated == {"income/3/1", "income/3/2", "income/4/1", "income/4/2"}
    assert not source.misplaced


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (delivery(folder="inbox", rows=3), "rows"),
        (delivery(folder="inbox", sha256="0" * 64), "hash"),
        (delivery(folder="inbox", kind="weather"), "manifest"),
        (delivery(body=ROWS.replace("gross", "net"), folder="inbox"), "header"),
        (delivery(body=ROWS.replace("\n2,", "\n3,"), folder="inbox"), "numbering"),
        (Delivery("x.manifest.json", "inbox", b"{}", b"", True), "manifest"),
        (Delivery("x.manifest.json", "inbox", b"not json", b"", True), "manifest"),
    ],
)
def test_a_bad_file_is_refused_whole(refused: Delivery, why: str) -> None:
    assert outcomes(refused) == [why]
    source = counted(judge([refused]))
    assert not source.stated
    assert len(source.refused) == 1
    assert not source.misplaced


def test_a_second_delivery_of_a_file_is_a_repeat_of_the_one_with_the_lower_number() -> None:
    source = counted(judge([delivery(9), delivery(3)]))

    assert source.stated == {"income/3/1", "income/3/2"}
    assert source.repeated == {"income/9/1", "income/9/2"}
    assert source.suppressed == 2


def test_another_file_under_a_used_number_is_refused() -> None:
    other = delivery(3, ROWS.replace("100", "7"), folder="inbox")

    assert outcomes(delivery(3), other) == ["applied", "manifest number used before"]


def test_a_refused_file_in_done_is_in_the_wrong_place() -> None:
    assert counted(judge([delivery(rows=3)])).misplaced


def test_a_file_in_the_inbox_without_a_note_is_pending() -> None:
    waiting = delivery(folder="inbox")
    taken = Delivery(waiting.name, "inbox", waiting.manifest, waiting.data, refused=False)

    assert counted(judge([taken])).pending


def bundle(*entries: dict[str, Any], more: str | None = None) -> dict[str, Any]:
    links = [{"relation": "next", "url": more}] if more else []
    return {"resourceType": "Bundle", "link": links, "entry": list(entries)}


def version(place: str, number: int) -> dict[str, Any]:
    type_, id_ = place.split("/")
    meta = {"versionId": str(number), "lastUpdated": f"2026-09-01T00:00:0{number}Z"}
    return {"resource": {"resourceType": type_, "id": id_, "meta": meta}}


def test_a_history_is_walked_to_its_end_through_a_busy_server() -> None:
    deleted = {
        "request": {"method": "DELETE", "url": "Patient/a"},
        "response": {"etag": 'W/"2"', "lastModified": "2026-09-01T00:00:09Z"},
    }
    pages = [
        httpx.Response(200, json={"access_token": "t"}),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(401),
        httpx.Response(200, json={"access_token": "u"}),
        httpx.Response(200, json=bundle(deleted, version("Device/d", 1), more="/fhir/x?page=2")),
        httpx.Response(503, headers={"Retry-After": "0"}),
        httpx.Response(200, json=bundle(version("Patient/a", 1))),
    ]
    transport = httpx.MockTransport(lambda _: pages.pop(0))

    source = fhir.read_fhir(fhir.Access("http://fhir", "hub", "secret"), transport)

    assert source.stated == {"Patient/a/1", "Patient/a/2"}
    assert source.not_ours == 1
    assert not pages


def test_refused_credentials_are_said() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(401))

    with pytest.raises(PermanentError, match="refuses our credentials"):
        fhir.read_fhir(fhir.Access("http://fhir", "hub", "secret"), transport)
