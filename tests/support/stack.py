"""The polykube program under the real engine, in a project of the test's own."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from automation.environment import POLICY_PACK
from common.paths import CHECKOUT
from spec.values import Secret
from tests.support.engine import Engine, make_engine

PROGRAM: Final = "from stacks.program import run\n\nrun()\n"


@dataclass(frozen=True)
class Stack:
    """The stack `dev` of the program; its file is written by the test."""

    engine: Engine

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.engine.directory / "Pulumi.dev.yaml"

    def write(self, spec: dict[str, Any]) -> None:
        """Make `spec` (top-level fields without their namespace) what the stack file says, its secrets encrypted."""
        salt = yaml.safe_load(self.file.read_text())["encryptionsalt"]
        config = {f"polykube:{key}": _emptied(value) for key, value in spec.items()}
        self.file.write_text(yaml.safe_dump({"encryptionsalt": salt, "config": config}))
        for key, value in spec.items():
            for path, text in _secrets(value, f"polykube:{key}"):
                self.engine.must("config", "set", "--stack", "dev", "--secret", "--path", path, stdin=text)

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`pulumi up` with the policy pack; whether it succeeds is for the test to judge."""
        return self.engine.run("up", "--yes", "--stack", "dev", "--policy-pack", str(POLICY_PACK), *arguments)

    def must_up(self, *arguments: str) -> str:
        """`pulumi up` that has to succeed; what it printed comes back."""
        done = self.up(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def preview(self, *arguments: str) -> list[dict[str, Any]]:
        """The steps of `pulumi preview`, each with `op`, `urn` and `newState`; it has to succeed."""
        steps: list[dict[str, Any]] = json.loads(self.engine.must("preview", "--json", "--stack", "dev", *arguments))[
            "steps"
        ]
        return steps

    def changes(self, *arguments: str) -> dict[str, str]:
        """What `pulumi preview` would do, by URN, without what stays the same."""
        return {step["urn"]: step["op"] for step in self.preview(*arguments) if step["op"] != "same"}

    def state(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        exported = json.loads(self.engine.must("stack", "export", "--stack", "dev"))
        resources: list[dict[str, Any]] = exported["deployment"].get("resources") or []
        return resources

    def destroy(self) -> None:
        """`pulumi destroy`, which has to succeed."""
        self.engine.must("destroy", "--yes", "--stack", "dev")


def _emptied(value: Any) -> Any:
    """`value` with nothing in the place of each secret."""
    if isinstance(value, dict):
        return {key: _emptied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_emptied(each) for each in value]
    return "" if isinstance(value, Secret) else value


def _secrets(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The path and text of each secret in mappings below `path`."""
    if isinstance(value, Secret):
        yield path, value.text or ""
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _secrets(each, f"{path}.{key}")


def make_stack(root: Path) -> Stack:
    """The program with an empty stack `dev`, below `root`."""
    engine = make_engine(root, project="polykube")
    engine.write_program(PROGRAM)
    return Stack(engine)


def make_passing_stack(root: Path) -> Stack:
    """The same with a state that is written once in the end: where no test reads the state of a run that broke off.

    Writing it for each of hundreds of objects takes most of the time.
    """
    stack = make_stack(root)
    stack.engine.environment.update(PULUMI_EXPERIMENTAL="true", PULUMI_SKIP_CHECKPOINTS="true")
    return stack


def dev_spec(cluster: str, text: str = "") -> dict[str, Any]:
    """The example stack `dev` as a spec, on the control plane called `cluster`, or what another `text` of it says.

    Secrets are others.
    """
    config = yaml.safe_load(text or (CHECKOUT / "Pulumi.dev.yaml").read_text())["config"]
    spec: dict[str, Any] = {key.removeprefix("polykube:"): _with_secrets(value) for key, value in config.items()}
    spec["cluster"]["name"] = cluster
    for tenant in spec["tenants"]:
        tenant["manifests"] = [str(CHECKOUT / path) for path in tenant.get("manifests", [])]
    return spec


def _with_secrets(value: Any) -> Any:
    """`value` with a secret of the test's in place of each that is encrypted."""
    if isinstance(value, dict):
        encrypted = value.keys() == {"secure"}
        return Secret("hunter2") if encrypted else {key: _with_secrets(each) for key, each in value.items()}
    return [_with_secrets(each) for each in value] if isinstance(value, list) else value


def urn_name(urn: str) -> str:
    """`kubernetes:core/v1:Namespace::shop` of a URN: its own type and its logical name."""
    kind, name = urn.split("::", 3)[2:]
    return f"{kind.rsplit('$', 1)[-1]}::{name}"
