"""``hub replay``: rebuild the tables from the topics beside the live ones, compare, and swap."""
