"""Files below ``home/secrets``: the hub's keys, and the passwords of its servers.

Each file is 0600 in a folder that is 0700. A file is complete before it has its name, so a
crash leaves no half secret behind, and what exists is replaced by `hub secrets rotate` only.
"""

from __future__ import annotations

import os
import secrets as random_bytes
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from projections.folders import sync_folder
from schemas.errors import PermanentError

SECRET_BYTES: Final = 32
SECRET_NAMES: Final = (
    "person_key",
    "event_key",
    "digest_key",
    "pseudonym_key",
    "audit_key",
    "log_key",
    "token_key",
)

# Who may be at Kafka: ops/stack/acls.py says what each may do there.
ADMIN: Final = "admin"  # may do everything
KAFKA_PRINCIPALS: Final = (
    ADMIN,
    "connector-civil",
    "connector-tax",
    "connector-health",
    "connector-needs",
    "connector-operator",
    "worker",
    "reader",
    "feeds",
)
BROKER: Final = "broker"  # Kafka itself: makes the others, and is the only one without SCRAM
# Who may be at PostgreSQL: ops/stack/roles.py, and the migrations.
OWNER: Final = "hub"  # owns the databases
SCHEMA_REGISTRY: Final = "registry"
CIVIL_CONNECTOR: Final = "civil_connector"
PIPELINE: Final = "hub_pipeline"
API: Final = "hub_api"
DATABASE_ROLES: Final = (
    OWNER,
    PIPELINE,
    API,
    "hub_audit",
    SCHEMA_REGISTRY,
    CIVIL_CONNECTOR,
)
TOKEN_KEY_BEFORE: Final = "token_key.before"  # noqa: S105 - its name
PASSFILE: Final = "pgpass"  # as libpq reads it: docs "The Password File"


class SettingsError(PermanentError):
    """The surroundings say something that cannot be meant."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys in files that only the owner may read; each is read when it is first asked for.

    So a component has to be handed its own and no others. Never printed. Each raises
    ``SettingsError`` when its file is missing or has the wrong length.
    """

    folder: Path

    @property
    def person_key(self) -> bytes:
        """Person ids are an HMAC of the PINFL under it."""
        return _key(self.folder, "person_key")

    @property
    def event_key(self) -> bytes:
        """Of event ids."""
        return _key(self.folder, "event_key")

    @property
    def digest_key(self) -> bytes:
        """Of content digests that compare repeats."""
        return _key(self.folder, "digest_key")

    @property
    def pseudonym_key(self) -> bytes:
        """Of agencies' own pseudonyms in their feeds."""
        return _key(self.folder, "pseudonym_key")

    @property
    def audit_key(self) -> bytes:
        """Of pseudonyms in the audit log."""
        return _key(self.folder, "audit_key")

    @property
    def log_key(self) -> bytes:
        """An Ed25519 seed: signs the log's checkpoints."""
        return _key(self.folder, "log_key")

    @property
    def token_key(self) -> bytes:
        """An Ed25519 seed: signs the local issuer's tokens."""
        return _key(self.folder, "token_key")

    @property
    def token_key_before(self) -> tuple[bytes, float] | None:
        """The key that ``token_key`` replaced, and when (seconds since 1970); None: it is new."""
        path = self.folder / TOKEN_KEY_BEFORE
        return (_key(self.folder, path.name), path.stat().st_mtime) if path.exists() else None


@cache  # keys do not change under a running process; a failure is not remembered
def _key(folder: Path, name: str) -> bytes:
    return _read(folder, (name,))[name]


def read_secrets(folder: Path) -> dict[str, bytes]:
    """Return every key in ``folder``, or say which cannot be used and how to mend it.

    Raises:
        SettingsError: every fault, one per line.
    """
    return _read(folder, SECRET_NAMES)


def _read(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    faults: list[str] = []
    for name in names:
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


def create_all(folder: Path) -> None:
    """Write whatever is missing of keys and passwords."""
    create_secrets(folder)
    create_passwords(folder)
    create_passfile(folder)


def create_secrets(folder: Path) -> list[str]:
    """Write each key that is missing and return their names; an existing key is never touched."""
    return _create(folder, SECRET_NAMES)


def create_passwords(folder: Path, principals: Iterable[str] = KAFKA_PRINCIPALS) -> list[str]:
    """Write each password for Kafka that is missing and return their files' names."""
    return _create(folder, [kafka_file(each) for each in (BROKER, *principals)])


def create_passfile(folder: Path) -> list[str]:
    """Add to libpq's password file each role that it lacks; return their names."""
    missing = _roles_without_line(folder)
    if missing:
        lines = _passfile(folder)
        lines += [_passfile_line(role) + random_bytes.token_hex(SECRET_BYTES) for role in missing]
        write_secret(folder / PASSFILE, "".join(f"{line}\n" for line in lines))
    return missing


def _passfile(folder: Path) -> list[str]:
    path = folder / PASSFILE
    return path.read_text(encoding="ascii").splitlines() if path.exists() else []


def _roles_without_line(folder: Path) -> list[str]:
    lines = _passfile(folder)
    return [
        role
        for role in DATABASE_ROLES
        if not any(line.startswith(_passfile_line(role)) for line in lines)
    ]


def missing_passwords(folder: Path) -> list[str]:
    """Return the files of Kafka's passwords, and the lines of the password file, that lack."""
    files = [kafka_file(each) for each in (BROKER, *KAFKA_PRINCIPALS)]
    missing = [name for name in files if not (folder / name).exists()]
    return missing + [f"{PASSFILE} for {role}" for role in _roles_without_line(folder)]


def database_password(folder: Path, role: str) -> str:
    """Return a role's password from the password file.

    Raises:
        SettingsError: there is none.
    """
    try:
        lines = (folder / PASSFILE).read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise SettingsError(f"{folder / PASSFILE}: cannot be read; `hub up` writes it") from error
    for line in lines:
        if line.startswith(_passfile_line(role)):
            return line.rpartition(":")[2]
    raise SettingsError(f"{folder / PASSFILE}: no line for {role}; `hub up` writes it")


def _passfile_line(role: str) -> str:
    return f"*:*:*:{role}:"  # any host, port and database; the port may change


def kafka_file(principal: str) -> str:
    """Return the name of the file that holds a principal's password."""
    return f"kafka_{principal}"


def kafka_password(folder: Path, principal: str) -> str:
    """Return a principal's password.

    Raises:
        SettingsError: there is none.
    """
    path = folder / kafka_file(principal)
    try:
        password = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path}: cannot be read ({type(error).__name__}); `hub up` writes it"
        ) from error
    if not password:
        raise SettingsError(f"{path}: is empty; remove it, then `hub up` writes a new one")
    return password


def replace_kafka_password(folder: Path, principal: str, password: str) -> None:
    """Have a principal's file say another password; the old one or the new one, never half."""
    write_secret(folder / kafka_file(principal), password)


def replace_database_password(folder: Path, role: str, password: str) -> None:
    """Have a role's line of the password file say another password; as above."""
    line = _passfile_line(role)
    kept = [each for each in _passfile(folder) if not each.startswith(line)]
    write_secret(folder / PASSFILE, "".join(f"{each}\n" for each in (*kept, line + password)))


def write_secret(path: Path, text: str) -> None:
    """Write a file of the hub's own folders; only its owner may look into them."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    write_private(path, text)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; it is whole and durable under its name."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync_folder(path.parent)


def _create(folder: Path, names: Iterable[str]) -> list[str]:
    created = [name for name in names if not (folder / name).exists()]
    for name in created:
        write_secret(folder / name, random_bytes.token_hex(SECRET_BYTES))
    return created
