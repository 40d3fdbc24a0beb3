"""Clusters and what goes into them. Knows nothing of stacks, automation, portal or rehearsal."""
