"""A country to try the hub on: three registries with invented people and planned trouble.

Imports nothing of connectors, streams, projections or schemas, so that one
misunderstanding of the contract is not made twice.
"""
