"""A person whose every field is a word that exists nowhere else, and how she gets into the hub.

She stands in all three registries, once rightly and once in records that break a rule; her words
are also what somebody mistakenly puts into requests and commands. Where no person may be found,
none of these words may be.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import date
from pathlib import Path
from typing import Final

import httpx
import psycopg

from ops.settings import Settings
from ops.simulator.fhir_store import FhirStore
from ops.simulator.health_records import PINFL_SYSTEM, Version, condition, referral
from ops.simulator.pinfl import pinfl

BORN_ON: Final = date(1987, 4, 23)
PINFL: Final = pinfl("F", BORN_ON, 614, 977)
CHILD_PINFL: Final = pinfl("M", date(2019, 8, 2), 614, 978)
STIR: Final = "498765437"  # a taxpayer without a PINFL
# Each begins like a word and is none. One per field, so that a find says whence it came.
WORDS: Final = {
    name: f"zqmarked{name}"
    for name in (
        "surname", "given", "patronymic", "newsurname", "newgiven", "newpatronymic", "childgiven",
        "address", "taxname", "patientfamily", "patientgiven", "referral",
        "badcivil", "badtax", "badhealth", "badfile", "wrongpath", "wrongquery", "wrongbody",
        "wrongheader", "wrongtoken", "wronggrant", "wrongcommand",
    )
}  # fmt: skip
SECRET_TEXTS: Final = frozenset(
    {text.encode() for text in (*WORDS.values(), PINFL, CHILD_PINFL, STIR)}
)
_ON: Final = "2026-09-20"
_COLUMNS: Final = {
    "person": "pinfl, surname, given_name, patronymic, sex, born_on, district",
    "birth": "child_pinfl, mother_pinfl, father_pinfl, surname, given_name, patronymic, sex,"
    " born_on, district",
    "name_change": "pinfl, surname, given_name, patronymic, changed_on",
    "residence": "pinfl, district, address, address_code, kind, from_on, until_on",
}


def into_civil(settings: Settings) -> None:
    """Write her and her child, a change of name, her address, and a record that breaks a rule."""
    name = (WORDS["surname"], WORDS["given"], WORDS["patronymic"])
    new = (WORDS["newsurname"], WORDS["newgiven"], WORDS["newpatronymic"])
    child = (WORDS["surname"], WORDS["childgiven"], None)
    address = WORDS["address"]
    rows: list[tuple[str, tuple[str | None, ...]]] = [
        ("person", ("zq1", PINFL, *name, "F", BORN_ON.isoformat(), "1703202")),
        ("person", ("zq2", PINFL, *name, "F", WORDS["badcivil"], "1703202")),
        ("birth", ("zq1", CHILD_PINFL, PINFL, None, *child, "M", "2019-08-02", "1703202")),
        ("name_change", ("zq1", PINFL, *new, "2024-01-15")),
        ("residence", ("zq1", PINFL, "1703202", address, "zq1", "home", "2015-05-05", None)),
    ]
    with psycopg.connect(settings.civil_dsn) as connection:
        for table, row in rows:
            marks = ", %s" * (len(row) - 1)
            connection.execute(
                f"INSERT INTO civil.{table} (record_id, revision, status, registered_at,"
                f" {_COLUMNS[table]}) VALUES (%s, 1, 'valid', '{_ON}'{marks})".encode(),
                row,
            )


def into_tax(settings: Settings) -> None:
    """Deliver her income, a taxpayer without a PINFL, a bad row; and a file that is refused."""
    inbox = settings.tax_drop_folder / "inbox"
    manifests = settings.tax_drop_folder.rglob("*.manifest.json")
    number = 1 + max((json.loads(path.read_bytes())["manifest"] for path in manifests), default=0)
    head = ["row", "change", "pinfl", "stir", "name", "employer_stir", "month", "gross"]
    rows = [
        ["1", "N", PINFL, "", "", "201122334", "2026-08", "1000000"],
        ["2", "N", "", STIR, WORDS["taxname"], "201122334", "2026-08", "2000000"],
        ["3", "N", PINFL, "", "", "201122334", "2026-07", WORDS["badtax"]],
    ]
    _deliver(inbox, number, [head, *rows])
    _deliver(inbox, number + 1, [[*head[:-1], WORDS["badfile"]], *rows])


def _deliver(inbox: Path, number: int, table: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(table)
    data, stem = out.getvalue().encode(), f"income-zq{number:04d}"
    manifest = {
        "manifest": number,
        "kind": "income",
        "period": "2026-08",
        "file": f"{stem}.csv",
        "rows": len(table) - 1,
        "sha256": hashlib.sha256(data).hexdigest(),
        "unit": "soum",
        "closes": None,
    }
    (inbox / f"{stem}.csv").write_bytes(data)
    draft = inbox / f".{stem}.part"
    draft.write_text(json.dumps(manifest), "utf-8")
    draft.rename(inbox / f"{stem}.manifest.json")


def into_health(store: Path) -> None:
    """Write her as a patient, a referral with its reason, and a diagnosis that breaks a rule."""
    patient = {
        "resourceType": "Patient",
        "name": [{"family": WORDS["patientfamily"], "given": [WORDS["patientgiven"]]}],
        "birthDate": BORN_ON.isoformat(),
        "identifier": [{"system": PINFL_SYSTEM, "value": PINFL}],
    }
    subject = {"subject": {"reference": "Patient/zq1"}}
    on = date.fromisoformat(_ON)
    bodies = [
        ("Patient", "zq1", patient),
        ("ServiceRequest", "zq2", referral(on, WORDS["referral"]) | subject),
        ("Condition", "zq3", condition(on, WORDS["badhealth"]) | subject),
    ]
    resources = FhirStore(store)
    resources.load(
        Version(on, kind, name, 1, body, updated_at=f"{_ON}T10:00:00.{place:03d}Z")
        for place, (kind, name, body) in enumerate(bodies)
    )
    resources.close()


def wrong_requests(settings: Settings, token: str) -> list[tuple[str, bytes]]:
    """Ask for her rightly, then with her words where none belong; return the answers to those."""
    signed = {"Authorization": f"Bearer {token}"}
    said = {
        "Hub-Purpose": "social-support",
        "Hub-Basis": "social-registry",
        "X-Note": WORDS["wrongheader"],
        "Content-Type": "application/json",
    }
    body = json.dumps({"pinfl": WORDS["wrongbody"], WORDS["wrongbody"]: PINFL}).encode()
    api, issuer = f"{settings.api_url}/v1", f"http://127.0.0.1:{settings.port('issuer')}"
    gate = f"http://127.0.0.1:{settings.port('schemas')}"
    path, query = WORDS["wrongpath"], WORDS["wrongquery"]
    with httpx.Client(timeout=30) as client:
        asked = client.post(f"{api}/persons/lookup", json={"pinfl": PINFL}, headers=said | signed)
        assert asked.status_code == httpx.codes.OK, asked.text
        assert_that_browsers_and_caches_get_nothing(asked)
        person = asked.json()["person"]
        calls = [
            ("GET", f"{api}/persons/{path}/needs", b""),
            ("GET", f"{api}/persons/{PINFL}/needs", b""),
            ("GET", f"{api}/persons/{person}/needs?as_of={query}", b""),
            ("GET", f"{api}/persons/{person}/facts?cursor={query}", b""),
            ("GET", f"{api}/{path}", b""),
            ("GET", f"{api}/registries?{query}={query}", b""),
            ("POST", f"{api}/persons/lookup", body),
            ("POST", f"{api}/persons/lookup", body[:-7]),
            ("POST", f"{api}/persons/lookup", b"\xff" + body),
            ("DELETE", f"{api}/persons/lookup?pinfl={PINFL}", body),
            ("GET", f"{gate}/subjects/{path}", b""),
            ("POST", f"{issuer}/oauth/token", body),
        ]
        answers = []
        for headers in (signed, {"Authorization": f"Bearer {WORDS['wrongtoken']}"}):
            for number, (method, url, content) in enumerate(calls):
                answer = client.request(method, url, content=content, headers=said | headers)
                assert answer.is_error, f"call {number}"
                if url.startswith(api):
                    assert_that_browsers_and_caches_get_nothing(answer)
                whole = answer.content + str(answer.headers).encode()
                answers.append((f"answer to wrong call {number}", whole))
        form = {"grant_type": WORDS["wronggrant"], "person": PINFL}
        answer = client.post(f"{issuer}/oauth/token", data=form)
        answers.append(("answer of the issuer", answer.content))
    return answers


def assert_that_browsers_and_caches_get_nothing(answer: httpx.Response) -> None:
    """Fail if an answer of the API may be kept, framed, guessed at or read by another site."""
    headers = answer.headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    for absent in ("set-cookie", "access-control-allow-origin", "server", "x-powered-by"):
        assert absent not in headers
