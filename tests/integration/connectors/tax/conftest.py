from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.connectors.tax.deliveries import DropFolder


@pytest.fixture
def drop(tmp_path: Path) -> Iterator[DropFolder]:
    """An empty drop folder."""
    folder = DropFolder(tmp_path / "drop")
    yield folder
    folder.close()
