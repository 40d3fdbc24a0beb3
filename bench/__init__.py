"""Measurements against rivals. A measure is a file here with a function `measure`, and one line of `__main__`."""
