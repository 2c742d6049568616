"""From a registry to its topic: one relay loop, one module per transport, one translator per registry."""
