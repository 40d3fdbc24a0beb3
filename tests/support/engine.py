"""The real engine with stand-in plugins, in a directory of its own: home, file backend, program."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.paths import CHECKOUT
from rehearsal.plugins import ensure_language_host, write_stand_ins
from rehearsal.toolchain import ensure

_TIMEOUT: Final = 300  # seconds; far more than any command of a test needs


@dataclass(frozen=True)
class Engine:
    """`pulumi` on the program in `directory`, with a home and a file backend of its own."""

    binary: Path
    directory: Path
    environment: dict[str, str]

    def write_program(self, text: str) -> None:
        """Make `text` the Python program."""
        (self.directory / "__main__.py").write_text(text)

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a `pulumi` command to its end; a failure is for the test to judge."""
        return subprocess.run(
            [self.binary, "--non-interactive", "--color", "never", *arguments],
            cwd=self.directory,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )

    def must(self, *arguments: str, stdin: str | None = None) -> str:
        """Run a `pulumi` command that has to succeed; what it wrote to standard output comes back."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def make_engine(root: Path, project: str = "rehearsed") -> Engine:
    """An engine below `root` that knows the empty stack `dev` of `project`."""
    pulumi = ensure(["pulumi"])["pulumi"]
    ensure_language_host(pulumi)
    home, program, backend = (root / name for name in ("home", "program", "backend"))
    for directory in (home, program, backend):
        directory.mkdir()
    write_stand_ins(home)
    (program / "Pulumi.yaml").write_text(f"name: {project}\nruntime: python\n")
    environment = os.environ | {
        "POLYKUBE_PYTHON": sys.executable,
        "PYTHONPATH": str(CHECKOUT),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    engine = Engine(pulumi.path, program, environment)
    engine.must("stack", "init", "dev")
    return engine
