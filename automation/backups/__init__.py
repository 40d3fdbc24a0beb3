"""Backups from the command line: which there are, one now, and the drill that shows that they come back."""
