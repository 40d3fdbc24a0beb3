"""What AWS's Load Balancer Controller needs in AWS; the controller itself is an add-on.

Its rights are those that upstream lists for Application Load Balancers, on what has the cluster's tag only
(kubernetes-sigs/aws-load-balancer-controller, docs/install/iam_policy.json, version 3.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
from pulumi_aws import acm, ec2, iam

from components.cloud import CloudPlace
from components.contract import Grant
from components.facilities import LoadBalancerControllerConfig
from components.networks.aws_iam import document, statement

_TAG: Final = "elbv2.k8s.aws/cluster"
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_SEEN: Final = (
    "AccountAttributes Addresses AvailabilityZones Instances InternetGateways NetworkInterfaces RouteTables "
    "SecurityGroups Subnets Tags VpcPeeringConnections Vpcs"
)
_SEEN_BALANCERS: Final = (
    "CapacityReservation ListenerAttributes ListenerCertificates Listeners LoadBalancerAttributes LoadBalancers Rules "
    "SSLPolicies Tags TargetGroupAttributes TargetGroups TargetHealth TrustStores"
)
_CREATED: Final = ("LoadBalancer", "TargetGroup", "Listener", "Rule")
_CHANGED: Final = (
    "AddListenerCertificates CreateListener CreateRule DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup "
    "DeregisterTargets ModifyListener ModifyListenerAttributes ModifyLoadBalancerAttributes ModifyRule "
    "ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets RemoveListenerCertificates "
    "SetIpAddressType SetSecurityGroups SetSubnets"
)


def make_controller_config(network: ec2.Vpc, region: str, place: CloudPlace) -> LoadBalancerControllerConfig:
    """Rights to make, change and delete load balancers of this cluster, in its network."""
    name = f"{place.cluster}-load-balancing"
    policy = iam.Policy(
        name,
        policy=network.arn.apply(lambda arn: controller_policy(place.cluster, region, arn)),
        tags=place.tagged(name),
        opts=place.options(),
    )
    return LoadBalancerControllerConfig([Grant(policy.arn)], region, network.id)


def controller_policy(name: str, region: str, network: str) -> str:
    """What the controller may do for the cluster `name` in `network`, an ARN."""
    asked, owned = ({"StringEquals": {f"aws:{which}/{_TAG}": name}} for which in ("RequestTag", "ResourceTag"))
    here = {"StringEquals": {"aws:RequestedRegion": region}}
    groups = f"arn:aws:ec2:{region}:*:security-group/*"
    balancers = f"arn:aws:elasticloadbalancing:{region}:*:*"
    of_nodes = {"StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{name}": "owned"}}
    open_ports = ("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress")
    service = "elasticloadbalancing"
    first = {"StringEquals": {"iam:AWSServiceName": f"{service}.amazonaws.com"}}
    made = asked["StringEquals"]
    kept = {**owned, "Null": {f"aws:RequestTag/{_TAG}": "true"}}  # whose it is does not change
    seen = [f"ec2:Describe{what}" for what in _SEEN.split()] + ["ec2:GetSecurityGroupsForVpc"]
    return document(
        statement(("iam:CreateServiceLinkedRole",), "*", first),
        statement([*seen, *(f"{service}:Describe{what}" for what in _SEEN_BALANCERS.split())], "*", here),
        statement(("ec2:CreateSecurityGroup",), network),
        statement(("ec2:CreateSecurityGroup",), groups, asked),
        statement(("ec2:CreateTags",), groups, {"StringEquals": {**made, "ec2:CreateAction": "CreateSecurityGroup"}}),
        statement(("ec2:CreateTags", "ec2:DeleteTags"), groups, kept),
        statement((*open_ports, "ec2:DeleteSecurityGroup"), groups, owned),
        statement(open_ports, groups, of_nodes),
        statement([f"{service}:Create{what}" for what in ("LoadBalancer", "TargetGroup")], balancers, asked),
        statement(
            (f"{service}:AddTags",),
            balancers,
            {"StringEquals": {**made, f"{service}:CreateAction": [f"Create{what}" for what in _CREATED]}},
        ),
        statement((f"{service}:AddTags", f"{service}:RemoveTags"), balancers, kept),
        statement([f"{service}:{action}" for action in _CHANGED.split()], balancers, owned),
        # AWS does not say whose the rules are when it asks for this.
        statement((f"{service}:SetRulePriorities",), f"arn:aws:elasticloadbalancing:{region}:*:listener-rule/app/*"),
    )


def load_balancer_configuration(
    certificates: Mapping[str, tuple[str, str]], place: CloudPlace, *, internal: bool
) -> dict[str, Any]:
    """The object that a Gateway refers to. `certificates` with their keys, as PEM and by host, go to ACM."""
    arns = [_import(host, certificate, key, place).arn for host, (certificate, key) in certificates.items()]
    spec: dict[str, Any] = {"scheme": "internal" if internal else "internet-facing"}
    if arns:
        # The first is for clients that name no host; AWS finds the others by their names.
        spec["listenerConfigurations"] = [
            {"protocolPort": "HTTPS:443", "defaultCertificate": arns[0], "certificates": arns[1:]}
        ]
    return {
        "apiVersion": "gateway.k8s.aws/v1",
        "kind": "LoadBalancerConfiguration",
        "metadata": {"name": "ingress"},
        "spec": spec,
    }


def _import(host: str, certificate: str, key: str, place: CloudPlace) -> acm.Certificate:
    """The certificate in ACM, which load balancers take theirs from; ACM wants those of authorities apart."""
    own, *others = [f"{_BEGIN}{block}" for block in certificate.split(_BEGIN)[1:]]
    return acm.Certificate(
        host,
        certificate_body=own,
        certificate_chain="".join(others) or None,
        private_key=pulumi.Output.secret(key),
        tags=place.tagged(host),
        opts=place.options(),
    )
