"""`polykube policy check` against others that check manifests: seconds and memory on thousands of objects."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from bench import checkov, kube_score
from bench.desk import POLYKUBE, Command, run
from bench.figures import Figure, pairs, pairs_told
from bench.manifests import mixed
from common.paths import CHECKOUT

_FOUND: Final = 1  # the exit code of all when they have something to say
_RUNS: Final = 3
_RIVALS: Final[Mapping[str, tuple[int, Callable[[Path], tuple[Command, Mapping[str, str]]]]]] = {
    "kube-score": (5000, kube_score.command),
    "checkov": (1000, checkov.command),  # minutes, were there more
}
# A process of its own, and a small one: what a command is said to have had is never less than what its parent has.
_LAUNCHER: Final = """
import resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
took, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print([took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024])
sys.exit(code)
"""


class Cost(NamedTuple):
    """What a command takes: seconds, those of processors, and the most MiB that its largest process had."""

    seconds: float
    processor: float
    mebibytes: float


def measure() -> list[Figure]:
    """Each command from start to end on one file; a rival and ours take turns, and each begins a turn."""
    return [figure for rival in _RIVALS for figure in _told(rival)]


def _told(rival: str) -> Iterator[Figure]:
    objects, command = _RIVALS[rival]
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "manifests.yaml"
        file.write_text(yaml.dump_all(islice(mixed(), objects), Dumper=yaml.CSafeDumper))
        ours: Command = [POLYKUBE, "policy", "check", file, "--json"]
        taken = pairs(lambda: _cost(ours, os.environ), lambda: _cost(*command(file)), _RUNS)
    name = f"policy check of a file of {objects:,} objects of mixed kinds"
    for what, unit, index in (("", "s", 0), (", processor time", "s", 1), (", memory", "MiB", 2)):
        yield pairs_told(f"{name}{what}; rival: {rival}", unit, [(one[index], other[index]) for one, other in taken])


def _cost(command: Command, environment: Mapping[str, str]) -> Cost:
    """What a command takes that ends with findings; RuntimeError when it does not."""
    told = run([sys.executable, "-S", "-c", _LAUNCHER, *command], CHECKOUT, environment, _FOUND)
    return Cost(*json.loads(told))
