"""``hub stats`` and ``hub worklist``: figures for planners, lists for social workers."""
