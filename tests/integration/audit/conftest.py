"""A log of one's own, and the outsider that judges it."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections.migrations import migrate
from tests.integration.audit.logrig import LogRig, rig_of
from tests.outsiders import Outsider, build


@pytest.fixture
def rig(database: str, tmp_path: Path) -> LogRig:
    migrate(database)
    return rig_of(database, tmp_path / "audit")


@pytest.fixture(scope="session")
def outsider(tmp_path_factory: pytest.TempPathFactory) -> Outsider:
    return build(tmp_path_factory.mktemp("outsider"))
