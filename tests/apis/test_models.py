"""An input that a cloud's API would refuse, before any cloud is asked.

Every input of every resource of the clouds' stacks is put to the models of the clouds' own APIs, as the call that the
provider makes of it; tests/contract does the same with every changed key.
"""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from common.paths import CHECKOUT
from rehearsal.providers.clouds.compile_schema import CLOUDS
from stacks.loading import load_file
from tests.apis.calls import read_calls
from tests.apis.check import read_model
from tests.apis.refusals import refusals
from tests.support.registered import registered
from tests.support.replacing import rule_book
from tests.support.stack_files import CLOUD_STACKS, STACKS_WITH_ADD_ONS, load_with_add_ons, planned

CASES = CHECKOUT / "tests" / "unit" / "stacks" / "cases"
KINDS = ("eks", "gke", "aks")


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_no_api_refuses_anything_of_a_stack(stack: str) -> None:
    assert refusals(planned(stack)) == []


@pytest.mark.usefixtures("bundles")
@pytest.mark.parametrize("stack", [stack for stack in STACKS_WITH_ADD_ONS if stack in CLOUD_STACKS])
def test_no_api_refuses_anything_of_add_ons(stack: str) -> None:
    assert refusals(registered(load_with_add_ons(stack), stack)) == []


@pytest.mark.parametrize("case", sorted(each.name for kind in KINDS for each in CASES.glob(f"{kind}.ok.*.yaml")))
def test_no_api_refuses_anything_of_what_is_a_right_stack_file(case: str, tmp_path: Path) -> None:
    spec = load_file(Path(copy(CASES / case, tmp_path / "Pulumi.test.yaml")))
    assert refusals(registered(spec)) == []


@pytest.mark.parametrize("cloud", CLOUDS)
def test_every_type_in_use_is_made_by_a_call(cloud: str) -> None:
    assert read_calls(cloud).keys() >= rule_book(cloud).types.keys()


NODE_GROUP = {
    "clusterName": "dev",
    "nodeRoleArn": "arn:aws:::node",
    "subnetIds": ["a-id"],
    "nodeGroupName": "general",
    "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 1},
}
POOL = {"resourceGroupName": "dev", "resourceName": "dev", "agentPoolName": "general", "vmSize": "Standard_D2s_v5"}
CLUSTER = {"name": "dev", "location": "europe-west4"}


def faults() -> Iterator[tuple[str, dict[str, Any], str]]:
    """A type, inputs, and a part of what is wrong with them; nothing where they are right."""
    group, pool, cluster = (
        "aws:eks/nodeGroup:NodeGroup",
        "azure-native:containerservice:AgentPool",
        "gcp:container/cluster:Cluster",
    )
    yield group, NODE_GROUP, ""
    yield group, NODE_GROUP | {"amiType": "AL2023_ARM64"}, "amiType: 'AL2023_ARM64' is none of"
    yield group, NODE_GROUP | {"scalingConfig": {"minSize": -1}}, "scalingConfig.minSize: -1, allowed are 0"
    yield group, NODE_GROUP | {"taints": [{"key": "k", "effect": "NoSchedule"}]}, "taints.effect: 'NoSchedule' is none"
    yield group, NODE_GROUP | {"labels": {"a": "b" * 64}}, "labels.a: 64 characters, allowed are 1 to 63"
    yield group, NODE_GROUP | {"launchTmplate": {}}, "launchTmplate: eks.CreateNodegroup has no launchTmplate"
    yield group, {k: v for k, v in NODE_GROUP.items() if k != "nodeRoleArn"}, "eks.CreateNodegroup wants nodeRole"
    yield "aws:iam/role:Role", {"name": "r" * 65, "assumeRolePolicy": "{}"}, "name: 65 characters, allowed are 1 to 64"
    yield pool, POOL, ""
    yield pool, POOL | {"agentPoolName": "My-pool"}, "agentPoolName: 'My-pool' is not of the form"
    yield pool, POOL | {"mode": "system"}, "mode: 'system' is none of System, User"
    yield pool, POOL | {"osDiskSizeGB": 4096}, "osDiskSizeGB: 4096, allowed are 0 to 2048"
    yield pool, POOL | {"provisioningState": "Succeeded"}, "has no provisioningState"
    yield cluster, CLUSTER, ""
    yield cluster, CLUSTER | {"name": "d" * 41}, "name: 41 characters, allowed are 1 to 40"
    yield cluster, CLUSTER | {"name": "1shop"}, "name: '1shop' is not of the form"
    yield cluster, CLUSTER | {"datapathProvider": "CILIUM"}, "datapathProvider: 'CILIUM' is none of"
    yield cluster, CLUSTER | {"dnsConfig": {"clusterDnsDomian": "a"}}, "dnsConfig.clusterDnsDomian: there is no"
    yield cluster, CLUSTER | {"resourceLabels": {"Team": "a"}}, "resourceLabels 'Team'"


@pytest.mark.parametrize(("type_", "inputs", "problem"), list(faults()))
def test_a_fault_is_found(type_: str, inputs: dict[str, Any], problem: str) -> None:
    found = list(read_model(type_.partition(":")[0].replace("-", "_")).problems(type_, inputs))
    if problem:
        assert [problem in each for each in found] == [True], found
    else:
        assert found == []
