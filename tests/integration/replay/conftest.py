"""Replays between a worker's topic and tables, or a few people's, in databases of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from projections import replay_session
from projections.replay_session import Connection
from tests.integration.assessment.conftest import assessor, country, make_assessor
from tests.integration.streams.conftest import rig

__all__ = ["assessor", "country", "make_assessor", "open_connection", "rig"]


@pytest.fixture
def open_connection() -> Iterator[Callable[[str], Connection]]:
    """Open connections as a replay does; closed afterwards."""
    with ExitStack() as opened:
        yield lambda dsn: opened.enter_context(closing(replay_session.connect(dsn)))
