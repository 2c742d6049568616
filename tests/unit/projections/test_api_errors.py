"""An error of the API repeats nothing that was sent, names of fields included."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from projections.api import create_app
from schemas.ids import PersonId

PINFL = "30211975910033"  # the published example


def post(body: object) -> httpx.Response:
    queries: Any = None  # never asked
    app = create_app(queries, lambda _: PersonId(bytes(16)))

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.post("/v1/persons/lookup", json=body)

    return asyncio.run(send())


def test_a_number_sent_as_the_name_of_a_field_is_not_repeated() -> None:
    answer = post({"pinfl": PINFL, PINFL: True})

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:registry-hub:problem:invalid-request"
    assert PINFL not in answer.text
