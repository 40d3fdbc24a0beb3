"""`polykube policy check` against others that check manifests: seconds and memory on 5,000 objects of mixed kinds."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from bench import checkov, kube_score
from bench.desk import POLYKUBE, Command
from bench.figures import Figure, pairs_told
from bench.manifests import mixed

_FOUND: Final = 1  # the exit code of all when they have something to say
_RUNS: Final = 3
_KIB: Final = 1024


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
        taken = [_turn(commands, run) for run in range(_RUNS)]
    return [figure for rival in list(commands)[1:] for figure in _told(rival, taken)]


def _told(rival: str, taken: list[dict[str, Cost]]) -> Iterator[Figure]:
    name = "policy check of a file of 5,000 objects of mixed kinds"
    seconds = [(turn["ours"].seconds, turn[rival].seconds) for turn in taken]
    mebibytes = [(turn["ours"].mebibytes, turn[rival].mebibytes) for turn in taken]
    yield pairs_told(f"{name}; rival: {rival}", "s", seconds)
    yield pairs_told(f"{name}, memory; rival: {rival}", "MiB", mebibytes)


def _turn(commands: Mapping[str, tuple[Command, Mapping[str, str]]], run: int) -> dict[str, Cost]:
    names = list(commands)
    first = run % len(names)
    return {name: _cost(*commands[name]) for name in names[first:] + names[:first]}


def _cost(command: Command, environment: Mapping[str, str]) -> Cost:
    """What a command takes that ends with findings; RuntimeError when it does not."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != _FOUND:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return Cost(time.monotonic() - began, usage.ru_maxrss / _KIB)
