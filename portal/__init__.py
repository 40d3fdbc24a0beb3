"""The internal portal: people ask for stacks, see plans, approve them, and follow what happens."""
