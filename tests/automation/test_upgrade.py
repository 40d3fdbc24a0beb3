"""An upgrade that the cloud refuses when half of the run is done, instead of before anything happens."""

from typing import Any

import pytest

from automation.upgrade import check_version
from common.errors import EngineError, as_text
from components.clusters.base import ClusterSpec
from tests.support.stack_files import load_stack


def deployed(**cluster: str) -> dict[str, Any]:
    return {"resources": [{"type": "pulumi:pulumi:Stack", "outputs": {"cluster": cluster}}]}


def spec(version: str) -> ClusterSpec:
    return load_stack("eks-prod").cluster.model_copy(update={"version": version})


@pytest.mark.parametrize("version", ["1.35", "1.36"])
def test_a_cluster_keeps_its_version_or_goes_up_by_one(version: str) -> None:
    check_version(deployed(kind="eks", name="eks-prod", version="1.35"), spec(version))


@pytest.mark.parametrize(
    ("version", "remedy"), [("1.37", 'write "1.36" and bring the stack up'), ("1.34", 'write "1.35"')]
)
def test_two_minors_at_once_and_a_downgrade_are_refused(version: str, remedy: str) -> None:
    with pytest.raises(EngineError) as refused:
        check_version(deployed(kind="eks", name="eks-prod", version="1.35"), spec(version))
    (problem,) = refused.value.problems
    assert problem.code == "PK405"
    assert remedy in as_text(problem)


def test_another_cluster_can_have_any_version() -> None:
    check_version(deployed(kind="eks", name="other", version="1.30"), spec("1.36"))
    check_version(deployed(kind="gke", name="eks-prod", version="1.30"), spec("1.36"))


def test_a_stack_that_was_never_up_can_have_any_version() -> None:
    check_version({}, spec("1.36"))
    check_version({"resources": [{"type": "pulumi:pulumi:Stack"}]}, spec("1.36"))
