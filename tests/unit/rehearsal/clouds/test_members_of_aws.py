"""Machines of EC2 in no group that get what another one has, or what is elsewhere."""

from typing import Any

import pytest

from tests.support.refusals import refused
from tests.unit.rehearsal.clouds.test_needs_of_aws import TEMPLATE, Aws, aws

__all__ = ["aws"]  # a fixture

INSTANCE, INTERFACE = "aws:ec2/instance:Instance", "aws:ec2/networkInterface:NetworkInterface"
VOLUME, ATTACHMENT = "aws:ebs/volume:Volume", "aws:ec2/volumeAttachment:VolumeAttachment"


def machine(interface: str, template: str = "members") -> dict[str, Any]:
    return {"launchTemplate": {"id": template}, "primaryNetworkInterface": {"networkInterfaceId": interface}}


@pytest.fixture
def members(aws: Aws) -> Aws:
    """AWS with a template, two interfaces in zone a, and a machine that has the first."""
    aws.there(TEMPLATE, "members", {"instanceType": "m7g.large"})
    for id_ in ("one", "two"):
        aws.there(INTERFACE, id_, {"subnetId": "a"}, privateIp="10.0.1.4" if id_ == "one" else "10.0.1.5")
    aws.there(INSTANCE, "first", machine("one"))
    return aws


def test_an_interface_has_an_address_of_its_subnet_for_itself(aws: Aws) -> None:
    for subnet in ("a", "a", "b"):
        aws.make(INTERFACE, subnetId=subnet)
    addresses = [each.outputs["privateIp"] for each in aws.provider.store.all(INTERFACE)]
    assert sorted(addresses) == ["10.0.1.4", "10.0.1.5", "10.0.2.4"]


def test_a_machine_takes_an_interface_of_its_own(members: Aws) -> None:
    refused(members, INSTANCE, "InvalidNetworkInterface.InUse", **machine("one"))
    refused(members, INSTANCE, "", **machine("two"))
    members.there(TEMPLATE, "members", {"instanceType": "m7g.large", "vpcSecurityGroupIds": ["sg-1"]})
    refused(members, INSTANCE, "instance-level security groups may not be specified", **machine("two"))


def test_a_machine_takes_a_volume_of_its_zone_alone(members: Aws) -> None:
    for id_, zone in (("here", "eu-central-1a"), ("elsewhere", "eu-central-1b")):
        members.there(VOLUME, id_, {"availabilityZone": zone})
    told = {"instanceId": "first", "deviceName": "/dev/sdf"}
    refused(members, ATTACHMENT, "InvalidVolume.ZoneMismatch", **told, volumeId="elsewhere")
    refused(members, ATTACHMENT, "", **told, volumeId="here")
    refused(members, ATTACHMENT, "VolumeInUse", **told, volumeId="here")
