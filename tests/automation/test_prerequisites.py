"""A first `up` that ends at something that is off, or at a limit, though the stack file tells it beforehand."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from automation.prerequisites import CloudAccount, Prerequisite, find
from common.paths import CHECKOUT
from rehearsal.providers.clouds.needs import amounts, services
from tests.support.stack_files import CLOUD_STACKS, load_stack, planned

UNCOUNTED: Final = {"gke-autopilot", "kubeadm-aws"}
"""Stacks whose machines are not counted: the cloud's own, or those of groups, whose type is in a launch template."""


def cloud(stack: str) -> str:
    return load_stack(stack).cluster.cloud


def wants(stack: str) -> dict[str, Prerequisite]:
    place = CloudAccount(cloud(stack), "here", "mine")
    return {each.name: each for each in find(place, [(each.type, each.inputs) for each in planned(stack).values()])}


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_every_stack_says_what_has_to_be_on_and_how(stack: str) -> None:
    found = wants(stack)
    assert found
    for each in found.values():
        assert each.wanted_by
        assert each.name in each.command or each.kind == "limit"


def test_google_lists_the_apis_and_which_the_stack_switches_on() -> None:
    found = wants("gke-prod")
    assert {"compute.googleapis.com", "container.googleapis.com", "iam.googleapis.com"} <= found.keys()
    assert found["container.googleapis.com"].by_stack
    assert found["container.googleapis.com"].command == (
        "gcloud services enable container.googleapis.com --project mine"
    )


def test_azure_lists_the_resource_providers_also_those_behind_a_cluster() -> None:
    found = wants("aks-prod")
    assert {
        "Microsoft.ContainerService",
        "Microsoft.Compute",
        "Microsoft.KeyVault",
        "Microsoft.Network",
    } <= found.keys()
    assert "Microsoft.Resources" not in found, "is always on"
    assert found["Microsoft.KeyVault"].command == (
        "az provider register --namespace Microsoft.KeyVault --subscription mine"
    )


def test_aws_lists_linked_roles_and_spot_only_where_machines_are_made_in_the_cluster() -> None:
    found = wants("eks-prod")
    assert {"eks.amazonaws.com", "eks-nodegroup.amazonaws.com"} <= found.keys()
    assert services("aws", ["kubernetes:karpenter.sh/v1:NodePool"]).keys() == {"spot.amazonaws.com"}


def test_limits_of_a_new_account_are_named_with_what_the_stack_takes() -> None:
    machines: Mapping[str, Any] = {
        "instanceTypes": ["m7i.xlarge"],
        "capacityType": "ON_DEMAND",
        "scalingConfig": {"desiredSize": 3},
    }
    address: tuple[str, dict[str, Any]] = ("aws:ec2/eip:Eip", {})
    place = CloudAccount("aws", "eu-central-1", "")
    (vcpus,) = (each for each in find(place, [("aws:eks/nodeGroup:NodeGroup", machines)]) if each.kind == "limit")
    assert (vcpus.name, vcpus.takes, vcpus.default) == ("vcpus", 12, "5")
    assert "--region eu-central-1   # L-1216C47A" in vcpus.command
    assert not [each for each in find(place, [address] * 2) if each.kind == "limit"]
    (addresses,) = (each for each in find(place, [address] * 3) if each.kind == "limit")
    assert (addresses.takes, addresses.default) == (3, "5")


@pytest.mark.parametrize("stack", [stack for stack in CLOUD_STACKS if stack not in UNCOUNTED])
def test_the_page_of_a_cloud_tells_the_vcpus_that_its_stacks_begin_with(stack: str) -> None:
    resources = [(each.type, each.inputs) for each in planned(stack).values()]
    taken = {limit.name: amount for limit, amount in amounts(cloud(stack), resources)}
    page = (CHECKOUT / "docs" / "clouds" / f"{stack[:3]}.md").read_text(encoding="utf-8")
    assert f"{stack} begins with {taken['vcpus']} vCPUs" in " ".join(page.split())


@pytest.mark.parametrize("stack", CLOUD_STACKS)
def test_a_stack_stays_within_the_limits_that_every_account_has(stack: str) -> None:
    resources = [(each.type, each.inputs) for each in planned(stack).values()]
    for limit, amount in amounts(cloud(stack), resources):
        assert limit.most is None or limit.per or amount <= limit.most, limit.name
