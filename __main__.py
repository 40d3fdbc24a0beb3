"""The Pulumi program: stacks/compose.py shows what it builds."""

from stacks.program import run

run()
