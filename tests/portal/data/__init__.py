"""Tests of what the portal remembers."""
