"""`make up` of the stack `dev`: from nothing with a warm cache, again with no change, and the memory that it takes."""

import os

from bench.desk import POLYKUBE, seconds
from bench.figures import Figure, single, told
from bench.memory import watched
from common.paths import CHECKOUT


def measure() -> list[Figure]:
    """Seconds of the whole command, and the control plane's proportional set size at its highest."""
    with watched() as sizes:
        first = told("make up, first, warm cache", "s", [_up()])
        again = single("make up, nothing changed", "s", _up, runs=5)
    seconds([POLYKUBE, "down"], CHECKOUT, os.environ)
    return [first, again | {"goal": 15.0}, told("control plane, peak memory", "MiB", [max(sizes)])]


def _up() -> float:
    return seconds(["make", "up"], CHECKOUT, os.environ)
