"""Policies that read well and deny what the controller does, or allow what it must not: put to the evaluator."""

from collections.abc import Mapping

import pytest

from rehearsal.providers.clouds.policies import Call, read_policy
from tests.rights.ours import OURS

_EC2 = "arn:aws:ec2:eu-central-1:111122223333"
_ELB = "arn:aws:elasticloadbalancing:eu-central-1:111122223333"
_ASG = "arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:1:autoScalingGroupName/eks-general"
_KARPENTERS = {
    "aws:RequestTag/kubernetes.io/cluster/shop": "owned",
    "aws:RequestTag/eks:eks-cluster-name": "shop",
    "aws:RequestTag/karpenter.sh/nodepool": "general",
}
_ITS_MACHINE = {
    "aws:ResourceTag/kubernetes.io/cluster/shop": "owned",
    "aws:ResourceTag/karpenter.sh/nodepool": "general",
}
_ITS_BALANCER = {"aws:ResourceTag/elbv2.k8s.aws/cluster": "shop"}
_NEW_BALANCER = {"aws:RequestTag/elbv2.k8s.aws/cluster": "shop"}
_ITS_GROUP = {
    "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true",
    "aws:ResourceTag/k8s.io/cluster-autoscaler/shop": "owned",
}
_TYPES = "route53:ChangeResourceRecordSetsRecordTypes"
_ZONE = "arn:aws:route53:::hostedzone/Z1"

WORKS: list[tuple[str, str, str, Mapping[str, str | list[str]]]] = [
    ("karpenter", "ec2:CreateFleet", f"{_EC2}:fleet/*", _KARPENTERS),
    ("karpenter", "ec2:RunInstances", f"{_EC2}:instance/*", _KARPENTERS),
    ("karpenter", "ec2:RunInstances", "arn:aws:ec2:eu-central-1::image/ami-1", {}),
    ("karpenter", "ec2:RunInstances", f"{_EC2}:launch-template/lt-1", _ITS_MACHINE),
    ("karpenter", "ec2:CreateTags", f"{_EC2}:instance/*", {**_KARPENTERS, "ec2:CreateAction": "RunInstances"}),
    ("karpenter", "ec2:CreateTags", f"{_EC2}:instance/i-1", {**_ITS_MACHINE, "aws:TagKeys": ["Name"]}),
    ("karpenter", "ec2:TerminateInstances", f"{_EC2}:instance/i-1", _ITS_MACHINE),
    (
        "karpenter",
        "iam:PassRole",
        "arn:aws:iam::111122223333:role/shop-node",
        {"iam:PassedToService": "ec2.amazonaws.com"},
    ),
    ("karpenter", "ec2:DescribeInstances", "*", {"aws:RequestedRegion": "eu-central-1"}),
    ("load_balancing", "elasticloadbalancing:CreateLoadBalancer", f"{_ELB}:loadbalancer/app/x/1", _NEW_BALANCER),
    ("load_balancing", "elasticloadbalancing:CreateListener", f"{_ELB}:loadbalancer/app/x/1", _ITS_BALANCER),
    ("load_balancing", "elasticloadbalancing:SetRulePriorities", f"{_ELB}:listener-rule/app/x/1/2/3", {}),
    ("load_balancing", "elasticloadbalancing:RegisterTargets", f"{_ELB}:targetgroup/x/1", _ITS_BALANCER),
    ("load_balancing", "elasticloadbalancing:AddTags", f"{_ELB}:loadbalancer/app/x/1", _ITS_BALANCER),
    ("load_balancing", "ec2:CreateSecurityGroup", f"{_EC2}:security-group/*", _NEW_BALANCER),
    ("load_balancing", "ec2:CreateSecurityGroup", f"{_EC2}:vpc/vpc-1", {}),
    ("cluster_autoscaler", "autoscaling:SetDesiredCapacity", _ASG, _ITS_GROUP),
    ("external_dns", "route53:ChangeResourceRecordSets", _ZONE, {_TYPES: ["A", "TXT"]}),
    ("external_dns", "route53:ListHostedZones", "*", {}),
    ("cert_manager", "route53:ChangeResourceRecordSets", _ZONE, {_TYPES: ["TXT"]}),
    ("cert_manager", "route53:GetChange", "arn:aws:route53:::change/C1", {}),
    ("backup", "s3:PutObject", "arn:aws:s3:::shop-backup/backups/a", {}),
    ("backup", "s3:ListBucket", "arn:aws:s3:::shop-backup", {}),
    (
        "flow_logs",
        "logs:PutLogEvents",
        "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vpc/shop/flows:log-stream:x",
        {},
    ),
    ("secrets_key", "kms:Encrypt", "arn:aws:kms:eu-central-1:111122223333:key/1", {}),
]
DENIED: list[tuple[str, str, str, Mapping[str, str | list[str]]]] = [
    ("karpenter", "ec2:CreateTags", f"{_EC2}:instance/i-theirs", _KARPENTERS),
    (
        "karpenter",
        "ec2:CreateTags",
        f"{_EC2}:instance/i-1",
        {**_ITS_MACHINE, "aws:TagKeys": ["kubernetes.io/cluster/x"]},
    ),
    ("karpenter", "ec2:TerminateInstances", f"{_EC2}:instance/i-theirs", {}),
    ("karpenter", "ec2:RunInstances", f"{_EC2}:launch-template/lt-theirs", {}),
    ("karpenter", "ec2:RunInstances", f"{_EC2}:instance/*", {}),
    ("karpenter", "iam:PassRole", "arn:aws:iam::111122223333:role/admin", {"iam:PassedToService": "ec2.amazonaws.com"}),
    (
        "karpenter",
        "iam:PassRole",
        "arn:aws:iam::111122223333:role/shop-node",
        {"iam:PassedToService": "lambda.amazonaws.com"},
    ),
    ("load_balancing", "elasticloadbalancing:AddTags", f"{_ELB}:loadbalancer/app/x/1", _NEW_BALANCER),
    (
        "load_balancing",
        "elasticloadbalancing:AddTags",
        f"{_ELB}:loadbalancer/app/x/1",
        {**_ITS_BALANCER, **_NEW_BALANCER},
    ),
    ("load_balancing", "elasticloadbalancing:DeleteLoadBalancer", f"{_ELB}:loadbalancer/app/theirs/1", {}),
    ("load_balancing", "ec2:AuthorizeSecurityGroupIngress", f"{_EC2}:security-group/sg-theirs", {}),
    ("cluster_autoscaler", "autoscaling:SetDesiredCapacity", _ASG, {}),
    ("cert_manager", "route53:ChangeResourceRecordSets", _ZONE, {_TYPES: ["A"]}),
    ("external_dns", "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z2", {_TYPES: ["A"]}),
    ("backup", "s3:GetObject", "arn:aws:s3:::theirs/a", {}),
]


@pytest.mark.parametrize(("name", "action", "on", "context"), WORKS)
def test_what_a_controller_does_is_allowed(
    name: str, action: str, on: str, context: Mapping[str, str | list[str]]
) -> None:
    assert read_policy(OURS[name]).denial(Call(action, on, context)) is None


@pytest.mark.parametrize(("name", "action", "on", "context"), DENIED)
def test_what_is_none_of_its_business_is_denied(
    name: str, action: str, on: str, context: Mapping[str, str | list[str]]
) -> None:
    assert read_policy(OURS[name]).denial(Call(action, on, context))
