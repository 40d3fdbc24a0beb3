"""What there can be one of in a network: EC2 and EFS refuse a second one, also when it is to replace the first."""

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.store import Resource, Store

SUBNET: Final = "aws:ec2/subnet:Subnet"
NAT_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"


def zone(store: Store, subnet: str) -> str:
    """The zone of a subnet; empty when there is no such subnet."""
    found = store.get(SUBNET, subnet)
    return str(found.outputs.get("availabilityZone", "")) if found else ""


class OneOfAKind(Behaviour):
    """A type of which two cannot be together: `clashes` says of two resources whether they are such a pair."""

    def __init__(self, clashes: Callable[[Resource, Resource, Store], bool], says: str) -> None:
        self._clashes, self._says = clashes, says

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        for other in store.all(new.type):
            if other.id != new.id and self._clashes(new, other, store):
                raise Refused("said", reason=f"{self._says} ({other.id})")


def _same(*names: str) -> Callable[[Resource, Resource, Store], bool]:
    return lambda one, other, _: all(one.inputs.get(name) == other.inputs.get(name) for name in names)


def _overlap(one: Resource, other: Resource, store: Store) -> bool:
    ranges = [ip_network(each.inputs["cidrBlock"]) for each in (one, other) if each.inputs.get("cidrBlock")]
    return _same("vpcId")(one, other, store) and len(ranges) > 1 and ranges[0].overlaps(ranges[1])


def _share_a_name(one: Resource, other: Resource, store: Store) -> bool:
    named = all(each.inputs.get("privateDnsEnabled") for each in (one, other))
    return named and _same("vpcId", "serviceName")(one, other, store)


def _share_a_zone(one: Resource, other: Resource, store: Store) -> bool:
    one_zone, other_zone = (zone(store, each.inputs["subnetId"]) for each in (one, other))
    return _same("fileSystemId")(one, other, store) and one_zone == other_zone


def _share_an_address(one: Resource, other: Resource, store: Store) -> bool:
    return bool(one.inputs.get("allocationId")) and _same("allocationId")(one, other, store)


NETWORK: Final[Mapping[str, Behaviour]] = {
    SUBNET: OneOfAKind(_overlap, "InvalidSubnet.Conflict: The CIDR conflicts with another subnet"),
    NAT_GATEWAY: OneOfAKind(_share_an_address, "Resource.AlreadyAssociated: Elastic IP address is already associated"),
    "aws:ec2/flowLog:FlowLog": OneOfAKind(
        _same("vpcId", "logDestination"),
        "FlowLogAlreadyExists: There is an existing Flow Log with the same configuration and log destination",
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": OneOfAKind(
        _share_a_name, "InvalidParameter: private-dns-enabled cannot be set: there is a conflicting DNS domain"
    ),
    "aws:efs/mountTarget:MountTarget": OneOfAKind(
        _share_a_zone, "MountTargetConflict: mount target already exists in this AZ"
    ),
}
