"""``hub agency``: who gets a feed, under which right, and how they reach it."""
