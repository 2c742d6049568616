"""The audit log in an open format: C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-proof."""
