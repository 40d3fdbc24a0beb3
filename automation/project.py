"""What a command needs to know of the stack that it works on."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from automation.engine import Engine
from automation.environment import engine_settings, has_passphrase, search_path
from common.errors import EngineError, Problem, StackFileError
from common.paths import CHECKOUT
from rehearsal import toolchain
from rehearsal.control_plane import Binaries, ControlPlane
from rehearsal.toolchain import Tool
from stacks.config import StackSpec
from stacks.loading import load_file


@dataclass(frozen=True)
class Project:
    """A stack of this checkout: its name and what its file says."""

    stack: str
    spec: StackSpec

    @classmethod
    def open(cls, stack: str) -> "Project":
        """Read `Pulumi.<stack>.yaml`; StackFileError holds every problem of it."""
        file = stack_file(stack)
        if not file.is_file():
            raise StackFileError(_no_such_stack(stack))
        return cls(stack, load_file(file))

    @property
    def is_local(self) -> bool:
        """Whether the stack's cluster is the embedded control plane."""
        return self.spec.cluster.kind == "local"

    @property
    def cluster_name(self) -> str:
        """The cluster's name; the stack's unless the file says another."""
        return self.spec.cluster.name or self.stack

    @property
    def tools(self) -> tuple[str, ...]:
        """The binaries that the stack cannot do without."""
        return toolchain.ENGINE + (toolchain.CONTROL_PLANE if self.is_local else ())

    def control_plane(self, tools: dict[str, Tool] | None = None) -> ControlPlane:
        """The embedded control plane of a local stack; startable when its `tools` are given."""
        return ControlPlane(self.cluster_name, None if tools is None else binaries(tools))

    def engine(self, tools: dict[str, Tool]) -> Engine:
        """The engine on this stack; EngineError (PK402) when its secrets cannot be read or written."""
        if not (self.is_local or has_passphrase() or self._brings_own_secrets_provider):
            raise EngineError(_no_passphrase(self.stack))
        return Engine(tools["pulumi"], self.stack, self.settings | {"PATH": search_path(tools)})

    @cached_property
    def settings(self) -> dict[str, str]:
        """The variables that the engine runs with, but for PATH."""
        return engine_settings(local=self.is_local, cluster=self.cluster_name)

    @property
    def _brings_own_secrets_provider(self) -> bool:
        keeps_secrets = os.environ.get("PULUMI_BACKEND_URL", "").startswith("https://")
        return keeps_secrets or "secretsprovider:" in stack_file(self.stack).read_text()


def binaries(tools: dict[str, Tool]) -> Binaries:
    """The control plane's executables among `tools`."""
    return Binaries(**{name.replace("-", "_"): tools[name].path for name in toolchain.CONTROL_PLANE})


def stack_file(stack: str) -> Path:
    """Where the stack's file is, whether it exists or not."""
    return CHECKOUT / f"Pulumi.{stack}.yaml"


def stack_names() -> list[str]:
    """Every stack that has a file in this checkout, sorted."""
    return sorted(file.name[len("Pulumi.") : -len(".yaml")] for file in CHECKOUT.glob("Pulumi.*.yaml"))


def _no_such_stack(stack: str) -> Problem:
    return Problem(
        code="PK101",
        summary=f"there is no stack {stack}",
        file=stack_file(stack).name,
        found="no such file",
        allowed=", ".join(stack_names()),
        remedy="name one of these stacks (STACK=… for make, --stack for polykube), or write the file",
    )


def _no_passphrase(stack: str) -> Problem:
    return Problem(
        code="PK402",
        summary=f"stack {stack} keeps secrets, and there is no passphrase to encrypt them with",
        file=stack_file(stack).name,
        found="neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set, and the file names no "
        "secretsprovider",
        allowed="a passphrase in the environment, or `secretsprovider:` with a key management service",
        remedy="export PULUMI_CONFIG_PASSPHRASE_FILE=… with the passphrase that the stack was made with",
    )
