"""Machines of EC2 in no group, with a network interface and a volume of their own: the members of etcd."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import islice
from typing import Final

from common.wire import Properties
from rehearsal.providers.clouds import machines
from rehearsal.providers.clouds.aws.network import SUBNET, zone
from rehearsal.providers.clouds.aws.templates import TEMPLATE
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.store import Resource, Store

INTERFACE: Final = "aws:ec2/networkInterface:NetworkInterface"
INSTANCE: Final = "aws:ec2/instance:Instance"
ATTACHMENT: Final = "aws:ec2/volumeAttachment:VolumeAttachment"
VOLUME: Final = "aws:ebs/volume:Volume"
_OWN: Final = 4  # addresses at the beginning of a subnet, which AWS keeps


class NetworkInterface(Behaviour):
    """`ec2.NetworkInterface`, with an address of its subnet that no other one has."""

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        subnet = store.get(SUBNET, str(resource.inputs["subnetId"]))
        if subnet is None:
            raise Refused("missing", target=f"subnet {resource.inputs['subnetId']}")
        taken = {each.outputs.get("privateIp") for each in store.all(INTERFACE)}
        hosts = islice(IPv4Network(str(subnet.inputs["cidrBlock"])).hosts(), _OWN - 1, None)
        address = resource.inputs.get("privateIp") or next(str(each) for each in hosts if str(each) not in taken)
        return {"privateIp": address}


class Instance(Behaviour):
    """`ec2.Instance`, of a template and with an interface of its own."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        template = store.get(TEMPLATE, str(value_at(new.inputs, "launchTemplate.id")))
        if template is None:
            raise Refused(
                "said", reason="InvalidLaunchTemplateId.NotFound: The specified launch template does not exist"
            )
        machines.known(machines.aws, str(template.inputs.get("instanceType", "")))
        interface = value_at(new.inputs, "primaryNetworkInterface.networkInterfaceId")
        if interface and template.inputs.get("vpcSecurityGroupIds"):
            reason = "InvalidParameterCombination: Network interfaces and an instance-level security groups may not be"
            raise Refused("said", reason=f"{reason} specified on the same request")
        for each in store.all(INSTANCE):
            theirs = value_at(each.inputs, "primaryNetworkInterface.networkInterfaceId")
            if interface and each.id != new.id and theirs == interface:
                raise Refused("said", reason=f"InvalidNetworkInterface.InUse: Interface: [{interface}] in use.")


class VolumeAttachment(Behaviour):
    """`ec2.VolumeAttachment`: of a volume of the machine's zone, which is attached once."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        id_, volume = str(new.inputs["volumeId"]), store.get(VOLUME, str(new.inputs["volumeId"]))
        machine = store.get(INSTANCE, str(new.inputs["instanceId"]))
        if volume is None or machine is None:
            return  # which is refused as a reference
        here = zone(store, str(interface_of(machine, store).inputs["subnetId"]))
        if volume.inputs["availabilityZone"] != here:
            raise Refused("said", reason=f"InvalidVolume.ZoneMismatch: The volume '{id_}' is not in the zone {here}")
        if any(each.id != new.id and each.inputs["volumeId"] == id_ for each in store.all(ATTACHMENT)):
            raise Refused("said", reason=f"VolumeInUse: {id_} is already attached to an instance")


def interface_of(machine: Resource, store: Store) -> Resource:
    """The network interface of a machine."""
    id_ = str(value_at(machine.inputs, "primaryNetworkInterface.networkInterfaceId"))
    found = store.get(INTERFACE, id_)
    if found is None:
        raise Refused(
            "said", reason=f"InvalidNetworkInterfaceID.NotFound: The networkInterface ID '{id_}' does not exist"
        )
    return found


def machine_at(address: str, store: Store) -> Resource | None:
    """The machine whose interface has an address."""
    for each in store.all(INSTANCE):
        if interface_of(each, store).outputs.get("privateIp") == address:
            return each
    return None


def has_volume(machine: Resource, id_: str, store: Store) -> bool:
    """Whether a volume is attached to a machine."""
    return any(
        each.inputs["instanceId"] == machine.id and each.inputs["volumeId"] == id_ for each in store.all(ATTACHMENT)
    )


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    INTERFACE: NetworkInterface(),
    INSTANCE: Instance(),
    ATTACHMENT: VolumeAttachment(),
}
