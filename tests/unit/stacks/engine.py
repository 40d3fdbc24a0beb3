"""A project with a stack `dev` for the real engine, with everything that it writes in one directory."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.paths import CHECKOUT
from rehearsal.toolchain import ENGINE, ensure

PROJECT = "name: polykube\nruntime: python\n"
PROGRAM = "from stacks.loading import load_from_engine\nprint('loaded', load_from_engine())\n"
LANGUAGE_HOST = f"""#!/bin/sh
PYTHONPATH={CHECKOUT} exec {sys.executable} -m rehearsal.language_host "$@"
"""


@dataclass(frozen=True)
class Project:
    """The project's directory, and the engine with a state and a home of its own in it."""

    directory: Path

    @property
    def stack_file(self) -> Path:
        return self.directory / "Pulumi.dev.yaml"

    def pulumi(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        own = {
            "PULUMI_BACKEND_URL": self.directory.as_uri(),
            "PULUMI_HOME": str(self.directory / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "not a secret",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PATH": f"{self.directory}{os.pathsep}{os.environ['PATH']}",
        }
        return subprocess.run(
            [ensure(ENGINE)["pulumi"].path, "--non-interactive", *arguments],
            cwd=self.directory,
            env=os.environ | own,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def config(self) -> dict[str, Any]:
        """What the engine reads from the stack file, by key."""
        answer = self.pulumi("config", "--json", "--show-secrets", "--stack", "dev")
        assert answer.returncode == 0, answer.stderr
        read = json.loads(answer.stdout)
        return {key: entry.get("objectValue", entry["value"]) for key, entry in read.items()}


def make_project(directory: Path) -> Project:
    """A new project whose program loads the spec from the engine and prints it."""
    (directory / "Pulumi.yaml").write_text(PROJECT)
    (directory / "__main__.py").write_text(PROGRAM)
    host = directory / "pulumi-language-python"
    host.write_text(LANGUAGE_HOST)
    host.chmod(0o755)
    project = Project(directory)
    made = project.pulumi("stack", "init", "dev")
    assert made.returncode == 0, made.stderr
    return project
