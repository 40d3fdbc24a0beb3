"""Tests of the `kubernetes` stand-in that need no cluster."""
