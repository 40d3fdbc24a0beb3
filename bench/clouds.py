"""Previews of the clouds' stacks against flat programs, a whole rehearsal step by step, and what its cluster takes."""

import json
import os
from typing import Final

from bench.desk import POLYKUBE, Command, rehearsed, replay, run
from bench.figures import Figure, pair, told
from bench.memory import watched
from common.paths import CHECKOUT

_STACKS: Final = ("eks-prod", "gke-prod", "aks-prod")
_REHEARSED: Final = "eks-prod"
_RUNS: Final = 5


def measure() -> list[Figure]:
    """Every preview is of a stack that is not there yet."""
    return [*map(_preview, _STACKS), *_rehearsal()]


def _preview(stack: str) -> Figure:
    with rehearsed(stack) as (mine, _), replay(mine) as flat:
        if (registered := mine.objects()) != (expected := flat.objects()):
            raise RuntimeError(f"the rival registers others: {registered - expected} and {expected - registered}")
        name = f"preview of {stack}, {registered.total()} resources, against a flat program"
        return pair(name, "s", mine.preview, flat.preview, _RUNS) | {"goal": 1.15}


def _rehearsal() -> list[Figure]:
    command: Command = [POLYKUBE, "rehearse", _REHEARSED, "--steps", "up,refresh,destroy", "--json"]
    with watched() as sizes:
        shown = json.loads(run(command, CHECKOUT, os.environ))
    steps = [told(f"rehearse {_REHEARSED}: {step['step']}", "s", [step["seconds"]]) for step in shown["steps"]]
    return [*steps, told(f"rehearse {_REHEARSED}: its cluster, peak memory", "MiB", [max(sizes)])]
