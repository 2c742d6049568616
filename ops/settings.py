"""What the hub needs to know about its surroundings, read once from the environment.

The only module that reads the environment. Everything wrong with it is reported
together. No secret has a default: the local stack writes random ones into files on
the first ``hub up``, and nothing else ever invents one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from ops import secret_files
from ops.homes import default_home, others_can_enter
from ops.secret_files import SECRET_NAMES, Secrets, SettingsError, create_secrets, read_secrets
from ops.surroundings import (
    Reader,
    address,
    as_role,
    day,
    folder,
    one_of,
    origin,
    switch,
    url,
    whole,
)
from schemas.ids import Keys

__all__ = [
    "DATABASES",
    "PORT_OFFSETS",
    "SECRET_NAMES",
    "Secrets",
    "Settings",
    "SettingsError",
    "create_secrets",
    "default_home",
    "others_can_enter",
    "read_secrets",
]

# What each server listens on, counted from HUB_PORT_BASE.
PORT_OFFSETS = {
    "postgres": 32,
    "api": 80,
    "registry": 81,
    "registry_management": 82,
    "issuer": 83,
    "schemas": 84,
    "fhir": 90,
    "kafka": 92,
    "kafka_controller": 93,
}
DATABASES = ("hub", "hub_keys", "civil", "registry")

_HIGHEST_BASE = 65535 - max(PORT_OFFSETS.values())
_PROTOCOLS: Final = ("SASL_PLAINTEXT", "SASL_SSL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the hub takes from outside."""

    home: Path  # data, logs, records of processes, secrets
    cache: Path  # downloads; may be shared by many homes
    port_base: int = 29000
    partitions: int = 4  # of each event topic; never changes for an existing topic
    pinfl_check_digit: bool = True
    today_override: date | None = None  # None = the real date
    listen: str = "127.0.0.1"  # where what answers HTTP listens
    component: str = ""  # the name under which the supervisor started this process
    bootstrap_override: str = ""
    kafka_protocol_override: str = ""
    kafka_ca: Path | None = None  # who signs Kafka's certificate; None = whom the system trusts
    registry_override: str = ""
    fhir_override: str = ""
    tax_override: Path | None = None
    hub_dsn_override: str = field(default="", repr=False)  # may hold a password
    keys_dsn_override: str = field(default="", repr=False)
    civil_dsn_override: str = field(default="", repr=False)
    api_dsn_override: str = field(default="", repr=False)
    pipeline_dsn_override: str = field(default="", repr=False)
    audit_dsn_override: str = field(default="", repr=False)
    issuer_override: str = ""
    jwks_override: str = ""  # a URL, or a file that holds the key set
    audit_origin: str = "hub.example.uz/audit"  # the log's name: where outsiders will read it

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Return the settings of this process.

        Raises:
            SettingsError: every fault, one per line.
        """
        read = Reader(os.environ if environ is None else environ)
        settings = cls(
            home=read.of("HUB_HOME", folder, default_home(Path.cwd(), os.geteuid())),
            cache=read.of("HUB_CACHE", folder, Path.home() / ".cache" / "registry-hub"),
            port_base=read.of("HUB_PORT_BASE", whole(1024, _HIGHEST_BASE), 29000),
            partitions=read.of("HUB_PARTITIONS", whole(1, 1000), 4),
            pinfl_check_digit=read.of("HUB_PINFL_CHECK_DIGIT", switch, True),
            today_override=read.of("HUB_TODAY", day, None),
            listen=read.of("HUB_LISTEN", address, "127.0.0.1"),
            component=read.of("HUB_COMPONENT", str, ""),
            bootstrap_override=read.of("HUB_BOOTSTRAP_SERVERS", str, ""),
            kafka_protocol_override=read.of("HUB_KAFKA_PROTOCOL", one_of(*_PROTOCOLS), ""),
            kafka_ca=read.of("HUB_KAFKA_CA", folder, None),
            registry_override=read.of("HUB_REGISTRY_URL", url, ""),
            fhir_override=read.of("HUB_FHIR_URL", url, ""),
            tax_override=read.of("HUB_TAX_FOLDER", folder, None),
            hub_dsn_override=read.of("HUB_DSN", str, ""),
            keys_dsn_override=read.of("HUB_KEYS_DSN", str, ""),
            civil_dsn_override=read.of("HUB_CIVIL_DSN", str, ""),
            api_dsn_override=read.of("HUB_API_DSN", str, ""),
            pipeline_dsn_override=read.of("HUB_PIPELINE_DSN", str, ""),
            audit_dsn_override=read.of("HUB_AUDIT_DSN", str, ""),
            issuer_override=read.of("HUB_ISSUER", url, ""),
            jwks_override=read.of("HUB_JWKS", str, ""),
            audit_origin=read.of("HUB_AUDIT_ORIGIN", origin, "hub.example.uz/audit"),
        )
        if read.faults:
            raise SettingsError("\n".join(read.faults))
        return settings

    def as_environment(self) -> dict[str, str]:
        """Return the variables from which another process reads these very settings."""
        given = {
            "HUB_HOME": str(self.home),
            "HUB_CACHE": str(self.cache),
            "HUB_PORT_BASE": str(self.port_base),
            "HUB_PARTITIONS": str(self.partitions),
            "HUB_PINFL_CHECK_DIGIT": "on" if self.pinfl_check_digit else "off",
            "HUB_TODAY": "" if self.today_override is None else self.today_override.isoformat(),
            "HUB_LISTEN": self.listen,
            "HUB_BOOTSTRAP_SERVERS": self.bootstrap_override,
            "HUB_KAFKA_PROTOCOL": self.kafka_protocol_override,
            "HUB_KAFKA_CA": str(self.kafka_ca or ""),
            "HUB_REGISTRY_URL": self.registry_override,
            "HUB_FHIR_URL": self.fhir_override,
            "HUB_TAX_FOLDER": str(self.tax_override or ""),
            "HUB_DSN": self.hub_dsn_override,
            "HUB_KEYS_DSN": self.keys_dsn_override,
            "HUB_CIVIL_DSN": self.civil_dsn_override,
            "HUB_API_DSN": self.api_dsn_override,
            "HUB_PIPELINE_DSN": self.pipeline_dsn_override,
            "HUB_AUDIT_DSN": self.audit_dsn_override,
            "HUB_ISSUER": self.issuer_override,
            "HUB_JWKS": self.jwks_override,
            "HUB_AUDIT_ORIGIN": self.audit_origin,
        }
        return {name: value for name, value in given.items() if value}

    def port(self, name: str) -> int:
        """Return the port of one server of the local stack."""
        return self.port_base + PORT_OFFSETS[name]

    @property
    def bootstrap_servers(self) -> str:
        return self.bootstrap_override or f"127.0.0.1:{self.port('kafka')}"

    def kafka(self, principal: str) -> dict[str, Any]:
        """Return what a client of kafka-python needs to be ``principal`` at Kafka.

        Raises:
            SettingsError: the principal's password is missing.
        """
        config = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.kafka_protocol,
            "sasl_mechanism": "PLAIN" if principal == secret_files.BROKER else "SCRAM-SHA-512",
            "sasl_plain_username": principal,
            "sasl_plain_password": secret_files.kafka_password(self.secrets_folder, principal),
        }
        if self.kafka_ca is not None:
            config["ssl_cafile"] = str(self.kafka_ca)
        return config

    @property
    def kafka_protocol(self) -> str:
        """SASL without TLS never leaves the machine unless somebody says so."""
        elsewhere = "SASL_SSL" if self.bootstrap_override else "SASL_PLAINTEXT"
        return self.kafka_protocol_override or elsewhere

    @property
    def registry_url(self) -> str:
        """Where the schema registry speaks the Confluent API."""
        local = f"http://127.0.0.1:{self.port('registry')}/apis/ccompat/v7"
        return self.registry_override or local

    @property
    def hub_dsn(self) -> str:
        """The hub's tables, as their owner: migrations, replay, operators' commands."""
        return self.hub_dsn_override or self.dsn("hub")

    @property
    def keys_dsn(self) -> str:
        return self.keys_dsn_override or self.dsn("hub_keys")

    @property
    def civil_dsn(self) -> str:
        return self.civil_dsn_override or self.dsn("civil")

    @property
    def civil_source_dsn(self) -> str:
        """The civil registry's database for its connector, which only reads."""
        return self.civil_dsn_override or self.dsn("civil", secret_files.CIVIL_CONNECTOR)

    @property
    def pipeline_dsn(self) -> str:
        """The hub's tables for what carries events: data, no structure."""
        return self.pipeline_dsn_override or as_role(self.hub_dsn, "hub_pipeline")

    @property
    def api_dsn(self) -> str:
        """The hub's tables for the query API, held by row security."""
        return self.api_dsn_override or as_role(self.hub_dsn, "hub_api")

    @property
    def audit_dsn(self) -> str:
        """The hub's tables for the log's integrator: the leaves and nothing else."""
        return self.audit_dsn_override or as_role(self.hub_dsn, "hub_audit")

    def dsn(self, database: str, role: str = secret_files.OWNER) -> str:
        """Return how ``role`` reaches a database of the local stack; holds no password."""
        place = f"host=127.0.0.1 port={self.port('postgres')} user={role} dbname={database}"
        passfile = str(self.secrets_folder / secret_files.PASSFILE)
        quoted = passfile.replace("\\", "\\\\").replace("'", "\\'")
        return f"{place} passfile='{quoted}'"

    def local_dsn(self, database: str) -> str:
        """Return how the owner reaches a database of the local stack."""
        return self.dsn(database)

    @property
    def issuer_url(self) -> str:
        """Who issues the query API's tokens, as its tokens name it."""
        return self.issuer_override or f"http://127.0.0.1:{self.port('issuer')}"

    @property
    def jwks(self) -> str:
        """Where the issuer's public keys are: a URL or a file."""
        return self.jwks_override or f"{self.issuer_url}/.well-known/jwks.json"

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port('api')}"

    @property
    def fhir_url(self) -> str:
        return self.fhir_override or f"http://127.0.0.1:{self.port('fhir')}"

    @property
    def tax_drop_folder(self) -> Path:
        return self.tax_override or self.home / "tax"

    @property
    def today(self) -> date:
        """The date for which needs are assessed; the civil calendar day in UTC."""
        return self.today_override or datetime.now(UTC).date()

    @property
    def secrets(self) -> Secrets:
        """The keys under ``home/secrets``; see there what it raises."""
        return Secrets(self.secrets_folder)

    @property
    def secrets_folder(self) -> Path:
        return self.home / "secrets"

    @property
    def keys(self) -> Keys:
        """The keys that ids are derived under.

        Raises:
            SettingsError: as ``secrets``.
        """
        secrets = self.secrets
        return Keys(secrets.person_key, secrets.event_key, secrets.digest_key)
