"""The compose file: no container engine is at hand, so its contract is checked instead."""

from __future__ import annotations

import inspect
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from ops.run.components import CONNECTORS, VERSION, components
from ops.secret_files import BROKER, KAFKA_PRINCIPALS, kafka_file
from ops.settings import DATABASES, Settings
from ops.stack.stack import COMPONENT_STOP_SECONDS, SERVERS

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


def test_no_password_stands_in_the_file_or_in_an_environment(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or str(value).startswith("/run/secrets/")
            said = re.findall(r'password="([^"]*)"', str(value)) + re.findall(
                r"\bpassword=([^\s\"]+)", str(value)
            )
            assert {each for each in said if not each.startswith("$${file:/run/secrets/")} == set()


def test_every_secret_is_a_file_that_the_head_says_how_to_make(compose: dict[str, Any]) -> None:
    handed = {
        name
        for service in compose["services"].values()
        for name in (each if isinstance(each, str) else each["source"] for each in secrets(service))
    }

    assert set(compose["secrets"]) == handed
    assert {f"./secrets/{name}" for name in handed} == {
        secret["file"] for secret in compose["secrets"].values()
    }


# What a component is handed beside the certificate and the line for its role.
_KEYS_OF_IDS = {"person_key", "event_key", "digest_key"}
_HANDED: dict[str, set[str]] = {
    "roles": set(),
    "init": {kafka_file(principal) for principal in (BROKER, *KAFKA_PRINCIPALS)},
    "sequencer": set(),
    "integrator": {"audit_key", "log_key"},
    "worker": _KEYS_OF_IDS | {"kafka_worker"},
    "assessor": _KEYS_OF_IDS,
    "clock": set(),
    **{f"connector-{name}": _KEYS_OF_IDS | {f"kafka_connector-{name}"} for name in CONNECTORS},
    "feeds": {"pseudonym_key", "kafka_feeds"},
    "schemas": set(),
    "api": _KEYS_OF_IDS | {"token_key"},
    "issuer": {"token_key"},
    "desk": _KEYS_OF_IDS | {"pseudonym_key", "audit_key", "log_key", "kafka_admin", "kafka_reader"},
}
_HANDED["connector-health"] |= {"fhir_client_secret"}
_ONCE = {"roles", "init", "desk"}  # end by themselves
_OWNERS = {"roles", "init", "desk"}  # act as the owner of the databases


def test_each_component_is_handed_its_own_secrets_and_no_others(compose: dict[str, Any]) -> None:
    hubs = {name: each for name, each in compose["services"].items() if "build" in each}
    assert set(hubs) == set(_HANDED)
    for name, service in hubs.items():
        home = service["environment"]["HUB_HOME"]
        targets = {each["source"]: each["target"] for each in service["secrets"]}
        passwords = {source for source in targets if source.startswith("pgpass")}
        assert set(targets) - passwords == _HANDED[name] | {"ca.pem"}
        assert len(passwords) == 1
        assert ("pgpass" in passwords) == (name in _OWNERS)
        for source, target in targets.items():
            assert target == f"{home}/secrets/{'pgpass' if source in passwords else source}"


def test_kafka_and_postgresql_are_reached_through_tls_with_a_password(
    compose: dict[str, Any],
) -> None:
    kafka = compose["services"]["kafka"]["environment"]
    protocols = kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert {each.partition(":")[2] for each in protocols} == {"SASL_SSL"}
    assert kafka["KAFKA_AUTHORIZER_CLASS_NAME"].endswith("StandardAuthorizer")
    assert kafka["KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND"] == "false"
    rules = [line.split() for line in compose["configs"]["hba"]["content"].splitlines()]
    assert {(rule[0], rule[-1]) for rule in rules} == {
        ("local", "scram-sha-256"),
        ("hostssl", "scram-sha-256"),
    }
    for service in compose["services"].values():
        if "build" in service:
            settings = Settings.from_environment(
                {
                    name: _DEFAULT.sub(r"\1", str(each))
                    for name, each in service["environment"].items()
                }
            )
            assert settings.kafka_protocol == "SASL_SSL"
            dsns = (settings.hub_dsn, settings.keys_dsn, settings.civil_dsn, settings.pipeline_dsn)
            assert all("sslmode=verify-full" in dsn for dsn in dsns)


def test_every_component_of_the_local_stack_has_a_service_and_no_other_has(
    compose: dict[str, Any],
) -> None:
    local = {each.name: each for each in components(Settings.from_environment({}), 1)}
    local["worker"] = local.pop("worker-1")
    running = {
        name: each
        for name, each in compose["services"].items()
        if "build" in each and each["command"][0] == "run"
    }

    assert set(running) == set(local)
    assert {name for name in _HANDED if name not in running} == _ONCE
    for name, service in running.items():
        assert tuple(service["command"][1:]) == local[name].arguments
        # The issuer is for development; who runs this has one.
        assert service.get("profiles", []) == (["development"] if name == "issuer" else [])
        published = [f"127.0.0.1:{port}:{port}" for port in [local[name].port] if port]
        assert service.get("ports", []) == published, "nothing is published without need"
        assert (service["environment"].get("HUB_LISTEN") == "0.0.0.0") == bool(published)
        place = f":{local[name].port}/" if published else None
        assert place is None or service["healthcheck"]["test"][-1].startswith(place)
    servers = {name: each for name, each in compose["services"].items() if "build" not in each}
    assert set(servers) == set(SERVERS)
    assert not any("ports" in each for each in servers.values())


def test_what_runs_on_is_watched_bounded_and_ended_in_peace(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["logging"]["options"]["max-size"], name
        assert "no-new-privileges:true" in service["security_opt"]
        if name in _ONCE:
            assert service["restart"] == ("no" if name == "desk" else "on-failure")
            continue
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert int(service.get("stop_grace_period", "10s")[:-1]) > (
            COMPONENT_STOP_SECONDS if name != "registry" else 0
        ), "killed before it may be"
        if "build" in service:
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert service["image"].endswith(f":{VERSION}")


def test_a_health_check_asks_for_what_the_component_holds(compose: dict[str, Any]) -> None:
    """Kafka for whoever has a password there, PostgreSQL for whoever works in tables only."""
    for name, service in compose["services"].items():
        if "build" not in service or name in _ONCE or "ports" in service:
            continue
        assert service["healthcheck"]["test"][:4] == ["CMD", "python", "-m", "ops.run.healthy"]
        ports = set(service["healthcheck"]["test"][4:])
        assert ("9092" in ports) == any(each.startswith("kafka_") for each in _HANDED[name])
        assert "5432" in ports or name.startswith("connector-")


def test_each_waits_for_what_it_needs(compose: dict[str, Any]) -> None:
    def waits(name: str) -> dict[str, str]:
        wanted = compose["services"][name].get("depends_on", {})
        return {each: said["condition"].removeprefix("service_") for each, said in wanted.items()}

    assert waits("roles") == {"postgres": "healthy"}
    assert waits("registry") == {"roles": "completed_successfully"}
    assert waits("init") == dict.fromkeys(SERVERS, "healthy")
    for name in set(_HANDED) - {"roles", "init"}:
        assert waits(name) == {"init": "completed_successfully"}, name


# What a container has no use for: it has one home, no local servers, no supervisor, a real clock;
# roles follow from HUB_DSN, and another Kafka is spoken to through TLS anyhow.
_NOT_IN_CONTAINERS = {
    "HUB_CACHE",
    "HUB_PORT_BASE",
    "HUB_COMPONENT",
    "HUB_TODAY",
    "HUB_KAFKA_PROTOCOL",
    "HUB_API_DSN",
    "HUB_PIPELINE_DSN",
    "HUB_AUDIT_DSN",
}


def test_every_setting_is_set_or_has_no_use_here(compose: dict[str, Any]) -> None:
    known = set(re.findall(r'"(HUB_[A-Z_]+)"', inspect.getsource(Settings.from_environment)))
    hubs = [each for each in compose["services"].values() if "build" in each]
    said = {name for service in hubs for name in service["environment"]}

    assert said == known - _NOT_IN_CONTAINERS
    assert known >= _NOT_IN_CONTAINERS


def secrets(service: dict[str, Any]) -> list[Any]:
    return list(service.get("secrets", []))


def test_every_database_is_made(compose: dict[str, Any]) -> None:
    content = compose["configs"]["databases"]["content"]

    assert all(f"CREATE DATABASE {name};" in content for name in DATABASES if name != "hub")
