"""The report on a change, and what the API adds to the engine: events, memory, a cancel."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from automation.api.run import Cancelled, Run
from automation.engine import Engine
from automation.outcome import Outcome
from bench.desk import POLYKUBE, Command, rehearsed, seconds
from bench.figures import Figure, pair, told
from common.paths import CHECKOUT
from rehearsal.toolchain import Tool

_STACK: Final = "eks-prod"
_RESOURCES: Final = 5_000
_EVENTS: Final = 20_000
_RUNS: Final = 5
_PLAYS: Final = 'for log in "$@"; do :; done\ncp \'{events}\' "$log"\n{then}'
_WAITS: Final = "trap 'exit 1' INT\nwhile :; do sleep 0.01; done"
_PEAK: Final = (
    "import sys, resource; from bench.runs import keep; keep(sys.argv[1]); print(resource.getrusage(0).ru_maxrss)"
)


def measure() -> list[Figure]:
    """The report on a change of nothing, cold and warm; what else is played by a script that is no engine."""
    return [*_report(), _events_a_second(), _memory(), _cancel()]


def _report() -> Iterator[Figure]:
    command: Command = [POLYKUBE, "preview", _STACK, "--base", "HEAD"]

    def ours() -> float:
        return seconds(command, CHECKOUT, os.environ)

    yield told(f"report of {_STACK}, its base brought up before", "s", [ours()])
    with rehearsed(_STACK, policies=True) as (plain, _):
        name = f"report of {_STACK}, on a base that was kept, against a plain preview under the same policies"
        yield pair(name, "s", ours, plain.preview, _RUNS) | {"goal": 1.3}


def _events_a_second() -> Figure:
    with tempfile.TemporaryDirectory() as scratch:
        engine = _played(Path(scratch), _updates(_EVENTS // 2))
        taken = []
        for _ in range(_RUNS):
            began = time.monotonic()
            run = Run[Outcome]("up", _STACK).start(partial(_carry_out, engine))
            count = sum(1 for _ in run.events())
            taken.append(count / (time.monotonic() - began))
    return told(f"events through the API, of {_EVENTS}", "1/s", taken)


def _memory() -> Figure:
    """The peak of a process of its own, whose imports count, too."""
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-c", _PEAK, scratch]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return told(f"a run of {_RESOURCES} resources through the API, peak memory", "MiB", [int(done.stdout) / 1024])


def keep(scratch: str) -> None:
    """Have a run of many resources, and keep all of its events."""
    engine = _played(Path(scratch), _updates(_RESOURCES))
    Run[Outcome]("up", _STACK).do(partial(_carry_out, engine))


def _cancel() -> Figure:
    """Of an engine that ends as soon as it is interrupted."""
    taken = []
    for _ in range(_RUNS):
        with tempfile.TemporaryDirectory() as scratch:
            engine = _played(Path(scratch), _updates(1), _WAITS)
            run = Run[Outcome]("up", _STACK).start(partial(_carry_out, engine))
            next(run.events())
            began = time.monotonic()
            run.cancel()
            with suppress(Cancelled):
                run.result()
            taken.append((time.monotonic() - began) * 1000)
    return told("from a cancel to the end of a run whose engine ends at once", "ms", taken)


def _carry_out(engine: Engine, run: Run[Outcome]) -> Outcome:
    return run.carry_out(engine, "up")


def _played(directory: Path, events: Iterable[dict[str, Any]], then: str = "exit 0") -> Engine:
    """A script that tells events as the engine does."""
    file, script = directory / "events", directory / "pulumi"
    with file.open("w") as told:
        told.writelines(f"{json.dumps(each)}\n" for each in events)
    script.write_text(f"#!/bin/sh\n{_PLAYS.format(events=file, then=then)}\n")
    script.chmod(0o755)
    return Engine(Tool("pulumi", script, "0", "a script"), f"bench-{directory.name}", {}, directory)


def _updates(count: int) -> Iterator[dict[str, Any]]:
    """Two events for each resource, of the size that a node pool's are."""
    inputs = {f"property{index}": "a value of some length, as clouds have them" for index in range(30)}
    for number in range(count):
        urn = f"urn:pulumi:{_STACK}::polykube::aws:eks/nodeGroup:NodeGroup::pool-{number}"
        state = {"type": "aws:eks/nodeGroup:NodeGroup", "urn": urn, "custom": True, "id": urn, "inputs": inputs}
        both = {"old": {**state, "outputs": inputs}, "new": {**state, "outputs": inputs}}
        metadata = {"op": "update", "urn": urn, "type": state["type"], **both}
        yield {"resourcePreEvent": {"metadata": metadata}}
        yield {"resOutputsEvent": {"metadata": metadata}}
