"""Apicurio, the schema registry; its schemas are rows of the stack's PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import httpx

from ops.secret_files import SCHEMA_REGISTRY, database_password, write_secret
from ops.settings import Settings
from ops.stack import artifacts
from ops.stack.kafka import JAVA_OPTIONS, archives, java
from ops.stack.server import Server, plain_environment


def _program(settings: Settings) -> Path:
    return settings.cache / f"registry-{artifacts.REGISTRY_VERSION}"


def _prepare(settings: Settings) -> None:
    folder = settings.home / "registry"
    folder.mkdir(exist_ok=True)
    unpack(settings)
    # In a file, since arguments and the environment of a process are shown to others. Quarkus reads
    # it from the working directory.
    lines = "".join(f"{name}={value}\n" for name, value in _configuration(settings).items())
    write_secret(folder / "config" / "application.properties", lines)


def unpack(settings: Settings) -> None:
    """Unpack the program into the cache, once."""
    (archive,) = (each for each in artifacts.pinned() if each.packaging == "tar.gz")
    artifacts.unpack(archives(settings) / archive.file_name, _program(settings))


def _configuration(settings: Settings) -> dict[str, object]:
    database = f"jdbc:postgresql://127.0.0.1:{settings.port('postgres')}/registry"
    return {
        "quarkus.http.host": "127.0.0.1",
        "quarkus.http.port": settings.port("registry"),
        # By default this one listens on every interface.
        "quarkus.management.host": "127.0.0.1",
        "quarkus.management.port": settings.port("registry_management"),
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "postgresql",
        "apicurio.datasource.url": database,
        "apicurio.datasource.username": SCHEMA_REGISTRY,
        "apicurio.datasource.password": database_password(settings.secrets_folder, SCHEMA_REGISTRY),
    }


def _command(settings: Settings) -> list[str]:
    program = str(_program(settings) / "quarkus-run.jar")
    return [java(), "-Xms64m", "-Xmx192m", *JAVA_OPTIONS, "-jar", program]


def _answers(settings: Settings) -> bool:
    health = f"http://127.0.0.1:{settings.port('registry_management')}/health/ready"
    subjects = f"http://127.0.0.1:{settings.port('registry')}/apis/ccompat/v7/subjects"
    try:
        return all(
            httpx.get(url, timeout=5).status_code == httpx.codes.OK for url in (health, subjects)
        )
    except httpx.TransportError:
        return False


SERVER = Server(
    name="registry",
    version=artifacts.REGISTRY_VERSION,
    ports=("registry", "registry_management"),
    prepare=_prepare,
    command=_command,
    folder=lambda settings: settings.home / "registry",
    answers=_answers,
    environment=plain_environment,
)
