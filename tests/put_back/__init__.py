"""Faults that were mended, put back one by one to see which tests notice: `python -m tests.put_back`.

Each file of `points` has the faults of one thing that clouds do and the program once did not expect: the passage that
mends it, in the program or in a stand-in, what it is without the mend, and the tests that have to fail then.
"""
