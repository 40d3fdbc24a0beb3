"""What AWS wants to be there and to be right before it makes something, and nodes that would not join their cluster."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.base import ProviderError, Request
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.clusters import Access
from rehearsal.providers.clouds.store import Resource

CLUSTER, GROUP, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
POD_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ROLE, ATTACHMENT = "aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
ROUTE, IN_TABLE = "aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation"
NAT, GATEWAY = "aws:ec2/natGateway:NatGateway", "aws:ec2/internetGateway:InternetGateway"
ENDPOINT, TABLE = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/routeTable:RouteTable"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
NODES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy")
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
ANYWHERE = "0.0.0.0/0"


class Aws:
    """AWS with a network whose private subnets get out by NAT, and a cluster in them."""

    def __init__(self) -> None:
        self.provider = AwsStandIn()
        named = {"enableDnsSupport": True, "enableDnsHostnames": True}
        self.there(VPC, "v", {"cidrBlock": "10.0.0.0/16"}, **named)
        for id_, number in (("public", 0), ("a", 1), ("b", 2)):
            subnet = {"vpcId": "v", "cidrBlock": f"10.0.{number}.0/24"}
            self.there(SUBNET, id_, subnet, availabilityZone=f"eu-central-1{id_[0]}")
            self.there(IN_TABLE, id_, {"subnetId": id_, "routeTableId": "out" if id_ == "public" else "in"})
        self.there(GATEWAY, "igw", {"vpcId": "v"})
        self.there(NAT, "nat", {"subnetId": "public"})
        self.there(ROUTE, "out", {"routeTableId": "out", "destinationCidrBlock": ANYWHERE, "gatewayId": "igw"})
        self.there(ROUTE, "in", {"routeTableId": "in", "destinationCidrBlock": ANYWHERE, "natGatewayId": "nat"})
        self.role("plane", "eks.amazonaws.com", "AmazonEKSClusterPolicy")
        self.role("node", "ec2.amazonaws.com", *NODES)
        self.role("pods", "pods.eks.amazonaws.com", "AmazonEBSCSIDriverPolicy", more=["sts:TagSession"])
        self.there(CLUSTER, "shop", self.cluster(), version="1.36", endpoint="https://x")
        self.there(ADDON, "agent", {"clusterName": "shop", "addonName": "eks-pod-identity-agent"})

    def there(self, type_: str, id_: str, inputs: dict[str, Any], **outputs: Any) -> None:
        """Have a resource, in place of the one of its id."""
        self.provider.store.put(Resource(type_, id_, id_, inputs, {**inputs, **outputs}), "create")

    def without(self, type_: str, id_: str) -> None:
        """Have it no more."""
        found = self.provider.store.get(type_, id_)
        assert found
        self.provider.store.drop(found)

    def role(self, name: str, service: str, *policies: str, more: list[str] | None = None) -> None:
        """A role that a service may take, with policies."""
        actions = ["sts:AssumeRole", *(more or [])]
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": actions}]}
        self.there(ROLE, name, {"name": name, "assumeRolePolicy": json.dumps(trust)}, arn=f"arn:{name}", id=name)
        for each in self.provider.store.all(ATTACHMENT):
            if each.inputs["role"] == name:
                self.provider.store.drop(each)
        for policy in policies:
            self.there(ATTACHMENT, f"{name}/{policy}", {"role": name, "policyArn": f"arn:aws:iam::aws:policy/{policy}"})

    @staticmethod
    def cluster(**inputs: Any) -> dict[str, Any]:
        """The inputs of the cluster."""
        network = {"subnetIds": ["a", "b"], "endpointPrivateAccess": True}
        access = {"authenticationMode": "API"}
        return {"name": "shop", "roleArn": "arn:plane", "vpcConfig": network, "accessConfig": access, **inputs}

    def make(self, type_: str, **inputs: Any) -> None:
        self.provider.create(Request(f"urn:pulumi:s::p::{type_}::it", inputs=inputs))

    def make_group(self, **inputs: Any) -> None:
        """A node group in the private subnets."""
        scaling = {"minSize": 1, "maxSize": 2, "desiredSize": 1}
        names = {"clusterName": "shop", "nodeGroupName": "general", "nodeRoleArn": "arn:node"}
        self.make(GROUP, **{**names, "subnetIds": ["a"], "scalingConfig": scaling, **inputs})

    def make_driver(self, name: str = "aws-ebs-csi-driver", account: str = "ebs-csi-controller-sa") -> None:
        """The add-on of volumes."""
        identity = {"roleArn": "arn:pods", "serviceAccount": account}
        self.make(ADDON, clusterName="shop", addonName=name, podIdentityAssociations=[identity])


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(clusters, "start", lambda *_, **__: Access("https://answers", ""))
    return Aws()


def without_internet(aws: Aws, *services: str) -> None:
    """Have no way out of the private subnets but endpoints."""
    aws.without(ROUTE, "in")
    for service in services:
        aws.there(ENDPOINT, service, {"vpcId": "v", "serviceName": f"com.amazonaws.eu-central-1.{service}"})


NODES_THAT_DO_NOT_JOIN: Mapping[str, tuple[Callable[[Aws], None], str]] = {
    "another service's role": (
        lambda aws: aws.role("node", "eks.amazonaws.com", *NODES),
        r"principals .ec2\.amazonaws",
    ),
    "not known as nodes": (lambda aws: aws.role("node", "ec2.amazonaws.com", *NODES[1:]), "EKS Managed Policies"),
    "no images": (lambda aws: aws.role("node", "ec2.amazonaws.com", NODES[0], NODES[2]), "no permission to pull"),
    "no addresses": (lambda aws: aws.role("node", "ec2.amazonaws.com", *NODES[:2]), "cni plugin not initialized"),
    "no route": (lambda aws: aws.without(ROUTE, "in"), "has no way out"),
    "no table": (lambda aws: aws.without(IN_TABLE, "a"), "has no way out"),
    "a NAT gateway inside": (lambda aws: aws.there(NAT, "nat", {"subnetId": "a"}), "has no way out"),
    "some endpoints": (lambda aws: without_internet(aws, "ec2", "sts"), "has no way out"),
    "no public address": (
        lambda aws: aws.there(IN_TABLE, "a", {"subnetId": "a", "routeTableId": "out"}),
        "Ec2SubnetInvalidConfiguration",
    ),
    "no names": (lambda aws: aws.there(VPC, "v", {"cidrBlock": "10.0.0.0/16"}), "DNS hostnames and support are off"),
    "an endpoint for others": (
        lambda aws: aws.there(
            CLUSTER,
            "shop",
            aws.cluster(vpcConfig={"subnetIds": ["a", "b"], "publicAccessCidrs": ["203.0.113.1/32"]}),
            version="1.36",
        ),
        "publicAccessCidrs do not let them reach",
    ),
    "others' security groups": (
        lambda aws: aws.there(TEMPLATE, "small", {"vpcSecurityGroupIds": ["sg-1"]}),
        "not in the cluster's security group",
    ),
}


@pytest.mark.parametrize("case", NODES_THAT_DO_NOT_JOIN)
def test_nodes_that_would_not_join_their_cluster_are_refused(aws: Aws, case: str) -> None:
    aws.there(TEMPLATE, "small", {})
    spoil, says = NODES_THAT_DO_NOT_JOIN[case]
    spoil(aws)
    with pytest.raises(ProviderError, match=says):
        aws.make_group(launchTemplate={"id": "small", "version": "1"})


@pytest.mark.parametrize("services", [(), ("ec2", "ecr.api", "ecr.dkr", "sts", "s3")])
def test_nodes_join_by_nat_or_by_endpoints(aws: Aws, services: tuple[str, ...]) -> None:
    if services:
        without_internet(aws, *services)
    aws.make_group()


@pytest.mark.parametrize(
    ("template", "given", "says"),
    [
        ({}, {"diskSize": 50}, "Disk size must be specified within the launch template"),
        ({"instanceType": "m7i.large"}, {"instanceTypes": ["m7i.large"]}, "Cannot specify instance types"),
    ],
)
def test_what_a_template_says_nothing_else_may(aws: Aws, template: Any, given: Any, says: str) -> None:
    aws.there(TEMPLATE, "small", template)
    with pytest.raises(ProviderError, match=says):
        aws.make_group(launchTemplate={"id": "small", "version": "1"}, **given)


@pytest.mark.parametrize(
    ("service", "policies", "says"),
    [
        ("ec2.amazonaws.com", ["AmazonEKSClusterPolicy"], "could not be assumed"),
        ("eks.amazonaws.com", [], "policies are attached: AmazonEKSClusterPolicy"),
    ],
)
def test_a_cluster_wants_a_role_that_it_can_take(aws: Aws, service: str, policies: list[str], says: str) -> None:
    aws.role("plane", service, *policies)
    with pytest.raises(ProviderError, match=says):
        aws.make(CLUSTER, **aws.cluster(name="new"))


def test_a_policy_goes_to_who_has_an_entry(aws: Aws) -> None:
    who = {"clusterName": "shop", "principalArn": "arn:aws:iam::1:role/admin"}
    told = {**who, "policyArn": ADMIN, "accessScope": {"type": "cluster"}}
    with pytest.raises(ProviderError, match="The specified principalArn could not be found"):
        aws.make(ASSOCIATION, **told)
    aws.make(ENTRY, **who)
    with pytest.raises(ProviderError, match="policyArn parameter format is not valid"):
        aws.make(ASSOCIATION, **{**told, "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterAdminPolicy"})
    aws.make(ASSOCIATION, **told)


@pytest.mark.parametrize(
    ("mode", "groups", "says"),
    [("CONFIG_MAP", [], "authentication mode must be set to one of"), ("API", ["system:masters"], "cannot start with")],
)
def test_entries_are_of_clusters_that_have_some_and_of_groups_of_their_own(
    aws: Aws, mode: str, groups: list[str], says: str
) -> None:
    aws.there(CLUSTER, "shop", aws.cluster(accessConfig={"authenticationMode": mode}), version="1.36")
    with pytest.raises(ProviderError, match=says):
        aws.make(ENTRY, clusterName="shop", principalArn="arn:aws:iam::1:role/admin", kubernetesGroups=groups)


def test_pods_take_a_role_that_trusts_them(aws: Aws) -> None:
    aws.make_group()
    told = {"clusterName": "shop", "namespace": "n", "serviceAccount": "s", "roleArn": "arn:pods"}
    for service, more in (("eks.amazonaws.com", ["sts:TagSession"]), ("pods.eks.amazonaws.com", [])):
        aws.role("pods", service, "AmazonEBSCSIDriverPolicy", more=more)
        with pytest.raises(ProviderError, match="Trust policy of the role provided is invalid"):
            aws.make(POD_IDENTITY, **told)
        with pytest.raises(ProviderError, match="Trust policy of the role provided is invalid"):
            aws.make_driver()
    aws.role("pods", "pods.eks.amazonaws.com", "AmazonEBSCSIDriverPolicy", more=["sts:TagSession"])
    aws.make(POD_IDENTITY, **told)
    aws.make_driver()


def test_drivers_want_an_account_of_theirs_an_agent_and_rights(aws: Aws) -> None:
    aws.make_group()
    with pytest.raises(ProviderError, match="Service account driver in pod identity configuration is not supported"):
        aws.make_driver(account="driver")
    with pytest.raises(ProviderError, match=r"DEGRADED.*no rights at AWS"):
        aws.make(ADDON, clusterName="shop", addonName="aws-ebs-csi-driver")
    aws.role("pods", "pods.eks.amazonaws.com", more=["sts:TagSession"])
    with pytest.raises(ProviderError, match=r"DEGRADED.*its role allows nothing"):
        aws.make_driver()
    aws.without(ADDON, "agent")
    with pytest.raises(ProviderError, match=r"DEGRADED.*there is no eks-pod-identity-agent"):
        aws.make_driver()


@pytest.mark.parametrize(
    ("type_", "inputs", "says"),
    [
        (VPC, {"cidrBlock": "10.0.0.0/8"}, "InvalidVpc.Range"),
        (SUBNET, {"vpcId": "v", "cidrBlock": "10.0.9.0/29"}, "InvalidSubnet.Range"),
        (SUBNET, {"vpcId": "v", "cidrBlock": "10.1.0.0/24"}, "InvalidSubnet.Range"),
        (ROUTE, {"routeTableId": "other", "destinationCidrBlock": ANYWHERE, "gatewayId": "igw"}, "different networks"),
        (
            "aws:ec2/flowLog:FlowLog",
            {"vpcId": "v", "logDestination": "l", "iamRoleArn": "arn:node"},
            "Unable to assume given IAM role",
        ),
    ],
)
def test_what_does_not_fit_its_network_is_refused(aws: Aws, type_: str, inputs: Any, says: str) -> None:
    aws.there(TABLE, "other", {"vpcId": "another"})
    with pytest.raises(ProviderError, match=says):
        aws.make(type_, **inputs)


def test_what_a_network_needs_for_names_and_for_the_internet(aws: Aws) -> None:
    aws.without(GATEWAY, "igw")
    with pytest.raises(ProviderError, match="has no Internet gateway attached"):
        aws.make(NAT, subnetId="public")
    aws.there(VPC, "v", {"cidrBlock": "10.0.0.0/16"}, enableDnsSupport=True)
    with pytest.raises(ProviderError, match="requires both enableDnsSupport and enableDnsHostnames"):
        aws.make(ENDPOINT, vpcId="v", serviceName="com.amazonaws.eu-central-1.sts", privateDnsEnabled=True)
