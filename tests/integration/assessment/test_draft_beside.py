"""A draft that is judged beside the law in force reads what it would read by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from streams.everyone import Everyone
from streams.rules.load import load_pack
from streams.rules.pack import RulePack
from streams.rules.uz import PACK
from tests.integration.assessment.country import PARTITIONS, Country

ON = date(2026, 6, 10)
NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
HALF_A_YEAR = """
name = "half_a_year"
base = "uz"
[[income_months]]
valid_from = 2026-01-01
source = "draft"
unit = "months"
value = 6
"""


def poor(everyone: Everyone, pack: RulePack) -> bool:
    (batch,) = everyone.batches(ON, NOW)
    (found,) = batch.assess(pack)
    return "family_low_income" in {need.kind for need in found.needs()}


def test_a_draft_with_a_longer_income_window_sees_the_months_the_law_does_not_need(
    database: str, country: Country, tmp_path: Path
) -> None:
    path = tmp_path / "draft.toml"
    path.write_text(HALF_A_YEAR, "utf-8")
    draft = load_pack(path)
    country.complete(date(2026, 3, 31))
    country.born("1ali", "1990-01-01", "M")
    country.earns("1ali", 9_000_000, ("2025-10-01", "2025-11-01", "2025-12-01"))
    country.earns("1ali", 1_000, ("2026-01-01", "2026-02-01", "2026-03-01"))
    assert country.keystore is not None
    beside = Everyone(database, country.keystore, PACK, PARTITIONS, others=[draft])
    by_itself = Everyone(database, country.keystore, draft, PARTITIONS)

    assert poor(beside, PACK)
    assert not poor(by_itself, draft)
    assert not poor(beside, draft)
