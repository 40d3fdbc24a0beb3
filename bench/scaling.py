"""How previews grow with node pools and tenants: a line through the medians, and how well it fits."""

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import correlation, linear_regression, median
from typing import Any, Final, TypeAlias

import yaml

from automation.rehearsed_project import RehearsedProject
from bench.desk import Program, rehearsed
from bench.figures import Figure, told
from stacks.config import NAMESPACE

_STACK: Final = "eks-prod"
_POOLS: Final = (3, 12, 21, 30)
_TENANTS: Final = (5, 50, 100, 200)
_RUNS: Final = 3
Config: TypeAlias = dict[str, Any]


def measure() -> list[Figure]:
    """Previews of one stack that is not there yet, in many sizes."""
    with rehearsed(_STACK) as (program, played):
        return [
            *_growth(program, played, "node pool", _POOLS, _with_pools),
            *_growth(program, played, "tenant", _TENANTS, _with_tenants),
        ]


def _growth(
    program: Program,
    played: RehearsedProject,
    what: str,
    sizes: tuple[int, ...],
    resize: Callable[[Config, int], None],
) -> list[Figure]:
    """The time at each size, the seconds that one more costs, and the square of the correlation."""
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    original = yaml.safe_load((played.original.directory / f"Pulumi.{_STACK}.yaml").read_text())
    for _ in range(_RUNS):
        for size in sizes:
            content = copy.deepcopy(original)
            resize(content["config"], size)
            with tempfile.TemporaryDirectory() as scratch:
                file = Path(scratch) / f"Pulumi.{_STACK}.yaml"
                file.write_text(yaml.safe_dump(content))
                played.take(file)
            taken[size].append(program.preview())
    medians = [median(taken[size]) for size in sizes]
    fit = correlation(sizes, medians) ** 2
    figures = [told(f"preview of {_STACK} with {size} {what}s", "s", taken[size]) for size in sizes]
    slope = told(f"preview of {_STACK}, each {what} more", "ms", [linear_regression(sizes, medians).slope * 1000])
    return [*figures, slope, told(f"preview of {_STACK}, how straight over {what}s (R²)", "", [fit])]


def _with_pools(config: Config, count: int) -> None:
    cluster = config[f"{NAMESPACE}cluster"]
    system, general, *_ = cluster["nodePools"]
    more = [{**general, "name": f"general-{index}", "nodes": {"min": 0, "max": 2}} for index in range(count - 2)]
    cluster |= {"nodePools": [system, general, *more], "nodeBudget": 100}


def _with_tenants(config: Config, count: int) -> None:
    tenant = config[f"{NAMESPACE}tenants"][0]
    config[f"{NAMESPACE}tenants"] = [
        {**tenant, "name": f"team-{index}", "group": f"team-{index}"} for index in range(count)
    ]
