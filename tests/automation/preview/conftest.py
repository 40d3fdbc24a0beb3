"""A repository that a test may change."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import Repository, make_repository

STACKS = ("dev", "eks-dev", "eks-prod", "gke-dev")


@pytest.fixture(scope="session")
def _committed(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return make_repository(tmp_path_factory.mktemp("project") / "committed", *STACKS)


@pytest.fixture
def repository(_committed: Repository) -> Iterator[Repository]:
    """The project with a few stacks; what a test does to it is undone."""
    start = _committed.git("rev-parse", "main")
    yield _committed
    _committed.git("reset", "--quiet", "--hard", start)
    _committed.git("clean", "--quiet", "-d", "--force")


@pytest.fixture
def shallow(repository: Repository, tmp_path: Path) -> Repository:
    """A clone of the branch `work` with its last commit alone, as CI makes it."""
    source = repository.directory.as_uri()
    repository.write("docs/later.md", "more")
    repository.commit()
    repository.git("clone", "--quiet", "--depth", "1", "--branch", "work", source, str(tmp_path / "shallow"))
    return Repository(tmp_path / "shallow")
