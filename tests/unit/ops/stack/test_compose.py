"""The compose file: no container engine is at hand, so its contract is checked instead."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from ops.settings import DATABASES, SECRET_NAMES, Settings

PROJECT = Path(__file__).parents[4]
COMPOSE = PROJECT / "docker-compose.yml"
_DEFAULT = re.compile(r"\$\{[A-Z_]+:-([^}]*)\}")  # what stands where the operator says nothing


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(COMPOSE.read_text())
    return content


@pytest.fixture(scope="module")
def specification() -> Draft202012Validator:
    """The compose specification that check-jsonschema carries."""
    spec = find_spec("check_jsonschema")
    assert spec is not None
    assert spec.origin is not None
    vendor = Path(spec.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    return Draft202012Validator(json.loads(vendor.read_text()))


def test_it_fits_the_compose_specification(
    compose: dict[str, Any], specification: Draft202012Validator
) -> None:
    assert [error.message for error in specification.iter_errors(compose)] == []


def test_a_wrong_file_would_be_noticed(specification: Draft202012Validator) -> None:
    wrong = {"services": {"kafka": {"imag": "apache/kafka"}}}

    assert not specification.is_valid(wrong)


def test_it_runs_the_same_versions_as_the_local_stack(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in compose["services"].values() if "image" in service}

    assert images >= {
        "apache/kafka:4.3.1",
        "apicurio/apicurio-registry:3.3.3",
        "postgres:18",
    }


def test_every_server_has_a_health_check_and_keeps_its_data(compose: dict[str, Any]) -> None:
    servers = {name: compose["services"][name] for name in ("kafka", "registry", "postgres")}

    assert all("healthcheck" in server for server in servers.values())
    for name in ("kafka", "postgres"):
        (volume,) = (v.split(":")[0] for v in servers[name]["volumes"] if not v.startswith("."))
        assert volume in compose["volumes"]


def test_the_hub_gets_settings_that_it_understands(compose: dict[str, Any]) -> None:
    hubs = [service for service in compose["services"].values() if "build" in service]
    assert len(hubs) >= 9

    for service in hubs:
        environment = {
            name: _DEFAULT.sub(r"\1", str(value)) for name, value in service["environment"].items()
        }
        settings = Settings.from_environment(environment)
        assert settings.bootstrap_servers == "kafka:9092"
        assert "127.0.0.1" not in settings.registry_url + settings.hub_dsn + settings.keys_dsn


def test_nothing_is_published_beyond_loopback(compose: dict[str, Any]) -> None:
    ports = [port for each in compose["services"].values() for port in each.get("ports", [])]

    assert ports
    assert all(str(port).startswith("127.0.0.1:") for port in ports)


def test_no_password_stands_in_the_file(compose: dict[str, Any]) -> None:
    environments = [each.get("environment", {}) for each in compose["services"].values()]
    passwords = [
        value for each in environments for name, value in each.items() if "PASSWORD" in name
    ]

    assert len(passwords) > len(environments) / 2
    assert all(value.startswith("${HUB_POSTGRES_PASSWORD:?") for value in passwords)


def test_every_secret_of_the_hub_is_handed_in_as_a_file(compose: dict[str, Any]) -> None:
    assert set(compose["secrets"]) == set(SECRET_NAMES)

    for service in compose["services"].values():
        if "build" in service:
            home = service["environment"]["HUB_HOME"]
            targets = {secret["source"]: secret["target"] for secret in service["secrets"]}
            assert targets == {name: f"{home}/secrets/{name}" for name in SECRET_NAMES}


def test_every_database_is_made(compose: dict[str, Any]) -> None:
    content = compose["configs"]["databases"]["content"]

    assert all(f"CREATE DATABASE {name};" in content for name in DATABASES if name != "hub")
