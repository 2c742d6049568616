"""Keys, erasure and what a person may ask of us; docs/privacy.md."""
