"""A container is healthy when its component holds its connections, or answers."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ops.run import healthy

_HEAD = "  sl  local_address rem_address   st\n"
_ROWS = (
    "   0: 0100007F:B7B8 0200000A:1538 01\n"  # established, to 5432
    "   1: 0100007F:B7B9 0200000A:2384 06\n"  # to 9092, but over
    "   2: 00000000:2384 00000000:0000 0A\n"  # listens on 9092
)


@pytest.mark.parametrize(
    ("wanted", "code"), [(["5432"], 0), (["9092"], 1), (["5432", "9092"], 1), ([], 0)]
)
def test_only_a_connection_that_stands_counts(tmp_path: Path, wanted: list[str], code: int) -> None:
    table = tmp_path / "tcp"
    table.write_text(_HEAD + _ROWS)

    assert healthy.main(wanted, [table, tmp_path / "tcp6"]) == code


def test_a_real_connection_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert healthy.main([str(port)]) == 1
        with socket.create_connection(("127.0.0.1", port)):
            assert healthy.main([str(port)]) == 0
        assert healthy.main([f":{port}/v1/ready"]) == 1, "it says nothing"
