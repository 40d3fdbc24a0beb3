"""What a kept base is known by, which would preview on another base than the change's, or bring each up anew."""

from automation.preview.base import Needed, digest
from automation.preview.revisions import Repository as Revisions
from automation.preview.touched import Reach
from automation.project import Project
from stacks.loading import load_file
from tests.support.repository import Repository


def test_a_base_is_another_one_when_the_stack_asks_for_something_else_and_not_otherwise(repository: Repository) -> None:
    def committed() -> str:
        repository.commit()
        revisions = Revisions(repository.directory)
        project = Project(repository.directory, "eks-dev", load_file(repository.directory / "Pulumi.eks-dev.yaml"))
        base = revisions.base("HEAD")
        return digest(Needed.of(project, revisions, base), Reach(revisions, base))

    repository.write("docs/first.md", "first")
    first = committed()
    repository.write("docs/first.md", "second")
    repository.edit("components/clusters/gke/pools.py", '"""', '""" ')
    repository.edit("Pulumi.gke-dev.yaml", "max: 6", "max: 5")
    assert committed() == first, "no stack of Google's is this one"
    repository.edit("components/clusters/eks/pools.py", '"""', '""" ')
    second = committed()
    repository.edit("Pulumi.eks-dev.yaml", "max: 4", "max: 3")
    assert len({first, second, committed()}) == 3
