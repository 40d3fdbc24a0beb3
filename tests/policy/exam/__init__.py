"""Random objects, put to the rules and to the real API server: the verdicts must be the same."""
