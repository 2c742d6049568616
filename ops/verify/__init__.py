"""Prove that sources, ledger, topics and tables say the same, by a second implementation.

Nothing here imports connectors, streams or projections: what they understood of the
contract is understood here a second time, so that one mistake is not made twice.
"""
