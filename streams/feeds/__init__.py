"""Topic to feed: what each agency gets of the events, under its rights, numbered without a gap."""
