"""``hub person link``, ``unlink``, ``identities``, ``suggest``, ``suggestions``: who is who."""
