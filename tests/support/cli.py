"""The `polykube` command in a project of the test's own, as a user runs it: files, exit codes, both outputs."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.stack import PROGRAM

POLYKUBE: Final = Path(sys.prefix) / "bin" / "polykube"
_TIMEOUT: Final = 300  # seconds; far more than any command of a test needs


@dataclass(frozen=True)
class Cli:
    """`polykube` in `directory`, a project with the stack `dev` and a file backend of its own."""

    directory: Path
    environment: dict[str, str]
    timeout: float = _TIMEOUT

    @property
    def file(self) -> Path:
        """The stack file."""
        return self.directory / "Pulumi.dev.yaml"

    def write(self, spec: dict[str, Any]) -> None:
        """Make `spec` (top-level fields without their namespace) what the stack file says."""
        written = yaml.safe_load(self.file.read_text()) if self.file.exists() else {}
        config = {f"polykube:{key}": value for key, value in spec.items()}
        self.file.write_text(yaml.safe_dump({**written, "config": config}))

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`polykube ARGUMENTS` to its end, with `variables` in its environment."""
        return self.other(str(POLYKUBE), *arguments, **variables)

    def must(self, *arguments: str, **variables: str) -> str:
        """`polykube ARGUMENTS`, which has to succeed; what it wrote to standard output comes back."""
        done = self.run(*arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Plain `pulumi ARGUMENTS`, in a shell that has evaluated what `polykube env` prints."""
        script = f'settings="$({POLYKUBE} env)" && eval "$settings" && pulumi "$@"'
        return self.other("sh", "-c", script, "sh", *arguments)

    def other(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Any command in the project's directory."""
        return subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.timeout,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`polykube ARGUMENTS` in a process group of its own, as a shell starts it; both outputs are one."""
        return subprocess.Popen(
            [POLYKUBE, *arguments],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def make_cli(root: Path) -> Cli:
    """A project below `root`, of which the user's own Pulumi settings know nothing; it has no stack file yet."""
    project, backend = root / "project", root / "backend"
    for directory in (project, backend):
        directory.mkdir()
    (project / "Pulumi.yaml").write_text("name: polykube\nruntime: python\n")
    (project / "__main__.py").write_text(PROGRAM)
    return Cli(project, inherited_environment(backend))


def inherited_environment(backend: Path) -> dict[str, str]:
    """The environment of a command whose engine keeps its states in the directory `backend`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    return inherited | {"PULUMI_BACKEND_URL": backend.as_uri(), "COLUMNS": "200"}


def one_tenant(cluster: str, *manifests: str) -> dict[str, Any]:
    """A small spec: one node, one tenant called `solo`, with the workload in `manifests`."""
    compute, container = {"cpu": "2", "memory": "1Gi"}, {"cpu": "100m", "memory": "5Mi"}
    tenant = {
        "name": "solo",
        "group": "soloists",
        "quota": {"pods": 10, "requests": compute, "limits": compute},
        "limitRange": {"default": container, "defaultRequest": container},
        "manifests": list(manifests),
    }
    pools = [{"name": "only", "nodes": 1}]
    return {
        "stage": "dev",
        "cluster": {"kind": "local", "name": cluster, "version": "1.36", "nodePools": pools},
        "tenants": [tenant],
    }
