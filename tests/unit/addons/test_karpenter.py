"""A Karpenter that may end machines of others, that machines outlive, or that has no bounds."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from components.addons.karpenter import Karpenter
from components.clusters.eks.karpenter import controller_policy
from tests.support.addons import OPTIONS, spec_of_all
from tests.support.registered import Registered, registered

pytestmark = pytest.mark.usefixtures("bundles")

CLUSTER: Final = "arn:aws:eks:eu-central-1:111122223333:cluster/shop"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Registered]:
    """What Karpenter consists of, and what it stands on in AWS, by `type::name`."""
    planned = registered(spec_of_all(tmp_path_factory.mktemp("karpenter")))
    return {f"{each.type}::{each.name}": each for each in planned.values()}


def test_the_pool_goes_before_karpenter_and_is_gone_no_earlier_than_its_machines(
    made: Mapping[str, Registered],
) -> None:
    pool = made["kubernetes:karpenter.sh/v1:NodePool::general"]
    node_class = made["kubernetes:karpenter.k8s.aws/v1:EC2NodeClass::general"]
    controller = made["kubernetes:apps/v1:Deployment::karpenter/karpenter"]
    assert node_class.urn in pool.after
    assert {controller.urn} <= node_class.after & pool.after
    assert not pool.deleted_with + node_class.deleted_with
    assert pool.inputs["metadata"]["annotations"]["pulumi.com/deletionPropagationPolicy"] == "foreground"
    assert pool.inputs["spec"]["limits"] == {"cpu": OPTIONS["karpenter"]["cpu"], "memory": "400Gi"}


def test_karpenter_knows_the_cluster_and_its_queue_and_makes_machines_of_the_clusters_kind(
    made: Mapping[str, Registered],
) -> None:
    pod = made["kubernetes:apps/v1:Deployment::karpenter/karpenter"].inputs["spec"]["template"]["spec"]
    told = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    name = told["CLUSTER_NAME"]
    assert f"aws:eks/cluster:Cluster::{name}" in made
    assert told["INTERRUPTION_QUEUE"] == f"{name}-karpenter"
    node = made["kubernetes:karpenter.k8s.aws/v1:EC2NodeClass::general"].inputs["spec"]
    assert node["securityGroupSelectorTerms"] == [{"tags": {"karpenter.sh/discovery": name}}]
    assert node["metadataOptions"]["httpTokens"] == "required"
    assert f"aws:iam/instanceProfile:InstanceProfile::{node['instanceProfile']}" in made


def test_stacks_keep_what_they_have_of_it_by_its_former_name(made: Mapping[str, Registered]) -> None:
    component = made["polykube:addons:Karpenter::karpenter"]
    assert component.formerly == ("autoscaling",)
    children = [each for each in made.values() if each.parent == component.urn]
    former = [[parent.split("::", 2)[2] for parent in each.former_parents] for each in children]
    assert children
    assert former == [["polykube:addons:Autoscaling::autoscaling"]] * len(children)


@pytest.mark.parametrize(("exported", "has"), [(["autoscaling"], True), (["karpenter"], True), (["istio"], False)])
def test_a_stack_has_it_by_either_name(exported: list[str], has: bool) -> None:
    assert Karpenter.is_in(exported) is has


def statements(action: str) -> list[dict[str, Any]]:
    policy = json.loads(controller_policy("shop", CLUSTER, "arn:queue", "arn:role", "arn:profile"))
    return [each for each in policy["Statement"] if action in each["Action"]]


@pytest.mark.parametrize("action", ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"])
def test_it_ends_machines_of_its_cluster_only(action: str) -> None:
    (statement,) = statements(action)
    assert statement["Condition"]["StringEquals"] == {"aws:ResourceTag/kubernetes.io/cluster/shop": "owned"}


def test_it_tags_only_what_it_makes_for_its_cluster_and_what_it_has_made() -> None:
    made, running = (each["Condition"] for each in statements("ec2:CreateTags"))
    assert made["StringEquals"]["aws:RequestTag/kubernetes.io/cluster/shop"] == "owned"
    assert "RunInstances" in made["StringEquals"]["ec2:CreateAction"]  # or it could claim any machine by a tag
    assert running["StringEquals"] == {"aws:ResourceTag/kubernetes.io/cluster/shop": "owned"}
    assert "kubernetes.io/cluster/shop" not in running["ForAllValues:StringEquals"]["aws:TagKeys"]


def test_it_gives_the_nodes_role_to_machines_only() -> None:
    (statement,) = statements("iam:PassRole")
    assert statement["Resource"] == "arn:role"
    assert statement["Condition"]["StringEquals"] == {
        "iam:PassedToService": ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]
    }
