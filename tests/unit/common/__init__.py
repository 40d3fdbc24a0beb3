"""Tests of what all rooms share."""
