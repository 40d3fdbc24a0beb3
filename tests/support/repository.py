"""A git repository of a test's own with this project in it, to be changed as a pull request would."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.paths import CHECKOUT
from tests.support.cli import Cli

ROOMS: Final = ("automation", "common", "components", "examples", "policy", "rehearsal", "spec", "stacks", "tools")
_FILES: Final = ("Pulumi.yaml", "__main__.py", "addons.lock", "bootstrap.py", "requirements.lock", "tools.lock")
_IDENTITY: Final = ("-c", "user.name=test", "-c", "user.email=test@test", "-c", "commit.gpgsign=false")
_TIMEOUT: Final = 600  # seconds; far more than a preview of the smallest stack takes


@dataclass(frozen=True)
class Repository:
    """The project in `directory`, on the branch `main` until `branch` is called."""

    directory: Path

    def git(self, *arguments: str) -> str:
        """Run git, which has to succeed; what it wrote comes back."""
        command = ["git", *_IDENTITY, *arguments]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, file: str, text: str) -> None:
        """Make `text` the whole of a file."""
        path = self.directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, file: str, old: str, new: str) -> None:
        """Put `new` in the place of `old`, which has to be there."""
        text = (self.directory / file).read_text()
        assert old in text
        self.write(file, text.replace(old, new))

    def commit(self) -> str:
        """Commit all that there is; the commit's hash comes back."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change something")
        return self.git("rev-parse", "HEAD")

    def polykube(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`polykube ARGUMENTS` here, to its end."""
        return Cli(self.directory, dict(os.environ), _TIMEOUT).run(*arguments, **variables)

    def own_polykube(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """The same by the code that is here, rather than by that which is tested."""
        command = (sys.executable, "-P", "-c", "from automation.cli import main; main()", *arguments)
        variables = {"PYTHONPATH": str(self.directory), **variables}
        return Cli(self.directory, dict(os.environ), _TIMEOUT).other(*command, **variables)


def make_repository(directory: Path, *stacks: str) -> Repository:
    """The project without its tests, with the files of some stacks, committed on `main`; `work` is checked out."""
    directory.mkdir(parents=True)
    for room in ROOMS:
        shutil.copytree(CHECKOUT / room, directory / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*_FILES, *(f"Pulumi.{stack}.yaml" for stack in stacks)):
        shutil.copy(CHECKOUT / file, directory)
    (directory / ".gitignore").write_text("__pycache__/\n.venv\n")
    (directory / ".venv").symlink_to(CHECKOUT / ".venv")  # the one that Pulumi.yaml names
    made = Repository(directory)
    made.git("init", "--quiet", "--initial-branch", "main")
    made.commit()
    made.git("checkout", "--quiet", "-b", "work")
    return made
