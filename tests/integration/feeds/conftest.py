"""Feeds between topics and a database of the test's own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ops.settings import Settings

if TYPE_CHECKING:
    from tests.integration.feeds.rig import Rig


@pytest.fixture
def rig(stack: Settings, database: str, tmp_path: Path) -> Iterator[Rig]:
    """Source topics, tables and a relay of this test's own."""
    # Loaded here: kafka-python warns while it loads, and pytest filters that only later.
    from tests.integration.feeds.rig import open_rig  # noqa: PLC0415

    opened = open_rig(stack, database, uuid.uuid4().hex[:8], tmp_path)
    yield opened
    opened.close()
