"""The parts of the query API: tokens, limits, rights, cursors, routes."""
