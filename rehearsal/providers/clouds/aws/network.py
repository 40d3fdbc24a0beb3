"""What there can be one of in a network, to EC2 and EFS, and what keeps a gateway in it."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.one_of_a_kind import OneOfAKind, same
from rehearsal.providers.clouds.store import Resource, Store

SUBNET: Final = "aws:ec2/subnet:Subnet"
NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
_RULE: Final = ("securityGroupId", "ipProtocol", "fromPort", "toPort")
_PEERS: Final = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


def zone(store: Store, subnet: str) -> str:
    """The zone of a subnet; empty when there is no such subnet."""
    found = store.get(SUBNET, subnet)
    return str(found.outputs.get("availabilityZone", "")) if found else ""


class InternetGateway(Behaviour):
    """`ec2.InternetGateway`, which stays while something in the network has a public address."""

    def deleted(self, resource: Resource, store: Store) -> None:
        network = resource.inputs.get("vpcId")
        for nat in store.all(NAT_GATEWAY):
            subnet = store.get(SUBNET, str(nat.inputs.get("subnetId")))
            if subnet and subnet.inputs["vpcId"] == network:
                reason = (
                    f"DependencyViolation: Network {network} has some mapped public address(es). Please unmap those"
                )
                raise Refused("said", reason=f"{reason} public address(es) before detaching the gateway. ({nat.id})")


def _overlap(one: Resource, other: Resource, store: Store) -> bool:
    ranges = [ip_network(each.inputs["cidrBlock"]) for each in (one, other) if each.inputs.get("cidrBlock")]
    return same("vpcId")(one, other, store) and len(ranges) > 1 and ranges[0].overlaps(ranges[1])


def _share_a_name(one: Resource, other: Resource, store: Store) -> bool:
    named = all(each.inputs.get("privateDnsEnabled") for each in (one, other))
    return named and same("vpcId", "serviceName")(one, other, store)


def _share_a_zone(one: Resource, other: Resource, store: Store) -> bool:
    one_zone, other_zone = (zone(store, each.inputs["subnetId"]) for each in (one, other))
    return same("fileSystemId")(one, other, store) and one_zone == other_zone


def _share_an_address(one: Resource, other: Resource, store: Store) -> bool:
    return bool(one.inputs.get("allocationId")) and same("allocationId")(one, other, store)


NETWORK: Final[Mapping[str, Behaviour]] = {
    SUBNET: OneOfAKind(_overlap, "InvalidSubnet.Conflict: The CIDR conflicts with another subnet"),
    "aws:ec2/internetGateway:InternetGateway": InternetGateway(),
    "aws:ec2/route:Route": OneOfAKind(
        same("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
        "RouteAlreadyExists: The route already exists",
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": OneOfAKind(
        same("subnetId", "gatewayId"),
        "Resource.AlreadyAssociated: the specified association conflicts with an existing association",
    ),
    **dict.fromkeys(
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        ),
        OneOfAKind(same(*_RULE, *_PEERS), "InvalidPermission.Duplicate: the specified rule already exists"),
    ),
    NAT_GATEWAY: OneOfAKind(_share_an_address, "Resource.AlreadyAssociated: Elastic IP address is already associated"),
    "aws:ec2/flowLog:FlowLog": OneOfAKind(
        same("vpcId", "logDestination"),
        "FlowLogAlreadyExists: There is an existing Flow Log with the same configuration and log destination",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": OneOfAKind(
        _share_a_name, "InvalidParameter: private-dns-enabled cannot be set: there is a conflicting DNS domain"
    ),
    "aws:efs/mountTarget:MountTarget": OneOfAKind(
        _share_a_zone, "MountTargetConflict: mount target already exists in this AZ"
    ),
}
