"""Drives programs: runs a stack in the engine, reads events, reports; the command line. Builds no resource."""
