"""Revisions of a project, as git has them: where a change starts, which files it has, and what was there before."""

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from common.errors import Problem, RevisionError

_SUBMODULE: Final = "160000"
"""The mode of a submodule's entry in a tree, whose hash is that of a commit."""


@dataclass(frozen=True)
class Base:
    """Where a change starts: the newest commit that `name`, as the user wrote it, has in common with the work tree."""

    name: str
    commit: str

    @property
    def short(self) -> str:
        """The commit in as many digits as people read."""
        return self.commit[:12]


@dataclass(frozen=True)
class Repository:
    """The part of a git work tree that is in `directory`; paths are relative to it.

    Its methods raise RevisionError: PK901 outside of a work tree, PK902 for what is no revision, PK903 where a shallow
    clone lacks it, PK904 for one that has nothing in common with the work tree, PK905 when git fails.
    """

    directory: Path

    def base(self, name: str) -> Base:
        """Where the change that is in the work tree parted from `name`, a revision or a branch of `origin`."""
        if self._run("rev-parse", "--is-inside-work-tree").stdout.strip() != b"true":
            raise RevisionError(_no_work_tree(self.directory))
        found = self.commit(name) or self.commit(f"origin/{name}")
        if not found:
            raise RevisionError(_not_fetched(name) if self._is_shallow else _no_revision(name))
        common = self._run("merge-base", found, "HEAD").stdout.decode().strip()
        if not common:
            raise RevisionError(_not_fetched(name) if self._is_shallow else _nothing_in_common(name))
        return Base(name, common)

    def commit(self, name: str) -> str:
        """The hash of the commit that `name`, a branch, a tag or a hash, leads to; nothing where there is none."""
        arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return self._run(*arguments).stdout.decode().strip()

    @property
    def head(self) -> str:
        """The commit that the work tree was checked out from."""
        return self.commit("HEAD")

    def edited(self) -> list[str]:
        """The files that differ from the commit that is checked out, new ones among them."""
        return self._changed_since("HEAD")

    def changed_since(self, base: Base) -> list[str]:
        """The files that the work tree has otherwise than `base`, those that are gone among them, sorted."""
        return self._changed_since(base.commit)

    def text(self, base: Base, path: str) -> str | None:
        """What a file was at `base`; None if it was not there."""
        shown = self._run("show", f"{base.commit}:./{path}")
        return None if shown.returncode else shown.stdout.decode(errors="replace")

    def text_within(self, base: Base, place: PurePosixPath, path: str) -> str | None:
        """What a file below `place` was at `base`, also where that is a submodule which is checked out."""
        mode, commit = self._listed(base).get(str(place), ("", ""))
        if mode == _SUBMODULE and (self.directory / place / ".git").exists():
            return Repository(self.directory / place).text(Base(base.name, commit), path)
        return self.text(base, str(place / path))

    def files(self, base: Base) -> dict[str, str]:
        """The files that there were at `base`, with hashes of what was in them."""
        return {path: hash_ for path, (_, hash_) in self._listed(base).items()}

    def write(self, base: Base, directory: Path) -> None:
        """Write out all files of `base`. Unlike `git worktree`, that leaves nothing in the repository when killed.

        A submodule that is checked out comes with it, as it was pinned then.
        """
        top = self._must("rev-parse", "--show-prefix").decode().strip()
        archive = self._must("archive", "--format=tar", f"{base.commit}:{top}")
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(directory, filter="data")
        for path, (mode, commit) in self._listed(base).items():
            if mode == _SUBMODULE and (self.directory / path / ".git").exists():
                Repository(self.directory / path).write(Base(path, commit), directory / path)

    def submodules(self) -> frozenset[str]:
        """The paths of what is pinned in the work tree."""
        listed = self._must("ls-files", "--stage", "-z").decode(errors="replace").split("\0")
        return frozenset(entry.partition("\t")[2] for entry in listed if entry.startswith(_SUBMODULE))

    def _listed(self, base: Base) -> dict[str, tuple[str, str]]:
        """Mode and hash of each file that there was at `base`, by its path."""
        listed = self._must("ls-tree", "-r", "-z", base.commit).decode(errors="replace").split("\0")
        entries = (entry.partition("\t") for entry in listed if entry)
        return {path: (about.split()[0], about.split()[2]) for about, _, path in entries}

    def _changed_since(self, commit: str) -> list[str]:
        differing = self._must("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--relative", commit)
        new = self._must("ls-files", "--others", "--exclude-standard", "-z")
        return sorted({path.decode(errors="replace") for path in (differing + new).split(b"\0") if path})

    @property
    def _is_shallow(self) -> bool:
        return self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"

    def _must(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode:
            raise RevisionError(_failed(arguments[0], done.stderr.decode(errors="replace").strip()))
        return done.stdout

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(["git", *arguments], cwd=self.directory, capture_output=True, check=False)  # noqa: S607
        except FileNotFoundError:
            raise RevisionError(_failed(arguments[0], "there is no git on PATH")) from None


def _no_work_tree(directory: Path) -> Problem:
    return Problem(
        code="PK901",
        summary="the project is not in a git work tree",
        found=str(directory),
        allowed="a directory that was cloned by git",
        remedy="run this where the project was cloned",
    )


def _no_revision(name: str) -> Problem:
    return Problem(
        code="PK902",
        summary="there is no such revision",
        where="--base",
        found=name,
        allowed="a commit, a tag or a branch, also one of origin",
        remedy="see what there is by `git branch --all` and `git tag`; `git fetch` gets what is new",
    )


def _not_fetched(name: str) -> Problem:
    return Problem(
        code="PK903",
        summary="a shallow clone does not have the base",
        where="--base",
        found=f"not {name} and what it has in common with what is checked out",
        allowed="a clone with the history from there on",
        remedy="run `git fetch --unshallow origin`, or have CI check out everything (fetch-depth: 0, GIT_DEPTH: 0)",
    )


def _nothing_in_common(name: str) -> Problem:
    return Problem(
        code="PK904",
        summary="git cannot say what has changed",
        where="--base",
        found=f"{name}, which has no commit in common with what is checked out",
        allowed="a revision that the change was made from",
        remedy="name the branch that the change is to go into",
    )


def _failed(command: str, found: str) -> Problem:
    return Problem(
        code="PK905",
        summary="git failed",
        where=f"git {command}",
        found=found,
        remedy="mend what git complains about, and run the same command again",
    )
