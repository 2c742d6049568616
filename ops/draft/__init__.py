"""Try a draft law on everybody, in isolation: ``hub rules try``. See docs/draft-law.md."""
