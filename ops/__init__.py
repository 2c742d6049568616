"""Start, watch, verify: the only folder that reads the environment or prints."""
