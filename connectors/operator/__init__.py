"""The hub's own outbox once more: what operators decided about links."""
