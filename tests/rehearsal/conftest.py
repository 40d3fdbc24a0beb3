"""The real engine with the stand-in plugins and the stand-in language host, for tests of this directory."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from common.paths import CHECKOUT
from rehearsal.language_host import required_plugins
from rehearsal.plugins import LANGUAGE_HOST, STAND_INS

_TIMEOUT: Final = 300  # seconds; far more than any command of a test needs
_BINARIES: Final = Path(os.environ.get("POLYKUBE_TEST_BIN", "/tmp/tb"))


@dataclass(frozen=True)
class Engine:
    """`pulumi` on one stack of one program in `directory`, with a home and a file backend of its own."""

    directory: Path
    environment: dict[str, str]

    def write_program(self, text: str) -> None:
        """Make `text` the Python program."""
        (self.directory / "__main__.py").write_text(text)

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a `pulumi` command to its end; a failure is for the test to judge."""
        return subprocess.run(
            [_BINARIES / "pulumi", "--non-interactive", "--color", "never", *arguments],
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


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine with the empty stack `dev`; its plugins are gone with the test."""
    home, program, backend = (tmp_path / name for name in ("home", "program", "backend"))
    for directory in (home, program, backend):
        directory.mkdir()
    _write_shim(home / "bin" / LANGUAGE_HOST, "rehearsal.language_host")
    versions = required_plugins()
    for name, module in STAND_INS.items():
        _write_shim(home / "plugins" / f"resource-{name}-v{versions[name]}" / f"pulumi-resource-{name}", module)
    (program / "Pulumi.yaml").write_text("name: rehearsed\nruntime: python\n")
    environment = os.environ | {
        "PATH": os.pathsep.join([str(home / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(CHECKOUT),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": backend.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    engine = Engine(program, environment)
    engine.must("stack", "init", "dev")
    return engine


def _write_shim(path: Path, module: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m {module} "$@"\n')
    path.chmod(0o755)
