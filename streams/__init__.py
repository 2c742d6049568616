"""From a topic to its meaning: chunks, facts, identities, households, rules, assessment."""
