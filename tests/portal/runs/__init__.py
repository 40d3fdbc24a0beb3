"""Tests of the portal's runs."""
