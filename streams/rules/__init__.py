"""Rule packs: which facts are a need. A pack is data and small pure functions."""
