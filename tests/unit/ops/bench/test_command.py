"""Who takes part."""

from __future__ import annotations

import pytest

from ops.bench.command import bench
from schemas.errors import PermanentError


def test_an_unknown_peer_is_refused_by_name() -> None:
    with pytest.raises(PermanentError, match=r"no peer is called flink; there are quix, faust"):
        bench(only=["flink"])
