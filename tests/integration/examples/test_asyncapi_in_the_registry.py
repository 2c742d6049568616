"""A judge of AsyncAPI that shares nothing with us: the schema registry's own validator.

It finds references that lead nowhere and operations that are none; which fields an object may have
is judged by ``tests/unit/ops/asyncapi``, and Avro by fastavro there.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ops.asyncapi.command import whole
from ops.settings import Settings


@pytest.fixture
def judge(
    stack: Settings, unique_name: Callable[[str], str]
) -> Callable[[dict[str, Any]], httpx.Response]:
    api = f"http://127.0.0.1:{stack.port('registry')}/apis/registry/v3"
    group = unique_name("asyncapi")
    httpx.post(f"{api}/groups", json={"groupId": group}, timeout=60).raise_for_status()
    rule = {"ruleType": "VALIDITY", "config": "FULL"}
    httpx.post(f"{api}/groups/{group}/rules", json=rule, timeout=60).raise_for_status()

    def judge(document: dict[str, Any]) -> httpx.Response:
        content = {"content": json.dumps(document), "contentType": "application/json"}
        artifact = {
            "artifactId": "hub",
            "artifactType": "ASYNCAPI",
            "firstVersion": {"content": content},
        }
        url = f"{api}/groups/{group}/artifacts?dryRun=true"
        return httpx.post(url, json=artifact, timeout=60)

    return judge


def test_the_registry_takes_the_document_and_refuses_a_spoilt_one(
    judge: Callable[[dict[str, Any]], httpx.Response],
) -> None:
    document = whole()
    assert judge(document).status_code == httpx.codes.OK

    for change in ({"action": "publish"}, {"channel": {"$ref": "#/channels/none"}}):
        spoilt = copy.deepcopy(document)
        spoilt["operations"]["write.feed"].update(change)
        answer = judge(spoilt)
        assert answer.status_code == httpx.codes.BAD_REQUEST
        assert "not semantically valid" in answer.text
