"""Which goes first when a resource is replaced: as the providers say it, type by type, and as the engine does it.

Guards against a stand-in that makes the new one first where the original deletes the old one first.
"""

from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.base import Request
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.provider import CloudStandIn
from tests.rehearsal.clouds.conftest import Cloud

GROUPS = """
import pulumi
from pulumi_aws import Provider, ec2

aws = pulumi.ResourceOptions(provider=Provider("aws", region="eu-central-1"))
vpc = ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=aws)
first = pulumi.ResourceOptions.merge(aws, pulumi.ResourceOptions(delete_before_replace=False))
ec2.SecurityGroup("automatic", vpc_id=vpc.id, description="ONE", opts=aws)
ec2.SecurityGroup("prefixed", vpc_id=vpc.id, name_prefix="p-", description="ONE", opts=aws)
ec2.SecurityGroup("explicit", vpc_id=vpc.id, name="explicit", description="ONE", opts=aws)
ec2.SecurityGroup("renamed", vpc_id=vpc.id, name="renamed-ONE", description="ONE", opts=aws)
ec2.SecurityGroup("told", vpc_id=vpc.id, name="told-ONE", description="ONE", opts=first)
"""
CLOUDS: dict[str, type[CloudStandIn]] = {"aws": AwsStandIn, "gcp": GcpStandIn, "azure-native": AzureNativeStandIn}


def test_a_name_of_the_program_has_the_old_one_go_first(cloud: Cloud) -> None:
    cloud.engine.write_program(GROUPS)
    cloud.up()
    before = len(cloud.store.events())
    cloud.engine.write_program(GROUPS.replace("ONE", "TWO"))
    cloud.up()
    done = [each for each in cloud.store.events()[before:] if each.operation in ("create", "delete")]
    order = {name: [each.operation for each in done if each.name == name] for name in {each.name for each in done}}
    assert order == {
        "automatic": ["create", "delete"],
        "prefixed": ["create", "delete"],
        "explicit": ["delete", "create"],
        "renamed": ["delete", "create"],
        "told": ["create", "delete"],
    }


@pytest.mark.parametrize(
    ("type_", "given", "changed", "deletes_first"),
    [
        ("aws:eks/nodeGroup:NodeGroup", {"nodeGroupName": "a"}, {"nodeGroupName": "b"}, True),
        ("aws:eks/nodeGroup:NodeGroup", {}, {"amiType": "CUSTOM"}, False),
        ("aws:eks/nodeGroup:NodeGroup", {"nodeGroupNamePrefix": "a-"}, {"amiType": "CUSTOM"}, False),
        ("aws:efs/mountTarget:MountTarget", {"subnetId": "a"}, {"subnetId": "b"}, True),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": "a"}, {"role": "b"}, True),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}, {"cidrBlock": "10.0.1.0/24"}, False),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}, {"tags": {"a": "b"}}, False),
        ("gcp:container/nodePool:NodePool", {"name": "a"}, {"name": "b"}, True),
        ("gcp:container/nodePool:NodePool", {}, {"location": "europe-west3"}, False),
        ("gcp:projects/iAMMember:IAMMember", {"member": "user:a"}, {"member": "user:b"}, True),
        ("gcp:serviceaccount/iAMMember:IAMMember", {"member": "user:a"}, {"member": "user:b"}, False),
        ("azure-native:containerservice:AgentPool", {"agentPoolName": "a"}, {"agentPoolName": "b"}, True),
        ("azure-native:containerservice:AgentPool", {}, {"vmSize": "Standard_D2s_v5"}, True),
        ("azure-native:network:PublicIPAddress", {"publicIpAddressName": "a"}, {"location": "westeurope"}, True),
        ("azure-native:network:PublicIPAddress", {}, {"location": "westeurope"}, False),
        ("azure-native:authorization:RoleAssignment", {}, {"principalId": "b"}, False),
        ("azure-native:authorization:RoleAssignment", {"roleAssignmentName": "a"}, {"principalId": "b"}, True),
        ("azure-native:storage:ManagementPolicy", {"accountName": "a"}, {"accountName": "b"}, True),
    ],
)
def test_the_order_is_what_the_provider_says(
    type_: str,
    given: dict[str, Any],
    changed: dict[str, Any],
    deletes_first: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    stand_in = CLOUDS[type_.partition(":")[0]]()
    urn = f"urn:pulumi:s::p::{type_}::it"
    old, _ = stand_in.check(Request(urn, inputs=given))
    new, _ = stand_in.check(Request(urn, inputs={**given, **changed}, old_inputs=old))
    assert stand_in.diff(Request(urn, inputs=new, old_inputs=old)).delete_before_replace is deletes_first


def test_a_name_that_the_program_no_longer_gives_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    urn = "urn:pulumi:s::p::aws:iam/role:Role::it"
    stand_in = AwsStandIn()
    old, _ = stand_in.check(Request(urn, inputs={"name": "given"}))
    new, _ = stand_in.check(Request(urn, old_inputs=old))
    assert new["name"].startswith("it-")
    again, _ = stand_in.check(Request(urn, old_inputs=new, seed=b"another"))
    assert again["name"] == new["name"]
