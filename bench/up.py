"""`make up` of the stack `dev`: from nothing with a warm cache, again with no change, and the memory that it takes."""

import contextlib
import os
import threading
from collections.abc import Iterator

import psutil

from bench.desk import POLYKUBE, seconds
from bench.figures import Figure, single, told
from common.paths import CHECKOUT
from rehearsal.control_plane import ControlPlane, ProcessStatus

_MIB = 1024 * 1024
_SAMPLE = 1.0  # seconds; looking through all processes costs some of what is measured


def measure() -> list[Figure]:
    """Seconds of the whole command, and the control plane's proportional set size at its highest."""
    with _watched("dev") as sizes:
        first = told("make up, first, warm cache", "s", [_up()])
        again = single("make up, nothing changed", "s", _up, runs=5)
    seconds([POLYKUBE, "down"], CHECKOUT, os.environ)
    return [first, again | {"goal": 15.0}, told("control plane, peak memory", "MiB", [max(sizes)])]


def _up() -> float:
    return seconds(["make", "up"], CHECKOUT, os.environ)


@contextlib.contextmanager
def _watched(name: str) -> Iterator[list[float]]:
    """The memory of a control plane's processes together, sampled while the block runs."""
    sizes: list[float] = []
    done = threading.Event()

    def sample() -> None:
        while not done.wait(_SAMPLE):
            sizes.append(sum(map(_size, ControlPlane(name).status().processes)) / _MIB)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield sizes
    finally:
        done.set()
        sampler.join()


def _size(process: ProcessStatus) -> int:
    """Bytes, shared pages divided among those that share them; 0 when the process has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return int(psutil.Process(process.pid).memory_full_info().pss)
    return 0
