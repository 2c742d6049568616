"""A country that does not fit into memory is refused, with what it would need."""

from pathlib import Path

import pytest

from ops.verify.room import BYTES_A_RECORD, available_bytes, check_room
from schemas.errors import PermanentError


def test_what_fits_is_read_and_what_does_not_is_refused() -> None:
    check_room(1_000, 1_000 * BYTES_A_RECORD)
    check_room(10**12, None)

    with pytest.raises(PermanentError, match="5,000,000 records need some 38 GiB, and 20 GiB"):
        check_room(5_000_000, 20 << 30)


def test_the_machine_says_what_is_free(tmp_path: Path) -> None:
    stated = tmp_path / "meminfo"
    stated.write_text("MemTotal:       24682480 kB\nMemAvailable:    2048 kB\n", encoding="ascii")

    assert available_bytes(stated) == 2 << 20
    assert available_bytes(tmp_path / "none") is None
