"""`polykube policy check` against others that check manifests: seconds and memory on 5,000 objects of mixed kinds."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from bench import checkov, kube_score
from bench.desk import POLYKUBE, Command, run
from bench.figures import Figure, pairs_told
from bench.manifests import mixed
from common.paths import CHECKOUT

_FOUND: Final = 1  # the exit code of all when they have something to say
_RUNS: Final = 3
# A process of its own, and a small one: what a command is said to have had is never less than what its parent has.
_LAUNCHER: Final = """
import resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print([time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024])
sys.exit(code)
"""


class Cost(NamedTuple):
    """What a command takes: seconds, and the most MiB that its largest process had."""

    seconds: float
    mebibytes: float


def measure() -> list[Figure]:
    """Each command from start to end on one file; they take turns, and each begins a turn."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "manifests.yaml"
        file.write_text(yaml.dump_all(mixed(), Dumper=yaml.CSafeDumper))
        commands: dict[str, tuple[Command, Mapping[str, str]]] = {
            "ours": ([POLYKUBE, "policy", "check", file, "--json"], os.environ),
            "checkov": checkov.command(file),
            "kube-score": kube_score.command(file),
        }
        taken = [_turn(commands, number) for number in range(_RUNS)]
    return [figure for rival in list(commands)[1:] for figure in _told(rival, taken)]


def _told(rival: str, taken: list[dict[str, Cost]]) -> Iterator[Figure]:
    name = "policy check of a file of 5,000 objects of mixed kinds"
    seconds = [(turn["ours"].seconds, turn[rival].seconds) for turn in taken]
    mebibytes = [(turn["ours"].mebibytes, turn[rival].mebibytes) for turn in taken]
    yield pairs_told(f"{name}; rival: {rival}", "s", seconds)
    yield pairs_told(f"{name}, memory; rival: {rival}", "MiB", mebibytes)


def _turn(commands: Mapping[str, tuple[Command, Mapping[str, str]]], number: int) -> dict[str, Cost]:
    names = list(commands)
    first = number % len(names)
    return {name: _cost(*commands[name]) for name in names[first:] + names[:first]}


def _cost(command: Command, environment: Mapping[str, str]) -> Cost:
    """What a command takes that ends with findings; RuntimeError when it does not."""
    told = run([sys.executable, "-S", "-c", _LAUNCHER, *command], CHECKOUT, environment, _FOUND)
    return Cost(*json.loads(told))
