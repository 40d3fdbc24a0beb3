"""A preview of the stack `dev` against a flat program with the same resources, written out by hand."""

from bench.desk import ours, program
from bench.figures import Figure, pair


def measure() -> list[Figure]:
    """Both preview a new stack on an empty cluster, with equal client limits and parallelism."""
    with program("flat") as flat:
        mine = ours()
        if (registered := mine.objects()) != (expected := flat.objects()):
            raise RuntimeError(
                f"the rival registers other objects: {registered - expected} and {expected - registered}"
            )
        return [pair("preview of dev, against a flat program", "s", mine.preview, flat.preview) | {"goal": 1.15}]
