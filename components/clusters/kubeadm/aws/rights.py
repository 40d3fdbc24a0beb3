"""What machines may do in AWS by their own identity: control planes for the cluster, workers next to nothing.

Of the controller: kubernetes/cloud-provider-aws, docs/prerequisites.md, 1.36, without what it needs for routes and
volumes. Of the driver: kubernetes-sigs/aws-ebs-csi-driver, docs/example-iam-policy.json, 1.64.0, without snapshots.
"""

from __future__ import annotations

from typing import Any, Final

from components.networks.aws_iam import document, statement

_VOLUMES, _INSTANCES = "arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:instance/*"
_DESCRIBE: Final = (
    "AvailabilityZones",
    "Instances",
    "InstanceTopology",
    "InstanceTypes",
    "Regions",
    "RouteTables",
    "SecurityGroups",
    "Subnets",
    "Tags",
    "VolumeStatus",
    "Volumes",
    "VolumesModifications",
    "Vpcs",
)
_SEEN: Final = "Listeners LoadBalancerAttributes LoadBalancers TargetGroupAttributes TargetGroups TargetHealth"
_CHANGED: Final = (
    "CreateListener DeleteListener DeleteLoadBalancer DeleteTargetGroup DeregisterTargets ModifyListener "
    "ModifyLoadBalancerAttributes ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets"
)
_MADE: Final = ("LoadBalancer", "TargetGroup")
_SERVICE: Final = "elasticloadbalancing"
_OWNED: Final = "ebs.csi.aws.com/cluster"


def report_policy(group: str) -> str:
    """To tell the Auto Scaling group with this ARN's form that a machine of it has joined, or will not."""
    return document(statement(("autoscaling:CompleteLifecycleAction",), group))


def control_plane_policy(authorities: str, beginning: str) -> str:
    """To read the authorities (an ARN), and to note in the secret `beginning` that the cluster has begun."""
    return document(
        statement(("secretsmanager:GetSecretValue",), [authorities, beginning]),
        statement(("secretsmanager:PutSecretValue",), beginning),
    )


def controller_policy(cluster: str, region: str) -> str:
    """For the controller of this cluster: to know machines, to make network load balancers for Services, which carry
    the cluster's tag, and to let these reach the machines."""
    tag, balancers = f"kubernetes.io/cluster/{cluster}", f"arn:aws:{_SERVICE}:{region}:*:*"
    asked, owned = ({f"aws:{which}/{tag}": "owned"} for which in ("RequestTag", "ResourceTag"))
    here = {"StringEquals": {"aws:RequestedRegion": region}}
    making = {"StringEquals": {**asked, f"{_SERVICE}:CreateAction": [f"Create{what}" for what in _MADE]}}
    return document(
        statement([f"ec2:Describe{each}" for each in _DESCRIBE], "*", here),
        statement([f"{_SERVICE}:Describe{each}" for each in _SEEN.split()], "*", here),
        statement([f"{_SERVICE}:Create{what}" for what in _MADE], balancers, {"StringEquals": asked}),
        statement((f"{_SERVICE}:AddTags",), balancers, making),
        statement([f"{_SERVICE}:{each}" for each in _CHANGED.split()], balancers, {"StringEquals": owned}),
        statement(
            ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
            f"arn:aws:ec2:{region}:*:security-group/*",
            {"StringEquals": owned},
        ),
    )


def driver_policy() -> str:
    """For the driver of volumes: to make, grow, attach and delete those that it has marked as its own."""
    own = {"StringEquals": {f"aws:RequestTag/{_OWNED}": "true"}}
    marked = {"StringEquals": {f"ec2:ResourceTag/{_OWNED}": "true"}}
    return document(
        statement(("ec2:CreateVolume",), _VOLUMES, own),
        statement(("ec2:DeleteVolume", "ec2:ModifyVolume"), _VOLUMES, marked),
        statement(("ec2:AttachVolume", "ec2:DetachVolume"), [_VOLUMES, _INSTANCES]),
        _tag_when_made("volume", "CreateVolume"),
    )


def _tag_when_made(kind: str, action: str) -> dict[str, Any]:
    made = {"StringEquals": {"ec2:CreateAction": action}}
    return statement(("ec2:CreateTags",), f"arn:aws:ec2:*:*:{kind}/*", made)
