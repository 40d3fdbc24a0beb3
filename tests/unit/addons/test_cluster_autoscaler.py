"""An autoscaler that shrinks somebody else's pools, that finds none, or that waits for ever for what it may not see."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

import pytest

from components.addons.cluster_autoscaler import ClusterAutoscaler
from components.addons.cluster_autoscaler.spec import RELEASES
from components.clusters.eks.facts import FACTS
from components.clusters.eks.live import Scaling, Size, scaling
from components.clusters.eks.pool_scaling import autoscaler_policy, discovery_tags
from components.clusters.pools import NodeCount
from tests.support.registered import Registered
from tests.support.stack_files import load_stack, registered_with

pytestmark = pytest.mark.usefixtures("bundles")

CLUSTER: Final = "arn:aws:eks:eu-central-1:111122223333:cluster/shop"
# What 1.36 lists before it decides anything (github.com/kubernetes/autoscaler/issues/7663 and 9244).
LISTED: Final = {
    "": ["namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "replicationcontrollers"],
    "apps": ["daemonsets", "replicasets", "statefulsets"],
    "batch": ["jobs"],
    "policy": ["poddisruptionbudgets"],
    "resource.k8s.io": ["deviceclasses", "resourceclaims", "resourceslices"],
    "storage.k8s.io": ["csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"],
}


@pytest.fixture(scope="module")
def made() -> Mapping[str, Registered]:
    """What the stack of EKS registers when it has the autoscaler and nothing else, by `type::name`."""
    options = {"idleMinutes": 7, "idleBelowPercent": 35}
    return {
        f"{each.type}::{each.name}": each for each in registered_with("eks-prod", clusterAutoscaler=options).values()
    }


def container(made: Mapping[str, Registered]) -> dict[str, Any]:
    deployment = made["kubernetes:apps/v1:Deployment::cluster-autoscaler/cluster-autoscaler"]
    return dict(deployment.inputs["spec"]["template"]["spec"]["containers"][0])


def statement(action: str) -> dict[str, Any]:
    (found,) = [
        each for each in json.loads(autoscaler_policy("shop", CLUSTER))["Statement"] if action in each["Action"]
    ]
    return dict(found)


@pytest.mark.parametrize(
    "action", ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
)
def test_it_changes_pools_of_its_cluster_only(action: str) -> None:
    found = statement(action)
    assert found["Condition"]["StringEquals"] == {
        "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true",
        "aws:ResourceTag/k8s.io/cluster-autoscaler/shop": "owned",
    }
    theirs = "arn:aws:autoscaling:eu-central-1:999999999999:autoScalingGroup:1:autoScalingGroupName/theirs"
    assert not fnmatchcase(theirs, found["Resource"])
    assert fnmatchcase(theirs.replace("999999999999", "111122223333"), found["Resource"])


def test_it_changes_nothing_besides() -> None:
    reading = ("Describe", "Get", "List")
    policy = json.loads(autoscaler_policy("shop", CLUSTER))["Statement"]
    changes = {
        action
        for each in policy
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        if not action.partition(":")[2].startswith(reading)
    }
    assert changes == {"autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"}


def test_it_finds_the_pools_by_the_tags_that_its_rights_are_bound_to(made: Mapping[str, Registered]) -> None:
    name = load_stack("eks-prod").cluster.name
    (found_by,) = [each for each in container(made)["args"] if each.startswith("--node-group-auto-discovery")]
    assert found_by.removeprefix("--node-group-auto-discovery=asg:tag=").split(",") == list(discovery_tags(name))


def test_its_options_are_what_it_is_told(made: Mapping[str, Registered]) -> None:
    told = container(made)["args"]
    assert {"--scale-down-unneeded-time=7m", "--scale-down-utilization-threshold=0.35"} <= set(told)
    assert "--expander=least-waste" in told


def test_pools_that_scale_keep_the_size_that_it_gives_them() -> None:
    live = {"general-0a1b2c": Size((2, 5), 4)}
    assert scaling("general", "general-0a1b2c", NodeCount(min=2, max=5), live) == Scaling(4, is_kept=True)


@pytest.mark.parametrize("version", FACTS.versions)
def test_there_is_a_release_of_the_clusters_own_minor(version: str) -> None:
    assert RELEASES[version].startswith(f"{version}.")
    assert ClusterAutoscaler.version in RELEASES.values()


def test_the_release_is_that_of_the_cluster(made: Mapping[str, Registered]) -> None:
    assert container(made)["image"].endswith(f":v{RELEASES[load_stack('eks-prod').cluster.version]}")


def test_it_may_see_all_that_it_waits_for(made: Mapping[str, Registered]) -> None:
    name = "cluster-autoscaler-cluster-autoscaler"
    rules = made[f"kubernetes:rbac.authorization.k8s.io/v1:ClusterRole::{name}"].inputs["rules"]
    for group, kinds in LISTED.items():
        for kind in kinds:
            allowed = [each["verbs"] for each in rules if group in each["apiGroups"] and kind in each["resources"]]
            assert any({"list", "watch"} <= set(verbs) for verbs in allowed), f"{kind}.{group}"


def test_it_is_somebody_in_the_cloud_by_pod_identity(made: Mapping[str, Registered]) -> None:
    (association,) = [
        each.inputs
        for each in made.values()
        if each.type.endswith("PodIdentityAssociation") and each.inputs["namespace"] == "cluster-autoscaler"
    ]
    assert association["serviceAccount"] == "cluster-autoscaler"
    assert {"name": "AWS_REGION", "value": "eu-central-1"} in container(made)["env"]
