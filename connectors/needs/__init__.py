"""The hub's own outbox as one more source: needs, and the streams' quarantine entries."""
