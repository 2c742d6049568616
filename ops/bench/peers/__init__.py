"""The others, as small honest programs in their own idiom; each a process of its own."""
