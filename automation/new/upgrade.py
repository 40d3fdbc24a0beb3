"""`polykube upgrade VERSION`: what another version of polykube changes for the stacks of a project.

That version previews each stack on top of what the pinned one makes, on the stand-in cloud. The project stays as it is.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from automation.new.files import PINNED
from automation.new.pinned import must, said
from automation.preview.revisions import Repository
from automation.project import project_directory, stack_names
from automation.show import err, out
from common.errors import Problem, ProjectError
from stacks.loading import load_file, stack_file


def upgrade(version: str, stacks: Sequence[str]) -> int:
    """Preview `version`, a tag, branch or commit of polykube, for some stacks or all; the exit code comes back.

    Raises ProjectError: PK536 outside of a project with polykube in it, PK537 for a version that there is not.
    """
    directory = project_directory()
    pinned = directory / PINNED
    if not (pinned / ".git").exists():
        raise ProjectError(_not_pinned(directory))
    commit = _commit(pinned, version)
    wanted = list(stacks) or stack_names(directory)
    clouds = {load_file(stack_file(directory, stack)).cluster.cloud for stack in wanted} - {""}
    with tempfile.TemporaryDirectory(prefix="polykube-upgrade-") as scratch:
        draft = Path(scratch, directory.name)
        must(directory, "clone", "--quiet", "--shared", ".", str(draft))
        must(pinned, "clone", "--quiet", "--shared", "--no-checkout", ".", str(draft / PINNED))
        must(draft / PINNED, "checkout", "--quiet", commit)
        err.print(f"[dim]getting {version} ({commit[:12]}) ready[/dim]", soft_wrap=True)
        code = _run(draft, sys.executable, str(Path(PINNED, "bootstrap.py")), *sorted(clouds))
        program = str(Path(PINNED, ".venv", "bin", "polykube"))
        code = code or _run(draft, program, "preview", *wanted, "--base", "HEAD")
    out.print(f"\n[dim]next[/dim]  git -C {PINNED} checkout {version}, and commit it", soft_wrap=True)
    return code


def _commit(pinned: Path, version: str) -> str:
    """The commit of a version, fetched if it is not there yet."""
    repository = Repository(pinned)
    if found := repository.commit(version):
        return found
    said(pinned, "fetch", "--quiet", "--tags", "origin")
    if found := repository.commit(version) or repository.commit(f"origin/{version}"):
        return found
    newest = said(pinned, "tag", "--sort=-creatordate").split("\n")[:5]
    raise ProjectError(
        Problem(
            code="PK537",
            summary="there is no such version of polykube",
            found=version,
            allowed=f"a tag, a branch or a commit of {said(pinned, 'config', '--get', 'remote.origin.url')}",
            remedy=f"name another one, such as {', '.join(filter(None, newest)) or 'main'}",
        )
    )


def _run(directory: Path, *command: str) -> int:
    """Run a command of the other version's, by itself: it must not take this one's environment for its own."""
    return subprocess.run(command, cwd=directory, check=False).returncode


def _not_pinned(directory: Path) -> Problem:
    return Problem(
        code="PK536",
        summary="polykube is not pinned in this project",
        where=str(directory),
        found=f"no Git submodule {PINNED}/",
        allowed="a project that `polykube new` made",
        remedy="make one: polykube new DIR",
    )
