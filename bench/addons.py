"""The stack `dev` with every add-on that it shows: its preview, and its `up` against kubectl with the same objects."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.desk import Command, Program, rehearsed, replay, run, seconds
from bench.figures import Figure, pair, pairs_told, told
from bench.memory import watched
from rehearsal.toolchain import ensure
from tests.support.stack_files import with_add_ons

_STACK: Final = "dev"
_PREVIEWS: Final = 3
_UPS: Final = 2
_FIRST: Final = ("Namespace", "CustomResourceDefinition")


def measure() -> list[Figure]:
    """The preview is of a stack that is not there yet; kubectl waits for nothing but definitions of kinds."""
    with _dev() as (mine, kubeconfig), replay(mine, KUBECONFIG=str(kubeconfig)) as flat:
        if (registered := mine.objects()) != (expected := flat.objects()):
            raise RuntimeError(f"the rival registers others: {registered - expected} and {expected - registered}")
        name = f"preview of dev with all add-ons, {registered.total()} resources, against a flat program"
        preview = pair(name, "s", mine.preview, flat.preview, _PREVIEWS) | {"goal": 1.15}
        rival = Kubectl(ensure(["kubectl"])["kubectl"].path, kubeconfig, mine.directory, _manifests(mine))
        count = len(rival.objects)
        with watched() as sizes:
            taken = [(_up(mine), rival.apply()) for _ in range(_UPS)]
    up = pairs_told(f"up of all add-ons, {count} objects, against kubectl apply --server-side", "s", taken)
    return [
        preview,
        up | {"goal": 2.0},
        told("up of all add-ons, objects a second", "1/s", [count / ours for ours, _ in taken]),
        told("up of all add-ons, control plane, peak memory", "MiB", [max(sizes)]),
    ]


@contextmanager
def _dev() -> Iterator[tuple[Program, Path]]:
    """The project's program with the add-ons of the stack, on a control plane of its own, which is there and empty."""
    with rehearsed(_STACK) as (program, played):
        file = program.directory / "with-add-ons.yaml"
        file.write_text(with_add_ons(_STACK), encoding="utf-8")
        played.take(file)
        tools = played.ensure_tools()
        played.engine(tools)  # gives the file secrets that can be decrypted
        control_plane = played.project.control_plane(dict(tools))
        control_plane.start()
        yield program, control_plane.kubeconfig


def _manifests(program: Program) -> list[dict[str, Any]]:
    """The Kubernetes objects that `program` plans; a secret's values are masked, which is all the same to kubectl."""
    planned = [state for state in program.plan() if state["type"].startswith("kubernetes:") and state["custom"]]
    return [_masked(state["inputs"]) for state in planned if "kind" in state["inputs"]]


def _masked(manifest: dict[str, Any]) -> dict[str, Any]:
    hidden = ("data", "stringData") if manifest["kind"] == "Secret" else ()
    return {key: value for key, value in manifest.items() if key not in hidden}


def _up(program: Program) -> float:
    """The seconds of an `up` from nothing; everything is destroyed afterwards."""
    command: Command = ["pulumi", "up", "--yes", "--skip-preview", "--stack", program.stack]
    taken = seconds(command, program.directory, program.environment)
    run(["pulumi", "destroy", "--yes", "--stack", program.stack], program.directory, program.environment)
    return taken


@dataclass(frozen=True)
class Kubectl:
    """kubectl with `objects`: those that others need first, then the rest."""

    program: Path
    kubeconfig: Path
    directory: Path
    objects: list[dict[str, Any]]

    def apply(self) -> float:
        """The seconds until the API server has them all; everything is deleted afterwards."""
        first = [each for each in self.objects if each["kind"] in _FIRST]
        began = time.monotonic()
        self._run("apply", "--server-side", "--filename", self._file("first", first))
        self._run("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
        rest = [each for each in self.objects if each["kind"] not in _FIRST]
        self._run("apply", "--server-side", "--filename", self._file("rest", rest))
        taken = time.monotonic() - began
        self._run("delete", "--ignore-not-found", "--filename", self._file("rest", rest))
        self._run("delete", "--ignore-not-found", "--filename", self._file("first", first))
        return taken

    def _file(self, name: str, objects: list[dict[str, Any]]) -> str:
        file = self.directory / f"{name}.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        return str(file)

    def _run(self, *arguments: str) -> None:
        environment: Mapping[str, str] = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.directory)}
        command: Command = [self.program, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl {arguments[0]}: {done.stderr[-2000:]}")
