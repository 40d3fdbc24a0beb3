"""What there can be one of in a network, to EC2 and EFS, and what keeps a gateway in it."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final

from rehearsal.providers.clouds.aws.firewalls import check_range
from rehearsal.providers.clouds.aws.trust import check_trust
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.one_of_a_kind import OneOfAKind, same
from rehearsal.providers.clouds.store import Resource, Store

VPC: Final = "aws:ec2/vpc:Vpc"
SUBNET: Final = "aws:ec2/subnet:Subnet"
_GATEWAY: Final = "aws:ec2/internetGateway:InternetGateway"
_TABLE: Final = "aws:ec2/routeTable:RouteTable"
NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
_LARGEST, _SMALLEST = 16, 28  # prefixes: docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html, November 2026


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


class Vpc(Behaviour):
    """`ec2.Vpc`: of a size that AWS has."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        _check_size(new, "InvalidVpc.Range")


class Ec2Subnet(OneOfAKind):
    """`ec2.Subnet`: within its network, and of a size that AWS has."""

    def __init__(self) -> None:
        super().__init__(_overlap, "InvalidSubnet.Conflict: The CIDR conflicts with another subnet")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        _check_size(new, "InvalidSubnet.Range")
        super().accept(old, new, store)
        network = store.get(VPC, str(new.inputs["vpcId"]))
        placed = [each for each in (new, network) if each and each.inputs.get("cidrBlock")]
        ranges = [ip_network(each.inputs["cidrBlock"]) for each in placed]
        if len(ranges) > 1 and not ranges[0].subnet_of(ranges[1]):  # type: ignore[arg-type]
            raise Refused("said", reason=f"InvalidSubnet.Range: The CIDR '{ranges[0]}' is invalid.")


class NatGateway(OneOfAKind):
    """`ec2.NatGateway`: a public one is of use where the network has a way to the internet
    (docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html, November 2026)."""

    def __init__(self) -> None:
        super().__init__(_share_an_address, "Resource.AlreadyAssociated: Elastic IP address is already associated")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        super().accept(old, new, store)
        subnet = store.get(SUBNET, str(new.inputs["subnetId"]))
        network = store.get(VPC, str(subnet.inputs["vpcId"])) if subnet else None
        public = new.inputs.get("connectivityType", "public") == "public"
        if public and network and not any(each.inputs.get("vpcId") == network.id for each in store.all(_GATEWAY)):
            raise Refused("said", reason=f"Gateway.NotAttached: Network {network.id} has no Internet gateway attached")


class Route(OneOfAKind):
    """`ec2.Route`: to an internet gateway of the same network (aws/aws-cdk #1140)."""

    def __init__(self) -> None:
        to = same("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
        super().__init__(to, "RouteAlreadyExists: The route already exists")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        super().accept(old, new, store)
        check_range(new.inputs.get("destinationCidrBlock"))
        table, gateway = (
            store.get(type_, str(new.inputs.get(name)))
            for type_, name in ((_TABLE, "routeTableId"), (_GATEWAY, "gatewayId"))
        )
        if table and gateway and table.inputs.get("vpcId") != gateway.inputs.get("vpcId"):
            reason = f"route table {table.id} and network gateway {gateway.id} belong to different networks"
            raise Refused("said", reason=f"InvalidParameterValue: {reason}")


class Endpoint(OneOfAKind):
    """`ec2.VpcEndpoint`: with names of its own where the network has some
    (docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html, November 2026)."""

    def __init__(self) -> None:
        says = "InvalidParameter: private-dns-enabled cannot be set: there is a conflicting DNS domain"
        super().__init__(_share_a_name, says)

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        super().accept(old, new, store)
        network = store.get(VPC, str(new.inputs["vpcId"]))
        named = network and all(network.outputs.get(name) for name in ("enableDnsSupport", "enableDnsHostnames"))
        if network and new.inputs.get("privateDnsEnabled") and not named:
            reason = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to"
            raise Refused("said", reason=f"InvalidParameter: {reason} true for {network.id}")


class FlowLog(OneOfAKind):
    """`ec2.FlowLog`: by a role that the service can take (terraform-provider-aws, ec2/vpc_flow_log.go, 2026)."""

    def __init__(self) -> None:
        says = "There is an existing Flow Log with the same configuration and log destination"
        super().__init__(same("vpcId", "logDestination"), f"FlowLogAlreadyExists: {says}")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        super().accept(old, new, store)
        if role := new.inputs.get("iamRoleArn"):
            says = "InvalidParameter: Unable to assume given IAM role"
            check_trust(role, "vpc-flow-logs.amazonaws.com", store, says)


def _check_size(new: Resource, code: str) -> None:
    given = new.inputs.get("cidrBlock")
    check_range(given)
    if given and not _LARGEST <= ip_network(given).prefixlen <= _SMALLEST:
        raise Refused("said", reason=f"{code}: The CIDR '{given}' is invalid.")


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
    VPC: Vpc(),
    SUBNET: Ec2Subnet(),
    _GATEWAY: InternetGateway(),
    "aws:ec2/route:Route": Route(),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": OneOfAKind(
        same("subnetId", "gatewayId"),
        "Resource.AlreadyAssociated: the specified association conflicts with an existing association",
    ),
    NAT_GATEWAY: NatGateway(),
    "aws:ec2/flowLog:FlowLog": FlowLog(),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Endpoint(),
    "aws:efs/mountTarget:MountTarget": OneOfAKind(
        _share_a_zone, "MountTargetConflict: mount target already exists in this AZ"
    ),
}
