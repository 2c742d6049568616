"""The civil registry: a PostgreSQL database, read by logical replication.

``source`` drives; ``pgoutput``, ``changes``, ``cursor`` and ``translate`` are pure.
"""
