from __future__ import annotations

import pytest

from connectors.tax.translate import translator
from ops.simulator.drop_folder import deliver
from tests.integration.connectors.tax.deliveries import DropFolder
from tests.integration.connectors.tax.expecting import KEYS, country_plan, expected, made
from tests.integration.connectors.tax.relaying import Published, relay_all


@pytest.mark.parametrize("seed", [1, 2])
def test_a_simulated_country_becomes_what_its_ledger_expects(drop: DropFolder, seed: int) -> None:
    published = Published()
    days = country_plan(seed).tax
    for _, files in sorted(days.items()):
        for file in files:
            deliver(drop.path, file)
        relay_all(lambda: drop.source(page_rows=300), published)
    events, faults = expected("tax", seed, drop.path)

    assert made("tax", published.records, translator(KEYS, check_digit=True)) == (events, faults)
    assert len(published.keys) == len(set(published.keys)) == len(events) + len(faults)
    delivered = [file for files in days.values() for file in files]
    refused = [file for file in delivered if file.refused_for]
    assert len(list(drop.inbox.glob("*.refused.json"))) == len(refused) > 0
    assert published.suppressed == sum(len(file.rows) for file in delivered if file.repeats) > 0
    assert published.complete[0].snapshot
