"""A preview of 400 objects with the project's client limits and parallelism against stock settings."""

from bench.desk import program
from bench.figures import Figure, pair

_RUNS = 5


def measure() -> list[Figure]:
    """Both preview a new stack of objects that are not there yet."""
    with program("objects", BENCH_SETTINGS="ours") as ours, program("objects", BENCH_SETTINGS="stock") as theirs:
        stock = theirs.without("PULUMI_PARALLEL")
        figure = pair("preview of 400 objects, against stock settings", "s", ours.preview, stock.preview, _RUNS)
        return [figure | {"goal": 0.4}]
