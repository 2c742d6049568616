"""What the hub needs to know about its surroundings, read once from the environment.

The only module that reads the environment. Everything wrong with it is reported
together. No secret has a default: the local stack writes random ones into files on
the first ``hub up``, and nothing else ever invents one.
"""

from __future__ import annotations

import hashlib
import os
import secrets as random_bytes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TypeVar

from schemas.errors import PermanentError

# What each server listens on, counted from HUB_PORT_BASE.
PORT_OFFSETS = {
    "postgres": 32,
    "api": 80,
    "registry": 81,
    "registry_management": 82,
    "fhir": 90,
    "kafka": 92,
    "kafka_controller": 93,
}
DATABASES = ("hub", "hub_keys", "civil", "registry")
SECRET_NAMES = ("person_key", "event_key", "digest_key", "wrapping_key")
SECRET_BYTES = 32

_HIGHEST_BASE = 65535 - max(PORT_OFFSETS.values())
_SHARED_HOME = Path("/var/lib/registry-hub")
_T = TypeVar("_T")


class SettingsError(PermanentError):
    """The environment says something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys, read from files that only the owner may read; never printed."""

    person_key: bytes = field(repr=False)  # person ids are an HMAC of the PINFL under it
    event_key: bytes = field(repr=False)  # event ids
    digest_key: bytes = field(repr=False)  # content digests that compare repeats
    wrapping_key: bytes = field(repr=False)  # wraps the keys of the key store


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the hub takes from outside."""

    home: Path  # data, logs, records of processes, secrets
    cache: Path  # downloads; may be shared by many homes
    port_base: int = 29000
    partitions: int = 4  # of each event topic; never changes for an existing topic
    pinfl_check_digit: bool = True
    today_override: date | None = None  # None = the real date
    component: str = ""  # the name under which the supervisor started this process
    bootstrap_override: str = ""
    registry_override: str = ""
    fhir_override: str = ""
    tax_override: Path | None = None
    hub_dsn_override: str = field(default="", repr=False)  # may hold a password
    keys_dsn_override: str = field(default="", repr=False)
    civil_dsn_override: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Return the settings of this process.

        Raises:
            SettingsError: every fault, one per line.
        """
        read = _Reader(os.environ if environ is None else environ)
        settings = cls(
            home=read.of("HUB_HOME", _folder, default_home(Path.cwd(), os.geteuid())),
            cache=read.of("HUB_CACHE", _folder, Path.home() / ".cache" / "registry-hub"),
            port_base=read.of("HUB_PORT_BASE", _whole(1024, _HIGHEST_BASE), 29000),
            partitions=read.of("HUB_PARTITIONS", _whole(1, 1000), 4),
            pinfl_check_digit=read.of("HUB_PINFL_CHECK_DIGIT", _switch, True),
            today_override=read.of("HUB_TODAY", _date, None),
            component=read.of("HUB_COMPONENT", str, ""),
            bootstrap_override=read.of("HUB_BOOTSTRAP_SERVERS", str, ""),
            registry_override=read.of("HUB_REGISTRY_URL", _url, ""),
            fhir_override=read.of("HUB_FHIR_URL", _url, ""),
            tax_override=read.of("HUB_TAX_FOLDER", _folder, None),
            hub_dsn_override=read.of("HUB_DSN", str, ""),
            keys_dsn_override=read.of("HUB_KEYS_DSN", str, ""),
            civil_dsn_override=read.of("HUB_CIVIL_DSN", str, ""),
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
            "HUB_BOOTSTRAP_SERVERS": self.bootstrap_override,
            "HUB_REGISTRY_URL": self.registry_override,
            "HUB_FHIR_URL": self.fhir_override,
            "HUB_TAX_FOLDER": str(self.tax_override or ""),
            "HUB_DSN": self.hub_dsn_override,
            "HUB_KEYS_DSN": self.keys_dsn_override,
            "HUB_CIVIL_DSN": self.civil_dsn_override,
        }
        return {name: value for name, value in given.items() if value}

    def port(self, name: str) -> int:
        """Return the port of one server of the local stack."""
        return self.port_base + PORT_OFFSETS[name]

    @property
    def bootstrap_servers(self) -> str:
        return self.bootstrap_override or f"127.0.0.1:{self.port('kafka')}"

    @property
    def registry_url(self) -> str:
        """Where the schema registry speaks the Confluent API."""
        local = f"http://127.0.0.1:{self.port('registry')}/apis/ccompat/v7"
        return self.registry_override or local

    @property
    def hub_dsn(self) -> str:
        return self.hub_dsn_override or self.local_dsn("hub")

    @property
    def keys_dsn(self) -> str:
        return self.keys_dsn_override or self.local_dsn("hub_keys")

    @property
    def civil_dsn(self) -> str:
        return self.civil_dsn_override or self.local_dsn("civil")

    def local_dsn(self, database: str) -> str:
        """Return how to reach a database of the local stack."""
        return f"host=127.0.0.1 port={self.port('postgres')} user=hub dbname={database}"

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
        """The keys under ``home/secrets``.

        Raises:
            SettingsError: a key is missing or has the wrong length.
        """
        return _secrets(self.home / "secrets")


@cache  # keys do not change under a running process; a failure is not remembered
def _secrets(folder: Path) -> Secrets:
    return Secrets(**read_secrets(folder))


def read_secrets(folder: Path) -> dict[str, bytes]:
    """Return every key in ``folder``, or say which cannot be used and how to mend it."""
    keys: dict[str, bytes] = {}
    faults: list[str] = []
    for name in SECRET_NAMES:
        path = folder / name
        try:
            keys[name] = bytes.fromhex(path.read_text(encoding="ascii"))
        except FileNotFoundError:
            faults.append(f"{path}: missing; `hub up` writes it when it starts a new home")
        except (OSError, ValueError) as error:
            faults.append(f"{path}: cannot be read ({type(error).__name__})")
        else:
            if len(keys[name]) != SECRET_BYTES:
                faults.append(f"{path}: holds {len(keys[name])} bytes, not {SECRET_BYTES}")
    if faults:
        raise SettingsError("\n".join(faults))
    return keys


def create_secrets(folder: Path) -> list[str]:
    """Write each key that is missing and return their names; an existing key is never touched.

    A key is complete before it has its name, so a crash leaves no half key behind.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    created = []
    for name in SECRET_NAMES:
        path = folder / name
        if path.exists():
            continue
        draft = folder / f".{name}.{os.getpid()}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(random_bytes.token_bytes(SECRET_BYTES).hex())
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        created.append(name)
    return created


def default_home(project: Path, user_id: int) -> Path:
    """Return ``<project>/.hub``, or a place the unprivileged database user can enter.

    Started by root, PostgreSQL runs as another user; below a folder that others
    cannot enter (such as ``/root``) it could not reach its own data.
    """
    if user_id != 0 or others_can_enter(project):
        return project / ".hub"
    name = hashlib.sha256(os.fsencode(project)).hexdigest()[:12]
    return _SHARED_HOME / name


def others_can_enter(folder: Path) -> bool:
    """Return whether every existing folder down to ``folder`` lets other users through."""
    return all(
        place.stat().st_mode & 0o001 for place in (folder, *folder.parents) if place.exists()
    )


class _Reader:
    """Parse one variable after the other and remember every fault."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def of(self, name: str, parse: Callable[[str], _T], default: _T) -> _T:
        text = self._environ.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"{name}: {error}")
            return default


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


def _switch(text: str) -> bool:
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    if text.lower() not in words:
        raise ValueError("must be on or off")
    return words[text.lower()]


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a date such as 2026-01-31, or empty for the real date") from None


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return text.rstrip("/")
