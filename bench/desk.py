"""Where measures work: state of their own, a control plane of their own, programs under the real engine."""

import json
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from automation.environment import engine_settings, search_path
from automation.project import Project
from automation.rehearsed_project import RehearsedProject
from common.paths import CHECKOUT
from rehearsal.control_plane import Binaries, ControlPlane, all_control_planes
from rehearsal.site import new_site
from rehearsal.toolchain import CONTROL_PLANE, ensure

POLYKUBE: Final = CHECKOUT / ".venv" / "bin" / "polykube"
Command: TypeAlias = Sequence[str | Path]
_CLUSTER: Final = "dev"
_THE_USERS: Final = (  # settings that would win over those that are measured
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_PARALLEL",
    "PYTHONDONTWRITEBYTECODE",  # unusual: with it, every process compiles this checkout's modules again
)


@contextmanager
def isolated() -> Iterator[None]:
    """Keep what is measured apart from the user's stacks and settings; nothing of it stays."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state
        for variable in _THE_USERS:
            os.environ.pop(variable, None)
        try:
            yield
        finally:
            for name in all_control_planes():
                ControlPlane(name).delete()
            os.environ.clear()
            os.environ.update(before)


def seconds(command: Command, directory: Path, environment: Mapping[str, str], code: int = 0) -> float:
    """How long a command takes; RuntimeError as `run` has it."""
    began = time.monotonic()
    run(command, directory, environment, code)
    return time.monotonic() - began


def run(command: Command, directory: Path, environment: Mapping[str, str], code: int = 0) -> str:
    """What a command writes to standard output; RuntimeError with all of it when its exit code is not `code`."""
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@dataclass(frozen=True)
class Program:
    """A Pulumi program whose stack is still empty, on the empty control plane."""

    directory: Path
    stack: str
    environment: Mapping[str, str]

    def without(self, variable: str) -> "Program":
        """The same program, with a variable of its environment left to the engine."""
        return replace(self, environment={key: value for key, value in self.environment.items() if key != variable})

    def preview(self) -> float:
        """The seconds of a preview."""
        return seconds(["pulumi", "preview", "--stack", self.stack], self.directory, self.environment)

    def plan(self) -> list[dict[str, Any]]:
        """The states that a preview shows, in the order of registration; secrets are masked."""
        command = ["pulumi", "preview", "--json", "--stack", self.stack]
        return [step["newState"] for step in json.loads(run(command, self.directory, self.environment))["steps"]]

    def objects(self) -> Counter[str]:
        """How many resources of each type it asks providers for, beyond the providers themselves."""
        asked = (state["type"] for state in self.plan() if state["custom"])
        return Counter(token for token in asked if not token.startswith("pulumi:"))


def ours(**environment: str) -> Program:
    """The project's own program with the stack `dev`, without the policy pack unless `environment` names it."""
    return _program(CHECKOUT, "dev", environment)


@contextmanager
def program(name: str, **environment: str) -> Iterator[Program]:
    """The program programs/<name>, in a project directory of its own, where the engine may write a stack file."""
    with _project(name) as directory:
        yield _program(directory, "bench", environment)


@contextmanager
def rehearsed(stack: str, *, policies: bool = False) -> Iterator[tuple[Program, RehearsedProject]]:
    """The project's own program with a cloud's stack, on a stand-in cloud that has nothing; with `policies`, under the
    policy pack that the stack file asks for."""
    project = Project.open(stack)
    with new_site(stack) as site:
        played = RehearsedProject.make(project, site)
        settings = played.settings(played.ensure_tools())
        yield _made(site.project, stack, settings, settings if policies else {}), played


@contextmanager
def replay(of: Program, **environment: str) -> Iterator[Program]:
    """The flat program programs/replay with the resources that `of` plans, in the same surroundings.

    Plans mask secrets; a KUBECONFIG in `environment` is what leads it to a cluster that is there already.
    """
    with _project("replay") as directory:
        plan = directory / "plan.json"
        plan.write_text(json.dumps(of.plan()))
        yield _made(directory, "replay", {**of.environment, "BENCH_PLAN": str(plan), **environment})


@contextmanager
def _project(name: str) -> Iterator[Path]:
    source = CHECKOUT / "bench" / "programs" / name
    settings = yaml.safe_load((source / "Pulumi.yaml").read_text())
    settings["runtime"]["options"]["virtualenv"] = str(CHECKOUT / ".venv")
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        (directory / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
        start = f"import runpy\n\nrunpy.run_path({str(source / '__main__.py')!r}, run_name='__main__')\n"
        (directory / "__main__.py").write_text(start)
        yield directory


def _program(directory: Path, stack: str, environment: Mapping[str, str]) -> Program:
    tools = ensure(["pulumi", *CONTROL_PLANE])
    ControlPlane(_CLUSTER, Binaries.by_name({name: tools[name].path for name in CONTROL_PLANE})).start()
    settings = engine_settings(local=True, cluster=_CLUSTER) | {"PATH": search_path(tools)}
    return _made(directory, stack, settings, environment)


def _made(
    directory: Path, stack: str, settings: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> Program:
    bare = {name: value for name, value in settings.items() if name != "PULUMI_OPTION_POLICY_PACK"}
    made = Program(directory, stack, os.environ | bare | dict(environment or {}))
    run(["pulumi", "stack", "select", "--create", stack], directory, made.environment)
    return made
