"""A list of rights that does not suffice, or that is more than what was asked for."""

import json
from collections.abc import Sequence
from typing import Final

import pytest

from automation.permissions import Needs, find
from common.errors import RehearsalError
from rehearsal.providers.clouds.policies import Call, read_policy
from rehearsal.providers.clouds.store import MadeCall

VPC, ROLE, CLUSTER, GROUP = (
    "aws:ec2/vpc:Vpc",
    "aws:iam/role:Role",
    "aws:eks/cluster:Cluster",
    "aws:cloudwatch/logGroup:LogGroup",
)
NODE: Final = "arn:aws:iam::123456789012:role/shop-node-1a2b3c4"
CALLS: Final = [
    MadeCall(VPC, "create", "ec2:CreateVpc", "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-1"),
    MadeCall(VPC, "create", "ec2:DescribeVpcs", "*"),
    MadeCall(ROLE, "create", "iam:CreateRole", NODE),
    MadeCall(CLUSTER, "create", "iam:PassRole", "arn:aws:iam::*:role/shop-node-1a2b3c4"),
    MadeCall(CLUSTER, "create", "iam:CreateServiceLinkedRole", "arn:aws:iam::*:role/aws-service-role/*"),
    MadeCall(CLUSTER, "change", "eks:UpdateClusterConfig", "arn:aws:eks:eu-central-1:123456789012:cluster/shop"),
    MadeCall(GROUP, "create", "logs:CreateLogGroup", "arn:aws:logs:eu-central-1:1:log-group:/aws/eks/shop/cluster"),
    MadeCall("aws:s3/bucket:Bucket", "create", "s3:CreateBucket", "arn:aws:s3:::shop-backup-1"),
]


def needs(cloud: str = "aws", calls: Sequence[MadeCall] = tuple(CALLS)) -> Needs:
    return Needs("prod", "shop", cloud, calls)


def test_every_call_that_was_made_is_allowed_and_none_when_its_action_is_taken_out() -> None:
    text = json.dumps(needs().as_policy())
    for call in CALLS:
        asked = Call(call.action, call.target)
        assert read_policy(text).denial(asked) is None, call
        less = read_policy(text.replace(f'"{call.action}"', '"sts:GetCallerIdentity"'))
        assert less.denial(asked), call


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ("iam:CreateRole", "arn:aws:iam::123456789012:role/admin"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/other-node-1a2b3c4"),
        ("eks:UpdateClusterConfig", "arn:aws:eks:eu-central-1:123456789012:cluster/other"),
        ("logs:CreateLogGroup", "arn:aws:logs:eu-central-1:1:log-group:/aws/eks/other/cluster"),
        ("s3:CreateBucket", "arn:aws:s3:::other-1"),
        ("ec2:DeleteVpc", "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-1"),
    ],
)
def test_what_has_another_clusters_name_is_not_allowed(action: str, target: str) -> None:
    assert read_policy(json.dumps(needs().as_policy())).denial(Call(action, target))


def test_it_works_in_any_account_and_for_the_names_of_another_run() -> None:
    policy = read_policy(json.dumps(needs().as_policy()))
    assert policy.denial(Call("iam:CreateRole", "arn:aws:iam::999999999999:role/shop-node-9f8e7d6")) is None


def test_google_and_azure_take_custom_roles() -> None:
    group = "/subscriptions/7b4a6f2e-1111-4c2d-9a55-0123456789ab/resourceGroups/shop"
    google = needs("gcp", [MadeCall("gcp:compute/network:Network", "create", "compute.networks.create", "projects/x")])
    azure = needs(
        "azure-native", [MadeCall("azure-native:resources:ResourceGroup", "read", "Microsoft.Resources/a/read", group)]
    )
    assert google.as_policy()["includedPermissions"] == ["compute.networks.create"]
    assert azure.as_policy()["Actions"] == ["Microsoft.Resources/a/read"]
    assert azure.as_policy()["AssignableScopes"] == ["/subscriptions/7b4a6f2e-1111-4c2d-9a55-0123456789ab"]
    for each in (google, azure):
        assert all(
            read_policy(json.dumps(each.as_policy())).denial(Call(call.action, call.target)) is None
            for call in each.calls
        )


def test_each_right_says_what_takes_it() -> None:
    assert needs().as_json()["neededBy"]["iam:PassRole"] == [f"{CLUSTER} create"]


def test_a_stack_without_a_cloud_has_none() -> None:
    with pytest.raises(RehearsalError) as refused:
        find("dev")
    assert [problem.code for problem in refused.value.problems] == ["PK706"]
