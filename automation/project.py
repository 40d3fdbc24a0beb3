"""What a command needs to know of the stack that it works on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from automation.engine import Engine
from automation.environment import engine_settings, has_passphrase, search_path
from automation.state.backends import VARIABLE, check_url
from automation.state.files import StateFiles
from common.errors import EngineError, Problem, StackFileError
from common.paths import CHECKOUT
from rehearsal import toolchain
from rehearsal.control_plane import Binaries, ControlPlane
from rehearsal.toolchain import Tool
from stacks.config import StackSpec
from stacks.loading import load_file, stack_file


@dataclass(frozen=True)
class Project:
    """A stack of the project in `directory`: its name and what its file says."""

    directory: Path
    stack: str
    spec: StackSpec

    @classmethod
    def open(cls, stack: str) -> "Project":
        """Read `Pulumi.<stack>.yaml` of the current project; StackFileError holds every problem of it."""
        directory = project_directory()
        file = _there(stack_file(directory, stack), stack)
        return cls(directory, stack, load_file(Path(os.path.relpath(file))))

    @property
    def is_local(self) -> bool:
        """Whether the stack's cluster is the embedded control plane."""
        return self.spec.cluster.kind == "local"

    @property
    def cluster_name(self) -> str:
        """The cluster's name; the stack's unless the file says another."""
        return self.spec.cluster.name

    @property
    def cloud(self) -> str:
        """The Pulumi package of the cloud that the stack is built on; empty if there is none."""
        return self.spec.cluster.cloud

    @property
    def tools(self) -> tuple[str, ...]:
        """The binaries that the stack cannot do without."""
        return toolchain.ENGINE + (toolchain.CONTROL_PLANE if self.is_local else ())

    @property
    def bundles(self) -> list[str]:
        """The renderings of upstream's manifests that the program loads."""
        return [*self.spec.cluster.bundles, *self.spec.addons.plan().bundles]

    @property
    def state_files(self) -> StateFiles | None:
        """The files of the stack's state; None where the backend keeps none here."""
        return StateFiles.of_project(self.settings[VARIABLE], self.directory, self.stack)

    def control_plane(self, tools: dict[str, Tool] | None = None) -> ControlPlane:
        """The embedded control plane of a local stack; startable when its `tools` are given."""
        executables = tools and Binaries.by_name({name: tools[name].path for name in toolchain.CONTROL_PLANE})
        return ControlPlane(self.cluster_name, executables or None)

    def engine(self, tools: dict[str, Tool], environment: Mapping[str, str] = os.environ) -> Engine:
        """The engine on this stack; EngineError when its secrets cannot be read or written (PK402), or there is no such
        backend (PK416)."""
        check_url(self.settings[VARIABLE])
        if not (self.is_local or has_passphrase() or self._brings_own_secrets_provider):
            raise EngineError(_no_passphrase(self.stack))
        settings = self.settings | {"PATH": search_path(tools)}
        return Engine(tools["pulumi"], self.stack, settings, self.directory, environment=environment)

    @cached_property
    def settings(self) -> dict[str, str]:
        """The variables that the engine runs with, but for PATH."""
        return engine_settings(local=self.is_local, cluster=self.cluster_name)

    @property
    def _brings_own_secrets_provider(self) -> bool:
        keeps_secrets = os.environ.get(VARIABLE, "").startswith("https://")
        return keeps_secrets or "secretsprovider:" in stack_file(self.directory, self.stack).read_text()


def named_stack_file(stack: str) -> Path:
    """The file of a stack of the project that we are in, or at a path; StackFileError (PK100) if there is none."""
    path = Path(stack)
    if path.suffix in (".yaml", ".yml"):
        return _there(path, path.name.removeprefix("Pulumi.").removesuffix(path.suffix))
    return _there(stack_file(project_directory(), stack), stack)


def _there(file: Path, stack: str) -> Path:
    """The stack's file itself; StackFileError (PK100) if it is not there."""
    if not file.is_file():
        raise StackFileError(_no_such_stack(file, stack))
    return file


def project_directory() -> Path:
    """The directory of the Pulumi project that we are in, as `pulumi` finds it; this checkout if we are in none."""
    here = Path.cwd()
    return next((place for place in (here, *here.parents) if (place / "Pulumi.yaml").is_file()), CHECKOUT)


def stack_names(directory: Path) -> list[str]:
    """The stacks that have a file in a project's directory."""
    return sorted(file.name[len("Pulumi.") : -len(".yaml")] for file in directory.glob("Pulumi.*.yaml"))


def _no_such_stack(file: Path, stack: str) -> Problem:
    return Problem(
        code="PK100",
        summary=f"there is no stack {stack}",
        file=file.name,
        found=f"no such file in {file.parent}",
        allowed=", ".join(stack_names(file.parent)),
        remedy="name one of these stacks (STACK=… for make, --stack for polykube), or write the file",
    )


def _no_passphrase(stack: str) -> Problem:
    return Problem(
        code="PK402",
        summary=f"stack {stack} keeps secrets, and there is no passphrase to encrypt them with",
        file=f"Pulumi.{stack}.yaml",
        found="neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set, and the file names no "
        "secretsprovider",
        allowed="a passphrase in the environment, or `secretsprovider:` with a key management service",
        remedy="export PULUMI_CONFIG_PASSPHRASE_FILE=… with the passphrase that the stack was made with",
    )
