"""Mistakes that a program can make and AWS does not take: documents, firewalls, keys, versions, names of its own."""

import json
from typing import Any

import pytest

from common.wire import UNKNOWN
from rehearsal.providers.base import ProviderError, Request
from rehearsal.providers.clouds.aws.logs import LOG_GROUP
from tests.support.refusals import refused
from tests.unit.rehearsal.clouds.test_needs_of_aws import (
    ADDON,
    ATTACHMENT,
    CLUSTER,
    ENDPOINT,
    ENTRY,
    GROUP,
    ROLE,
    SUBNET,
    TEMPLATE,
    VPC,
    Aws,
    aws,
)

__all__ = ["aws"]  # a fixture

KEY = "aws:kms/key:Key"
RULE, FIREWALL = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:ec2/securityGroup:SecurityGroup"
POLICY, INLINE = "aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"
GRANTS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"}
TRUSTS = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
AMAZONS = "arn:aws:iam::aws:policy/"


def document(statement: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": [statement]})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (document(GRANTS), ""),
        (document(GRANTS | {"Resource": "*"}), ""),
        ("{", "Syntax errors in policy"),
        (document(GRANTS, "2012-10-18"), "valid version string: 2012-10-18"),
        (document(GRANTS | {"Principal": "*"}), "should not specify a principal"),
        (document({"Effect": "Allow", "Action": "s3:GetObject"}), "must contain resources"),
        (document(GRANTS | {"Resource": "s3://shop/*"}), "Resource s3://shop/. must be in ARN format"),
        (document(GRANTS | {"Resource": ["arn:aws:s3:::a"] * 400}), "quota for PolicySize: 6144"),
    ],
    ids=lambda each: each[:70],
)
def test_a_policy_says_what_somebody_may_do_in_the_words_of_iam(aws: Aws, text: str, says: str) -> None:
    refused(aws, POLICY, says, name="it", policy=text)


def test_the_policies_of_a_role_have_room_together(aws: Aws) -> None:
    text = document(GRANTS | {"Resource": ["arn:aws:s3:::a"] * 350})
    aws.make(INLINE, name="one", role="node", policy=text)
    refused(aws, INLINE, "quota for PolicySize", name="two", role="node", policy=text)


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (TRUSTS, ""),
        (TRUSTS | {"Resource": "*"}, "Has prohibited field Resource"),
        (
            TRUSTS | {"Principal": {"Service": "eks.amazon.com"}},
            'Invalid principal in policy: "SERVICE":"eks.amazon.com"',
        ),
    ],
    ids=str,
)
def test_trust_is_in_services_that_there_are_and_on_nothing(aws: Aws, statement: dict[str, Any], says: str) -> None:
    refused(aws, ROLE, says, name="it", assumeRolePolicy=document(statement))


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        (f"{AMAZONS}service-role/AmazonEBSCSIDriverPolicy", ""),
        (f"{AMAZONS}AmazonEBSCSIDriverPolicy", "NoSuchEntity: Policy .* does not exist or is not attachable"),
        ("arn:aws:iam::123456789012:policy/ours", ""),
    ],
)
def test_policies_of_amazons_are_attached_by_their_whole_name(aws: Aws, arn: str, says: str) -> None:
    refused(aws, ATTACHMENT, says, role="node", policyArn=arn)


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"enableKeyRotation": True}, ""),
        ({"enableKeyRotation": True, "customerMasterKeySpec": "RSA_2048"}, "not valid for rotation"),
        (
            {"policy": document(GRANTS | {"Action": "kms:Decrypt", "Principal": "*"})},
            "update the key policy in the future",
        ),
        ({"policy": document(GRANTS | {"Action": "kms:*", "Principal": "*"})}, ""),
    ],
    ids=str,
)
def test_a_key_rotates_where_it_can_and_has_an_administrator(aws: Aws, inputs: dict[str, Any], says: str) -> None:
    refused(aws, KEY, says, **inputs)


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"description": "HTTPS from the network to AWS services"}, ""),
        ({"description": "Network → API server"}, "Invalid security group description"),
        ({"name": "sg-shop"}, "cannot start with sg-"),
    ],
    ids=str,
)
def test_a_security_group_is_told_of_in_letters_of_ec2(aws: Aws, inputs: dict[str, str], says: str) -> None:
    refused(aws, FIREWALL, says, vpcId="v", **inputs)


@pytest.mark.parametrize(
    ("peer", "says"),
    [
        ({"cidrIpv4": "10.0.0.0/16"}, ""),
        ({"cidrIpv4": "10.0.0.1/16"}, 'did you mean "10.0.0.0/16"'),
        ({"referencedSecurityGroupId": "sg-0123456789abcdef0"}, ""),
        ({"referencedSecurityGroupId": "shop"}, "InvalidGroupId.Malformed"),
    ],
    ids=str,
)
def test_a_rule_is_of_a_range_or_of_a_group(aws: Aws, peer: dict[str, str], says: str) -> None:
    aws.there(FIREWALL, "sg-a", {"vpcId": "v"})
    refused(aws, RULE, says, securityGroupId="sg-a", ipProtocol="tcp", fromPort=1, toPort=1, **peer)


def test_a_subnet_has_no_bits_beyond_its_prefix(aws: Aws) -> None:
    refused(aws, SUBNET, 'did you mean "10.0.9.0/24"', vpcId="v", cidrBlock="10.0.9.1/24")


@pytest.mark.parametrize(
    ("groups", "port", "range_", "says"),
    [
        (["sg-a"], 443, "10.0.0.0/16", ""),
        (["sg-a"], 80, "10.0.0.0/16", "lets nobody of 10.0.1.0/24 in"),
        (["sg-a"], 443, "10.0.2.0/24", "lets nobody of 10.0.1.0/24 in"),
        ([], 443, "10.0.0.0/16", "lets nobody of 10.0.1.0/24 in"),
    ],
)
def test_endpoints_let_nodes_in(aws: Aws, groups: list[str], port: int, range_: str, says: str) -> None:
    aws.there(FIREWALL, "sg-a", {"vpcId": "v"})
    aws.there(
        RULE,
        "r",
        {"securityGroupId": "sg-a", "ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": range_},
    )
    names = {"vpcId": "v", "serviceName": "com.amazonaws.eu-central-1.ecr.api", "privateDnsEnabled": True}
    aws.there(ENDPOINT, "ecr", {**names, "securityGroupIds": groups})
    if not says:
        aws.make_group()
        return
    with pytest.raises(ProviderError, match=says):
        aws.make_group()


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"vpcConfig": {"subnetIds": ["a", "b"], "endpointPublicAccess": False}}, "endpoint access cannot be false"),
        ({"encryptionConfig": {"provider": {"keyArn": "arn:signs"}, "resources": ["secrets"]}}, "is not symmetric"),
        ({"encryptionConfig": {"provider": {"keyArn": "arn:encrypts"}, "resources": ["secrets"]}}, ""),
    ],
    ids=str,
)
def test_a_cluster_has_a_way_in_and_a_key_that_encrypts(aws: Aws, inputs: dict[str, Any], says: str) -> None:
    aws.there(KEY, "signs", {"customerMasterKeySpec": "RSA_2048", "keyUsage": "SIGN_VERIFY"}, arn="arn:signs")
    aws.there(KEY, "encrypts", {}, arn="arn:encrypts")
    refused(aws, CLUSTER, says, **aws.cluster(name="new", **inputs))


@pytest.mark.parametrize(
    ("name", "version", "says"),
    [
        ("kube-proxy", "v1.36.0-eksbuild.2", ""),
        ("kube-proxy", "v1.35.3-eksbuild.2", "Addon version specified is not supported"),
        ("vpc-cni", "v1.22.4", "Addon version specified is not supported"),
        ("vpc-cni", "v1.22.4-eksbuild.1", ""),
        ("aws-node", None, "Addon aws-node specified is not supported in 1.36"),
    ],
)
def test_an_add_on_is_one_of_eks_in_a_version_that_it_has(aws: Aws, name: str, version: str | None, says: str) -> None:
    refused(aws, ADDON, says, clusterName="shop", addonName=name, **({"addonVersion": version} if version else {}))


def test_a_driver_wants_its_own_rights(aws: Aws) -> None:
    aws.role("pods", "pods.eks.amazonaws.com", "AmazonEFSCSIDriverPolicy", more=["sts:TagSession"])
    aws.make_group()
    with pytest.raises(ProviderError, match="allows nothing of what it needs"):
        aws.make_driver()


@pytest.mark.parametrize(
    ("principal", "says"),
    [
        ("arn:aws:iam::123456789012:role/admin", ""),
        ("arn:aws:iam::123456789012:policy/admin", "principalArn parameter format is not valid"),
    ],
)
def test_an_entry_is_somebodys(aws: Aws, principal: str, says: str) -> None:
    refused(aws, ENTRY, says, clusterName="shop", principalArn=principal)


def test_rights_in_namespaces_name_them(aws: Aws) -> None:
    aws.there(ENTRY, "admin", {"clusterName": "shop", "principalArn": "arn:admin"})
    given = {"clusterName": "shop", "principalArn": "arn:admin"}
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    type_ = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
    refused(aws, type_, "The accessScope is invalid", policyArn=policy, accessScope={"type": "namespace"}, **given)
    refused(aws, type_, "", policyArn=policy, accessScope={"type": "namespace", "namespaces": ["shop"]}, **given)


@pytest.mark.parametrize("early", [True, False])
def test_a_control_plane_that_logs_makes_its_log_group_where_there_is_none(aws: Aws, early: bool) -> None:
    name = "/aws/eks/new/cluster"
    if early:
        aws.make(LOG_GROUP, name=name, retentionInDays=90)
    aws.make(CLUSTER, **aws.cluster(name="new", enabledClusterLogTypes=["audit"]))
    (group,) = aws.provider.store.all(LOG_GROUP)
    assert group.outputs.get("retentionInDays") == (90 if early else 0), "where EKS makes it, it is kept for ever"
    if not early:
        refused(aws, LOG_GROUP, "ResourceAlreadyExistsException", name=name)


def test_a_target_is_an_arn_and_a_pattern_is_json(aws: Aws) -> None:
    rule, target = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
    refused(aws, rule, "Event pattern is not valid", name="broken", eventPattern="{source: [aws.ec2]}")
    refused(aws, rule, "", name="spot", eventPattern='{"source": ["aws.ec2"]}')
    queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/shop"
    refused(aws, target, "Provided Arn is not in correct format", rule="spot", targetId="a", arn=queue)
    refused(aws, target, "", rule="spot", targetId="a", arn="arn:aws:sqs:eu-central-1:123456789012:shop")


def changed(aws: Aws, before: dict[str, Any], after: dict[str, Any], *, preview: bool = False) -> Any:
    """What comes of a change of the launch template `lt`."""
    kept = {"latestVersion": 3, "defaultVersion": 3}
    aws.there(TEMPLATE, "lt", before, **kept)
    urn = f"urn:pulumi:s::p::{TEMPLATE}::it"
    request = Request(urn, id="lt", inputs=after, old_inputs=before, state=before | kept, preview=preview)
    return aws.provider.update(request).outputs["latestVersion"]


@pytest.mark.parametrize(
    ("after", "version"),
    [({"userData": "b", "updateDefaultVersion": True}, 4), ({"userData": "a", "tags": {"team": "shop"}}, 3)],
)
def test_a_template_that_says_something_else_is_another_version(aws: Aws, after: Any, version: int) -> None:
    before = {"userData": "a"} | ({"updateDefaultVersion": True} if version > 3 else {})
    assert changed(aws, before, after) == version
    assert changed(aws, before, after, preview=True) == (UNKNOWN if version > 3 else 3)


def test_a_group_is_told_the_number_of_its_templates_version(aws: Aws) -> None:
    aws.there(TEMPLATE, "lt", {}, latestVersion=7, defaultVersion=7)
    scaling = {"minSize": 1, "maxSize": 2, "desiredSize": 1}
    names = {"clusterName": "shop", "nodeGroupName": "general", "nodeRoleArn": "arn:node", "subnetIds": ["a"]}
    template = {"id": "lt", "version": "$Latest"}
    urn = f"urn:pulumi:s::p::{GROUP}::it"
    made = aws.provider.create(Request(urn, inputs={**names, "scalingConfig": scaling, "launchTemplate": template}))
    assert made.outputs["launchTemplate"]["version"] == "7", "so that the next run finds a difference"


def test_a_network_has_no_bits_beyond_its_prefix(aws: Aws) -> None:
    refused(aws, VPC, "did you mean", cidrBlock="10.9.0.1/16")
