"""A change that the cloud or the engine refuses when half of the run is done, instead of before anything happens."""

from typing import Any

import pytest

from automation.changes import check_changes
from common.errors import EngineError, Problem
from components.clusters.base import ClusterSpec
from stacks.config import StackSpec
from tests.support.stack_files import load_stack


def deployed(spec: StackSpec, *, version: str = "1.35", protect: bool = True) -> dict[str, Any]:
    """The state of a stack that was made by `spec`."""
    cluster = {"kind": spec.cluster.kind, "name": spec.cluster.name, "version": version, "fixed": spec.cluster.fixed()}
    stack = {"type": "pulumi:pulumi:Stack", "outputs": {"cluster": cluster}}
    return {"resources": [stack, {"type": "aws:ec2/vpc:Vpc", "protect": protect}]}


def cluster(version: str = "1.35", **other: Any) -> ClusterSpec:
    return load_stack("eks-prod").cluster.model_copy(update={"version": version, **other})


def refused(deployment: dict[str, Any], spec: ClusterSpec) -> list[Problem]:
    with pytest.raises(EngineError) as error:
        check_changes(deployment, spec)
    return list(error.value.problems)


@pytest.mark.parametrize("version", ["1.35", "1.36"])
def test_a_cluster_keeps_its_version_or_goes_up_by_one(version: str) -> None:
    check_changes(deployed(load_stack("eks-prod")), cluster(version))


@pytest.mark.parametrize(
    ("version", "remedy"), [("1.37", 'write "1.36" and bring the stack up'), ("1.34", 'write "1.35"')]
)
def test_two_minors_at_once_and_a_downgrade_are_refused(version: str, remedy: str) -> None:
    (problem,) = refused(deployed(load_stack("eks-prod")), cluster(version))
    assert problem.code == "PK405"
    assert remedy in problem.remedy


def test_every_fixed_key_that_changed_is_named_with_what_it_was() -> None:
    changed = cluster(region="eu-west-1", zones=("eu-west-1a",))
    problems = refused(deployed(load_stack("eks-prod")), changed)
    assert {problem.code for problem in problems} == {"PK407"}
    assert [problem.where for problem in problems] == ["polykube:cluster.region", "polykube:cluster.zones"]
    assert problems[0].found == "eu-west-1, and the cluster eks-prod was made with eu-central-1"
    assert "write eu-central-1 again" in problems[0].remedy


@pytest.mark.parametrize("other", ["gke-prod", "aks-prod", "dev"])
def test_another_kind_is_one_problem(other: str) -> None:
    (problem,) = refused(deployed(load_stack("eks-prod")), load_stack(other).cluster)
    assert problem.where == "polykube:cluster.kind"


def test_what_is_not_protected_may_be_made_anew_and_another_cluster_can_have_any_version() -> None:
    check_changes(deployed(load_stack("eks-prod"), protect=False), cluster(region="eu-west-1"))
    check_changes(deployed(load_stack("eks-prod"), version="1.30", protect=False), cluster("1.36", name="other"))


def test_a_stack_that_was_never_up_can_be_anything() -> None:
    check_changes({}, cluster("1.36"))
    check_changes({"resources": [{"type": "pulumi:pulumi:Stack"}]}, cluster("1.36"))
