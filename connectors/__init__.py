"""From a registry to its topic: one relay, a module per transport, a translator per registry."""
