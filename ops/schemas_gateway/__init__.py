"""What agencies see of the schema registry: the schemas of their own feed, and nothing else."""
