"""What this hub runs with, as digests that somebody with the same files can compute."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from ops.settings import Settings
from projections import configuration
from schemas.ids import canonical_json
from streams.rules.uz import PACK

_SUFFIXES: Final = (".py", ".toml")
_SHOWN: Final = ("host", "port", "dbname", "user")


def put_on_record(settings: Settings, who: str, dsn: str | None = None) -> bool:
    """Leave a leaf if the configuration is another than the last one on record.

    Raises:
        TransientError: the database does not answer.
    """
    return configuration.put_on_record(dsn or settings.pipeline_dsn, parts(settings), who)


def parts(settings: Settings) -> dict[str, str]:
    """Return the digests: of settings, rules, policy and schemas; and the program's version."""
    return {
        "version": version("registry-hub"),
        "settings_sha256": _digest(_settings(settings)),
        "pack": PACK.name,
        "rules_sha256": _tree(files("streams") / "rules", _SUFFIXES),
        "policy_sha256": _tree(files("schemas") / "policy", (".toml",)),
        "schemas_sha256": _tree(files("schemas") / "avro", (".avsc",)),
    }


def _settings(settings: Settings) -> dict[str, str]:
    """Return the settings without a password: of a DSN only where it leads and as whom."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - as ops/surroundings.py

    found = settings.as_environment()
    for name in [name for name in found if name.endswith("DSN")]:
        known = conninfo_to_dict(found[name])
        shown = {each: str(known[each]) for each in _SHOWN if each in known}
        found[name] = canonical_json(shown).decode()
    return found


def _tree(folder: Traversable, suffixes: tuple[str, ...]) -> str:
    """Return a digest of all files below a folder, by name."""
    return _digest({name: sha256(text).hexdigest() for name, text in _files(folder, suffixes, "")})


def _files(folder: Traversable, suffixes: tuple[str, ...], at: str) -> Iterable[tuple[str, bytes]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _files(each, suffixes, f"{at}{each.name}/")
        elif each.name.endswith(suffixes):
            yield f"{at}{each.name}", each.read_bytes()


def _digest(value: object) -> str:
    return sha256(canonical_json(value)).hexdigest()
