"""Real workers on a topic and a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ops.settings import Settings

if TYPE_CHECKING:
    from tests.integration.streams.rig import Rig


@pytest.fixture
def rig(stack: Settings, database: str, topic_name: str, tmp_path: Path) -> Iterator[Rig]:
    """A topic and a database of this test's own, and workers between them."""
    # Loaded here: kafka-python warns while it loads, and pytest filters that only later.
    from tests.integration.streams.rig import open_rig  # noqa: PLC0415

    opened = open_rig(stack, database, topic_name, tmp_path)
    yield opened
    opened.close()
