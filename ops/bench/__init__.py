"""The benchmark: the same events into the same rows, by us and by others. See docs/benchmark.md."""
