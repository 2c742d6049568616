"""The page on the simulator says what the code does."""

import re
from pathlib import Path

from ops.simulator.command import Phase
from ops.simulator.rates import TROUBLE

PAGE = (Path(__file__).parents[4] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_the_table_of_rates_is_the_one_in_force() -> None:
    rows = re.findall(r"^\| (\w+) \| ([\d.]+) \|", PAGE, re.MULTILINE)

    assert {name: float(share) for name, share in rows} == TROUBLE


def test_every_phase_is_explained() -> None:
    assert all(f"`{phase}`" in PAGE for phase in Phase)
