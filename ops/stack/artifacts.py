"""Fetch the published Java archives the stack runs, and trust none without its hash.

``artifacts.sha256`` names every archive and its SHA-256; nothing else is fetched. Order
of effects for each archive:

    download into a folder of its own -> compare the hash -> rename into the cache

so a name in the cache is a whole, verified file, a crash costs one archive at most, and
the next run goes on with those that are missing. A full cache is used without network.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import PermanentError, TransientError

KAFKA_VERSION = "4.3.1"
REGISTRY_VERSION = "3.3.3"
LIST = Path(__file__).with_name("artifacts.sha256")
# slf4j-simple: without a binding the broker logs nothing at all.
ROOTS = (
    ("org.apache.kafka", "kafka_2.13", KAFKA_VERSION),
    ("org.apache.kafka", "kafka-tools", KAFKA_VERSION),
    ("org.slf4j", "slf4j-simple", "1.7.36"),
)
REGISTRY_ROOT = ("io.apicurio", "apicurio-registry-app", REGISTRY_VERSION)

_CONNECTIONS = 6
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Artifact:
    """One published archive, pinned."""

    sha256: str
    group: str
    name: str
    version: str
    packaging: str
    classifier: str = ""

    @property
    def file_name(self) -> str:
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{tail}.{self.packaging}"

    def line(self) -> str:
        parts = [self.group, self.name, self.version, self.packaging, self.classifier]
        return f"{self.sha256}  {':'.join(part for part in parts if part)}"


def parse_list(text: str) -> list[Artifact]:
    """Return what the list names; comment lines begin with ``#``."""
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return [Artifact(sha256, *coordinate.split(":")) for sha256, coordinate in rows]


def pinned() -> list[Artifact]:
    """Return what this build of the hub runs."""
    return parse_list(LIST.read_text(encoding="utf-8"))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing(cache: Path, artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Return what is not in the cache, by name: what has a name there was verified."""
    return [artifact for artifact in artifacts if not (cache / artifact.file_name).is_file()]


def damaged(cache: Path, artifacts: Iterable[Artifact]) -> list[Artifact]:
    """Return what is in the cache with another content than pinned; reads every file."""
    return [
        artifact
        for artifact in artifacts
        if (cache / artifact.file_name).is_file()
        and digest(cache / artifact.file_name) != artifact.sha256
    ]


def fetch(cache: Path, *, verify: bool, done: Callable[[Artifact], None] = lambda _: None) -> int:
    """Bring every pinned archive into ``cache`` and return how many had to be fetched.

    Args:
        cache: the folder of archives.
        verify: also hash what is there already, and replace what is damaged.
        done: called after each archive that was fetched.

    Raises:
        TransientError: an archive could not be fetched; those that could are kept.
        PermanentError: an archive was fetched and is not what the list says.
    """
    cache.mkdir(parents=True, exist_ok=True)
    wanted = pinned()
    if verify:
        for artifact in damaged(cache, wanted):
            (cache / artifact.file_name).unlink()
    absent = missing(cache, wanted)
    failures: list[str] = []
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        futures = {pool.submit(_fetch_one, cache, artifact): artifact for artifact in absent}
        for future in as_completed(futures):
            try:
                future.result()
            except TransientError as error:
                failures.append(str(error))
            else:
                done(futures[future])
    if failures:
        raise TransientError(
            f"{len(failures)} of {len(absent)} archives could not be fetched (first: "
            f"{failures[0]}); what was fetched is kept; check the network; behind a proxy with a "
            "certificate of its own, set REQUESTS_CA_BUNDLE to a file that holds it"
        )
    return len(absent)


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack ``archive`` into ``folder`` once; a folder with that name is complete."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".unpack-", dir=folder.parent))
        try:
            with tarfile.open(archive) as tar:
                if hasattr(tarfile, "data_filter"):  # not before 3.11.4
                    tar.extraction_filter = tarfile.data_filter
                tar.extractall(draft)  # noqa: S202  # its hash was compared with the list
            if not folder.is_dir():
                draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder


def resolve() -> list[Artifact]:
    """Work the whole list out again from ``ROOTS``; how ``artifacts.sha256`` is made."""
    with tempfile.TemporaryDirectory(prefix="hub-resolve-") as folder:
        context = _context(Path(folder))
        inputs = [context.create_dependency(_coordinate(*root)) for root in ROOTS]
        direct, transitive = context.resolver.resolve(inputs)
        group, name, version = REGISTRY_ROOT
        found = [dependency.artifact for dependency in (*direct, *transitive)]
        found.append(context.project(group, name).at_version(version).artifact("all", "tar.gz"))
        pins = {
            Artifact(
                digest(Path(each.resolve())),
                each.groupId,
                each.artifactId,
                each.version,
                each.packaging,
                each.classifier,
            )
            for each in found
        }
    return sorted(pins, key=lambda pin: (pin.group, pin.file_name))


def _fetch_one(cache: Path, artifact: Artifact) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as folder:
        component = _context(Path(folder)).project(artifact.group, artifact.name)
        remote = component.at_version(artifact.version)
        try:
            path = Path(remote.artifact(artifact.classifier, artifact.packaging).resolve())
        except (OSError, RuntimeError, AssertionError) as error:
            raise TransientError(f"{artifact.file_name}: {type(error).__name__}") from error
        if digest(path) != artifact.sha256:
            raise PermanentError(
                f"{artifact.file_name} is not the file that artifacts.sha256 names: do not use it; "
                "ask who serves your packages, then run `hub fetch` again"
            )
        path.replace(cache / artifact.file_name)


def _context(folder: Path):  # type: ignore[no-untyped-def]  # jgo has no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its paths library warns where no desktop session is
        from jgo.maven import MavenContext  # noqa: PLC0415  # the stack extra; slow to import

        return MavenContext(repo_cache=folder, timeout=_TIMEOUT_SECONDS)


def _coordinate(group: str, name: str, version: str):  # type: ignore[no-untyped-def]
    from jgo.parse import Coordinate  # noqa: PLC0415

    return Coordinate(groupId=group, artifactId=name, version=version, scope="compile")


if __name__ == "__main__":
    print("# What the local stack runs: SHA-256 and coordinate, the whole closure, by jgo.")
    print("# Renew: python -m ops.stack.artifacts > artifacts.new")
    print("\n".join(pin.line() for pin in resolve()))
