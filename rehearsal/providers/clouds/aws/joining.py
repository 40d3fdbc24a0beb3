"""Whether the machines of a node group would join their cluster: rights, a way out, and a way to the control plane.

EKS tells of all but the first in the same words, when it has waited for half an hour
(docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#worker-node-fail, November 2026; terraform-aws-eks #1910,
#1972, #3594). Of networks and roles that others made nothing is known, and nothing is refused.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any, Final

from rehearsal.providers.clouds.aws.firewalls import lets_in
from rehearsal.providers.clouds.aws.network import SUBNET, VPC
from rehearsal.providers.clouds.aws.trust import attached, check_trust, is_ours
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.store import Resource, Store

_ROUTE: Final = "aws:ec2/route:Route"
_ASSOCIATION: Final = "aws:ec2/routeTableAssociation:RouteTableAssociation"
_NAT: Final = "aws:ec2/natGateway:NatGateway"
_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
_ADDON: Final = "aws:eks/addon:Addon"
_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_ANYWHERE: Final = "0.0.0.0/0"
_HTTPS: Final = 443
_WITHOUT_INTERNET: Final = ("ec2", "ecr.api", "ecr.dkr", "sts", "s3")  # userguide/private-clusters.html
_REGISTRY: Final = ("AmazonEC2ContainerRegistryPullOnly", "AmazonEC2ContainerRegistryReadOnly")
_WORKER: Final = "AmazonEKSWorkerNodePolicy"
_NETWORKING: Final = "AmazonEKS_CNI_Policy"
_FAILED: Final = "NodeCreationFailure: Instances failed to join the kubernetes cluster"


def check_joining(group: Resource, cluster: Resource, store: Store) -> None:
    """Refused when nodes of the group could not join the cluster."""
    _check_role(str(group.inputs["nodeRoleArn"]), str(group.inputs["clusterName"]), store)
    for subnet in group.inputs["subnetIds"]:
        found = store.get(SUBNET, subnet)
        network = store.get(VPC, str(found.inputs["vpcId"])) if found else None
        if found and network:
            _check_way_out(found, group, store)
            _check_endpoints(found, network, store)
            _check_way_in(cluster, network)
    _check_template(group, cluster, store)


def _check_role(role: str, cluster: str, store: Store) -> None:
    missing = "Following required service principals [ec2.amazonaws.com] were not found in the trust relationships of"
    check_trust(role, "ec2.amazonaws.com", store, f"{missing} nodeRole {role}")  # eksctl-io/eksctl #3290
    if not is_ours(role, store):
        return
    policies = attached(role, store)
    if _WORKER not in policies:
        reason = f"The provided role doesn't have the Amazon EKS Managed Policies associated with it ({_WORKER})."
        raise Refused("refused", reason=reason)
    if not policies.intersection(_REGISTRY):
        raise Refused("refused", reason=f"{_FAILED} (images: no permission to pull)")
    if _NETWORKING not in policies and not _has_own_role(cluster, store):
        raise Refused("refused", reason=f"{_FAILED}: cni plugin not initialized")


def _has_own_role(cluster: str, store: Store) -> bool:
    """Whether the network add-on has another role than its nodes'."""
    own = ("serviceAccountRoleArn", "podIdentityAssociations")
    addons = (each.inputs for each in store.all(_ADDON) if each.inputs["clusterName"] == cluster)
    return any(each["addonName"] == "vpc-cni" and any(each.get(name) for name in own) for each in addons)


def _check_way_out(subnet: Resource, group: Resource, store: Store) -> None:
    ways = list(_ways_out(subnet, store))
    if any(_leads_out(str(way["natGatewayId"]), store) for way in ways if way.get("natGatewayId")):
        return
    if any(way.get("gatewayId") for way in ways):
        if subnet.inputs.get("mapPublicIpOnLaunch"):
            return
        reason = (  # sassoftware/viya4-iac-aws #271, eksctl-io/eksctl #2834
            f"Ec2SubnetInvalidConfiguration: One or more Amazon EC2 Subnets of [{subnet.id}] for node group "
            f"{group.inputs.get('nodeGroupName')} does not automatically assign public IP addresses to instances "
            "launched into it"
        )
        raise Refused("refused", reason=reason)
    services = {str(each.inputs["serviceName"]) for each in _of_network(_ENDPOINT, subnet, store)}
    if not all(any(each.endswith(f".{name}") for each in services) for name in _WITHOUT_INTERNET):
        raise Refused("refused", reason=f"{_FAILED} (subnet {subnet.id} has no way out)")


def _check_endpoints(subnet: Resource, network: Resource, store: Store) -> None:
    """What has an endpoint with its name in the network is asked there, and nowhere else: it has to let nodes in
    (vpc/latest/privatelink/create-interface-endpoint.html; eks/latest/userguide/private-clusters.html)."""
    nodes = IPv4Network(str(subnet.inputs["cidrBlock"]))
    for endpoint in _of_network(_ENDPOINT, subnet, store):
        service = str(endpoint.inputs["serviceName"])
        asked = endpoint.inputs.get("privateDnsEnabled") and any(
            service.endswith(f".{name}") for name in _WITHOUT_INTERNET
        )
        groups = endpoint.inputs.get("securityGroupIds") or [str(network.outputs.get("defaultSecurityGroupId"))]
        if asked and not lets_in(groups, _HTTPS, nodes, store):
            raise Refused("refused", reason=f"{_FAILED} (the endpoint of {service} lets nobody of {nodes} in)")


def _leads_out(nat: str, store: Store) -> bool:
    """Whether a NAT gateway is in a subnet that the internet is reached from."""
    gateway = store.get(_NAT, nat)
    subnet = store.get(SUBNET, str(gateway.inputs["subnetId"])) if gateway else None
    return subnet is None or any(way.get("gatewayId") for way in _ways_out(subnet, store))


def _ways_out(subnet: Resource, store: Store) -> Iterator[Any]:
    tables = {each.inputs["routeTableId"] for each in store.all(_ASSOCIATION) if each.inputs["subnetId"] == subnet.id}
    routes = (each.inputs for each in store.all(_ROUTE))
    yield from (
        each for each in routes if each["routeTableId"] in tables and each.get("destinationCidrBlock") == _ANYWHERE
    )


def _of_network(type_: str, subnet: Resource, store: Store) -> Iterator[Resource]:
    return (each for each in store.all(type_) if each.inputs["vpcId"] == subnet.inputs["vpcId"])


def _check_way_in(cluster: Resource, network: Resource) -> None:
    """The control plane is reached from within by names of the network's own, or from outside by who is named."""
    access = cluster.inputs["vpcConfig"]
    if access.get("endpointPrivateAccess"):
        if not (network.outputs.get("enableDnsSupport") and network.outputs.get("enableDnsHostnames")):
            raise Refused("refused", reason=f"{_FAILED} (DNS hostnames and support are off in {network.id})")
    elif _ANYWHERE not in (access.get("publicAccessCidrs") or [_ANYWHERE]):
        raise Refused("refused", reason=f"{_FAILED} (publicAccessCidrs do not let them reach the API server)")


def _check_template(group: Resource, cluster: Resource, store: Store) -> None:
    template = store.get(_TEMPLATE, str(value_at(group.inputs, "launchTemplate.id")))
    if template is None:
        return
    for name, said in (("diskSize", "Disk size"), ("remoteAccess", "Remote access configuration")):
        if group.inputs.get(name):  # userguide/launch-templates.html#launch-template-basics
            raise Refused("refused", reason=f"{said} must be specified within the launch template")
    if template.inputs.get("instanceType") and group.inputs.get("instanceTypes"):
        raise Refused("refused", reason="Cannot specify instance types in launch template and API request")
    groups = template.inputs.get("vpcSecurityGroupIds")
    if groups and value_at(cluster.outputs, "vpcConfig.clusterSecurityGroupId") not in groups:
        raise Refused("refused", reason=f"{_FAILED} (they are not in the cluster's security group)")
