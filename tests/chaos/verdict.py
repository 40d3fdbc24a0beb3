"""Whether a case converged, and if not, why."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import yaml

from rehearsal.control_plane.components import NAMES
from tests.chaos import objects
from tests.chaos.objects import Values
from tests.chaos.victims import component, processes
from tests.chaos.world import ABSENT, World
from tests.support.api import ApiError

_SETTLE: Final = 20.0  # seconds in which controllers come to rest
_SHOWN: Final = 4  # differences


@dataclass(frozen=True)
class Undisturbed:
    """What runs that nobody disturbed end with: objects and resources, by what is there."""

    cluster: Mapping[str, Values]
    state: Mapping[str, Values]


def problems(world: World, there: str, undisturbed: Undisturbed) -> Iterator[str]:
    """What is not as it is after undisturbed runs that lead to `there`."""
    yield from (f"still runs: {each}" for each in world.until_quiet())
    yield from _files(world)
    yield from _shown(objects.difference(undisturbed.state.get(there, {}), objects.of_state(state_file(world))))
    if there == ABSENT:
        yield from (f"still runs: {component(each)}" for each in processes(world.root))
        if list((world.state / "polykube" / "control-planes").glob("*")):
            yield "the control plane is still there"
        return
    yield from _control_plane(world)
    yield from _preview(world)
    yield from _shown(_cluster(world, undisturbed.cluster[there]))


def rehearsals(world: World) -> Iterator[str]:
    """What rehearsals have left."""
    yield from (f"still runs: {each}" for each in world.until_quiet())
    yield from _files(world)
    left = [file for file in (world.state / "polykube" / "rehearsals").glob("*") if file.is_dir()]
    yield from (f"left over, rehearsal: {file.name}" for file in left)
    site = world.state / "polykube" / "rehearsals"
    yield from (f"still runs: {component(each)}" for each in processes(site))


def state_file(world: World) -> Path:
    """The stack's state."""
    return world.backend / "stacks" / "polykube" / "dev.json"


def _files(world: World) -> Iterator[str]:
    """Files that nobody needs any more."""
    state = world.state / "polykube"
    half = [file for place in (world.backend, state) for file in place.rglob("*") if _is_half_written(file)]
    locks = [file for file in (world.backend / "locks").rglob("*") if file.is_file()]
    runs = [file for file in (state / "runs").rglob("*") if file.is_file()]
    for what, files in (("half-written", half), ("lock", locks), ("temporary", [*world.tmp.iterdir(), *runs])):
        yield from (f"left over, {what}: {file.relative_to(world.root)}" for file in files[:_SHOWN])


def _is_half_written(file: Path) -> bool:
    if "etcd" in file.parts or not file.is_file():
        return False
    return file.suffix == ".tmp" or file.name.startswith(".") or (file.suffix == ".attrs" and not file.stat().st_size)


def _control_plane(world: World) -> Iterator[str]:
    running = Counter(name for process in processes(world.root) if (name := component(process)))
    for name, number in running.items():
        if number > 1:
            yield f"{number} processes of {name}"
    if len(running) < len(NAMES):
        yield f"of the control plane only {sorted(running)} run"


def _preview(world: World) -> Iterator[str]:
    code, said = world.run("pulumi", "preview", "--refresh", "--expect-no-changes", "--stack", "dev")
    if code:
        yield f"a preview shows changes: {said[-600:]}"


def _cluster(world: World, expected: Values) -> list[str]:
    """The differences once they stay; a cluster that does not answer is one."""
    until = time.monotonic() + _SETTLE
    while True:
        try:
            found = objects.difference(expected, objects.of_cluster(world.kubeconfig))
        except (httpx2.HTTPError, ApiError, OSError, yaml.YAMLError, LookupError, TypeError) as error:
            found = [f"the cluster does not answer: {error}"]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.5)


def _shown(differences: list[str]) -> Iterator[str]:
    yield from differences[:_SHOWN]
    if len(differences) > _SHOWN:
        yield f"and {len(differences) - _SHOWN} more differences"
