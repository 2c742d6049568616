"""The examples through TLS, as docker-compose.yml has it: nobody trusts a stranger."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ops.settings import Settings
from tests.integration.examples.feeding import PASSWORD, SUBSCRIBERS, Feeding, Subscriber
from tests.integration.stack.test_tls import broker, made  # noqa: F401 - fixtures


@pytest.fixture
def encrypted(
    broker: Settings,  # noqa: F811 - the fixture
    stack: Settings,
    unique_name: Callable[[str], str],
) -> Iterator[Feeding]:
    """A feed behind TLS; schemas are those of the ordinary stack."""
    feeding = Feeding(replace(broker, registry_override=stack.registry_url), unique_name("tls"))
    yield feeding
    feeding.close()


def _another_authority(folder: Path) -> Path:
    command = "openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    made_here = f"{command} -subj /CN=other -keyout other.key -out other.pem"
    subprocess.run(made_here.split(), cwd=folder, check=True, capture_output=True)
    return folder / "other.pem"


def test_all_three_read_through_tls_and_none_trusts_a_stranger(
    encrypted: Feeding, stack: Settings, tmp_path: Path
) -> None:
    encrypted.write(range(1, 4))
    encrypted.end(4)
    strange = replace(encrypted.settings, kafka_ca=_another_authority(tmp_path))
    jars = stack.home / "kafka" / "java.args"
    ends = {}
    for name in SUBSCRIBERS:
        for trust, settings in (("known", encrypted.settings), ("strange", strange)):
            folder = tmp_path / f"{name} {trust}"
            folder.mkdir()
            one = Subscriber(name, settings, encrypted.agency, folder, jars=jars)
            one.start()
            ends[name, trust] = one

    for (_, trust), one in ends.items():
        try:
            one.ends_with(*((0,) if trust == "known" else (1, 4, 5)))
        finally:
            one.stop()
        assert one.next_number() == (5 if trust == "known" else 1)
        assert PASSWORD not in one.errors.read_text()
