"""Kafka as docker-compose.yml sets it up, with the files that its head says how to make."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from confluent_kafka import KafkaError, KafkaException  # type: ignore[import-untyped]
from confluent_kafka.admin import AdminClient  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from ops.secret_files import ADMIN, BROKER
from ops.settings import Settings
from ops.stack import acls, artifacts, kafka
from ops.stack.server import plain_environment
from ops.stack.users import create_users
from schemas import topics
from streams.clients import for_aiokafka
from streams.topics import unread
from tests.integration.stack.asking import Asker

_COMPOSE: Final = Path(__file__).parents[3] / "docker-compose.yml"
_NOT_FOR_KAFKA: Final = {"KAFKA_HEAP_OPTS"}  # the image's own
_SECONDS: Final = 180.0  # others may be at work beside


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the head's commands were run."""
    folder = tmp_path_factory.mktemp("compose")
    head = _COMPOSE.read_text("utf-8").partition("\nname:")[0]
    commands = re.findall(r"^#   (?!sudo|docker)(.*)$", head, re.MULTILINE)
    script = "set -eu\n" + "\n".join(commands).replace("DNS:$server", "DNS:$server,IP:127.0.0.1")
    subprocess.run(["/bin/sh", "-c", script], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def broker(made: Path, free_base: int) -> Iterator[Settings]:
    """A broker of its own as the compose file has it, but for addresses and folders."""
    settings = Settings(
        home=made,
        cache=Settings.from_environment({}).cache,
        port_base=free_base,
        kafka_protocol_override="SASL_SSL",
        kafka_ca=made / "secrets" / "ca.pem",
    )
    (made / "server.properties").write_text(properties(settings), "utf-8")
    jars = [
        str(kafka.archives(settings) / each.file_name)
        for each in artifacts.pinned()
        if each.packaging == "jar"
    ]
    java = [kafka.java(), "-Xmx256m", *kafka.JAVA_OPTIONS, "-cp", ":".join(jars)]
    given: dict[str, Any] = {"cwd": made, "env": plain_environment()}
    command = ["kafka.tools.StorageTool", "format", "--cluster-id=test", "-c", "server.properties"]
    subprocess.run([*java, *command], check=True, capture_output=True, **given)
    with (made / "log").open("wb") as log:
        process = subprocess.Popen(
            [*java, "kafka.Kafka", "server.properties"], stdout=log, stderr=log, **given
        )
    try:
        deadline = time.monotonic() + _SECONDS
        while not kafka.port_is_open(settings.port("kafka")):
            assert process.poll() is None, (made / "log").read_text("utf-8")[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)
        create_users(settings)
        yield settings
    finally:
        process.kill()
        process.wait()


def properties(settings: Settings) -> str:
    """What the image makes of the compose file's environment."""
    content = YAML(typ="safe").load(_COMPOSE.read_text("utf-8"))
    lines = {}
    for name, value in content["services"]["kafka"]["environment"].items():
        if name not in _NOT_FOR_KAFKA:
            key = name.removeprefix("KAFKA_").lower()
            key = key.replace("___", "-").replace("__", "\0").replace("_", ".").replace("\0", "_")
            lines[key] = str(value).replace("$$", "$")
    ports = {"9092": settings.port("kafka"), "9093": settings.port("kafka_controller")}
    text = "\n".join(f"{key}={value}" for key, value in lines.items())
    for port, here in ports.items():
        text = text.replace(f"kafka:{port}", f"127.0.0.1:{here}")
        text = text.replace(f"://:{port}", f"://127.0.0.1:{here}")
    text = text.replace("/run/secrets", str(settings.secrets_folder))
    return text.replace("/var/lib/kafka/data", str(settings.home / "data")) + "\n"


def codes(config: Mapping[str, Any]) -> set[int]:
    """Return the codes of what a client meets; empty when it is let in."""
    met: list[int] = []
    client = AdminClient({**config, "error_cb": lambda error: met.append(error.code())})
    deadline = time.monotonic() + 20
    while not met and time.monotonic() < deadline:
        try:
            client.list_topics(timeout=0.5)
        except KafkaException:
            client.poll(0.1)
        else:
            return set()
    return set(met)


def librdkafka(settings: Settings) -> dict[str, Any]:
    config = settings.kafka("worker")
    return {
        "bootstrap.servers": config["bootstrap_servers"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": config["sasl_mechanism"],
        "sasl.username": config["sasl_plain_username"],
        "sasl.password": config["sasl_plain_password"],
        "ssl.ca.location": config["ssl_cafile"],
    }


def test_rules_and_users_come_through_tls(broker: Settings) -> None:
    acls.apply(broker.kafka(ADMIN))
    worker = Asker(broker.kafka("worker"))
    try:
        assert worker.may("READ", [topics.OPERATOR, topics.NEEDS]) == {
            topics.OPERATOR: True,
            topics.NEEDS: False,
        }
    finally:
        worker.close()
    assert unread(broker.kafka("reader"), {}) == set()
    assert not acls.drift(broker.kafka(ADMIN))


def test_with_the_authority_that_signed_it_a_client_is_let_in(broker: Settings) -> None:
    assert codes(librdkafka(broker)) == set()


def test_a_client_that_trusts_another_authority_hangs_up(broker: Settings, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-new", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=other",
         "-keyout", str(tmp_path / "other.key"), "-out", str(other)],
        check=True,
        capture_output=True,
    )  # fmt: skip

    assert KafkaError._SSL in codes(librdkafka(broker) | {"ssl.ca.location": str(other)})


@pytest.mark.parametrize("protocol", ["SSL", "PLAINTEXT", "SASL_PLAINTEXT"])
def test_without_a_name_or_without_tls_nobody_gets_in(broker: Settings, protocol: str) -> None:
    assert codes(librdkafka(broker) | {"security.protocol": protocol})


def test_a_wrong_password_is_refused_inside_tls(broker: Settings) -> None:
    refused = codes(librdkafka(broker) | {"sasl.password": "wrong"})

    assert KafkaError._AUTHENTICATION in refused


def test_aiokafka_gets_in_as_well(broker: Settings) -> None:
    async def brokers() -> int:
        client = AIOKafkaAdminClient(**for_aiokafka(broker.kafka(BROKER)))
        await client.start()
        try:
            return len((await client.describe_cluster())["brokers"])
        finally:
            await client.close()

    assert asyncio.run(brokers()) == 1
