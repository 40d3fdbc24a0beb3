"""polykube in a project: a Git submodule at the commit of the checkout that made the project."""

import subprocess
from pathlib import Path

from automation.new.files import PINNED
from common.errors import Problem, ProjectError, last_words
from common.paths import CHECKOUT
from common.progress import step


def pin(directory: Path, source: str) -> str:
    """Make the project at `directory` a Git work tree, if it is in none, with polykube from `source` in it.

    The source is a URL or a path; empty, it is where this checkout came from, or else this checkout. The commit that is
    pinned comes back; ProjectError (PK535) when git fails.
    """
    source = source or said(CHECKOUT, "config", "--get", "remote.origin.url") or str(CHECKOUT)
    commit = must(CHECKOUT, "rev-parse", "HEAD")
    if said(directory, "rev-parse", "--is-inside-work-tree") != "true":
        must(directory, "init", "--quiet", "--initial-branch", "main")
    local = ["-c", "protocol.file.allow=always"] if Path(source).exists() else []
    with step(f"pinning polykube {commit[:12]} as a Git submodule", 2):
        must(directory, *local, "submodule", "--quiet", "add", "--force", "--name", PINNED, source, PINNED)
        must(directory / PINNED, "checkout", "--quiet", commit)
        must(directory, "add", PINNED)
    return commit


def said(directory: Path, *arguments: str) -> str:
    """What git answers in `directory`; nothing where it refuses."""
    return _git(directory, arguments).stdout.strip()


def must(directory: Path, *arguments: str) -> str:
    """What git answers; ProjectError (PK535) where it refuses."""
    done = _git(directory, arguments)
    if done.returncode:
        raise ProjectError(
            Problem(
                code="PK535",
                summary="git does not do what it takes to pin polykube",
                where=f"git {' '.join(arguments)}",
                found=last_words(done.stderr, 500),
                allowed="a repository of polykube that git can clone, and that has the commit",
                remedy="name another repository by --from URL; what is written already stays",
            )
        )
    return done.stdout.strip()


def _git(directory: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=False)  # noqa: S607
    except FileNotFoundError:
        return subprocess.CompletedProcess(["git", *arguments], 127, "", "there is no git on PATH")
