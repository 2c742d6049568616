"""What outsiders are told of why they may not see somebody."""

from __future__ import annotations

from schemas.rights import RULES, shown


def test_outsiders_do_not_learn_whether_a_place_is_known() -> None:
    assert shown("region-unknown") == shown("region-not-covered") == "region-not-covered"
    assert all(shown(rule) == rule for rule in RULES if rule != "region-unknown")
