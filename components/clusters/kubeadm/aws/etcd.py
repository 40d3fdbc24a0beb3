"""etcd on machines of AWS of its own: each with a network interface, whose address stays, and a disk for its data.

Both outlive it. They are in no Auto Scaling group, whose machines have another address each. EC2 starts one anew, with
both, when what it runs on fails (docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-configuration-recovery.html,
simplified automatic recovery, November 2026); one that is gone is made anew by an `up`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_aws import ebs, ec2, iam

from components.clusters.eks.facts import architecture
from components.clusters.kubeadm.aws.machines import MachineKind, make_template, owned
from components.clusters.kubeadm.aws.secrets import READ, make_secret, set_value
from components.clusters.kubeadm.boot import ETCD, Machine, user_data
from components.clusters.kubeadm.etcd import EtcdMember, endpoints, member_files
from components.networks.aws_iam import MANAGED, allow, document, service_role, statement

if TYPE_CHECKING:
    from components.cloud import CloudPlace
    from components.clusters.kubeadm.authorities import Authorities
    from components.clusters.kubeadm.aws.firewalls import Firewalls
    from components.clusters.kubeadm.aws.snapshots import SnapshotBucket
    from components.clusters.kubeadm.spec import EtcdMachines
    from components.networks.aws import AwsNetwork

SHELL: Final = f"{MANAGED}AmazonSSMManagedInstanceCore"
"""A shell on a machine without SSH or open ports."""
_DEVICE: Final = "/dev/sdf"
_SYSTEM_DISK: Final = 20  # GiB


@dataclass(frozen=True)
class _Member:
    """What a member has that outlives its machine, and the secret with its certificate."""

    name: str
    interface: ec2.NetworkInterface
    volume: ebs.Volume
    secret: str
    ready: pulumi.Resource
    arn: pulumi.Output[str]


class EtcdOnAws:
    """The members: where they are asked, and what has to be there before they can be."""

    def __init__(
        self,
        spec: EtcdMachines,
        authorities: Authorities,
        network: AwsNetwork,
        firewalls: Firewalls,
        snapshots: SnapshotBucket,
        place: CloudPlace,
    ) -> None:
        self._spec, self._snapshots, self._place = spec, snapshots, place
        self._arch = architecture(spec.machine_type, spec.architecture)
        members = [self._make_lasting(f"etcd-{n}", n, authorities, network, firewalls.etcd) for n in range(spec.count)]
        self._addresses = pulumi.Output.all(*(member.interface.private_ip for member in members))
        self._names = [member.name for member in members]
        self.endpoints = self._addresses.apply(lambda each: endpoints(self._members(each)))
        profile, rights = self._make_profile(members)
        after = [*rights, *firewalls.rules, network]
        self.ready = [self._make_machine(member, profile, [*after, member.ready]) for member in members]

    def by_name(self) -> dict[str, pulumi.Output[str]]:
        """Where each is asked, by its name."""
        return {name: self.endpoints[number] for number, name in enumerate(self._names)}

    def _members(self, addresses: Sequence[str]) -> list[EtcdMember]:
        return [EtcdMember(name, address) for name, address in zip(self._names, addresses, strict=True)]

    def _make_lasting(
        self, name: str, number: int, authorities: Authorities, network: AwsNetwork, firewall: ec2.SecurityGroup
    ) -> _Member:
        place, subnets = self._place, network.private_subnets
        subnet, logical = subnets[number % len(subnets)], f"{place.cluster}-{name}"
        tags = place.tagged(logical)
        interface = ec2.NetworkInterface(
            logical,
            description=f"{name} of {place.cluster}",
            subnet_id=subnet.id,
            security_groups=[firewall.id],
            tags=tags,
            opts=place.options(keep=True),
        )
        volume = ebs.Volume(
            logical,
            availability_zone=subnet.availability_zone,
            size=self._spec.disk_gib,
            type="gp3",
            encrypted=True,
            tags=tags,
            opts=place.options(keep=True),
        )
        secret = make_secret(name, f"The certificate of {name}", place)
        told = authorities.etcd_member(name, interface.private_ip)
        ready = set_value(name, secret, told, place)
        return _Member(name, interface, volume, f"{place.cluster}/{name}", ready, secret.arn)

    def _make_profile(self, members: Sequence[_Member]) -> tuple[iam.InstanceProfile, Sequence[pulumi.Resource]]:
        """What members may do: read their certificates and snapshots, and be reached by Session Manager."""
        name = f"{self._place.cluster}-{ETCD}"
        made = service_role(name, "ec2.amazonaws.com", self._place, policies=[SHELL])
        policy = pulumi.Output.all(*(member.arn for member in members)).apply(
            lambda arns: document(statement((READ,), list(arns)))
        )
        policies = {"certificates": policy, "snapshots": self._snapshots.reading}
        allowed = (allow(f"{name}-{what}", made.role, each, self._place) for what, each in policies.items())
        rights: list[pulumi.Resource] = [*made.rights, *allowed]
        tags = self._place.tagged(name)
        return iam.InstanceProfile(name, role=made.role.name, tags=tags, opts=self._place.options()), rights

    def _make_machine(
        self, member: _Member, profile: iam.InstanceProfile, after: Sequence[pulumi.Resource]
    ) -> pulumi.Resource:
        """The machine, and its disk at it, which is what comes last."""
        place, spec, logical = self._place, self._spec, f"{self._place.cluster}-{member.name}"
        known = pulumi.Output.all(self._addresses, member.volume.id, self._snapshots.url)
        told = known.apply(lambda each: self._user_data(member, *each))
        kind = MachineKind(spec.machine_type, spec.image, self._arch, _SYSTEM_DISK, profile, [], told)
        template = make_template(member.name, kind, place)
        machine = ec2.Instance(
            logical,
            launch_template=ec2.InstanceLaunchTemplateArgs(id=template.id, version="$Latest"),
            primary_network_interface=ec2.InstancePrimaryNetworkInterfaceArgs(network_interface_id=member.interface.id),
            tags=owned(member.name, place),
            # What it is told otherwise later counts for the machine that takes its place.
            opts=place.options(after=after, ignore_changes=["launchTemplate"], new_first=False),
        )
        return ec2.VolumeAttachment(
            logical,
            device_name=_DEVICE,
            volume_id=member.volume.id,
            instance_id=machine.id,
            stop_instance_before_detaching=True,
            opts=place.options(new_first=False),
        )

    def _user_data(self, member: _Member, addresses: Sequence[str], volume: str, bucket: str) -> str:
        members = self._members(addresses)
        own = next(each for each in members if each.name == member.name)
        settings = {
            "ADDRESS": own.address,
            "AUTHORITIES": member.secret,
            "ETCD": " ".join(endpoints(members)),
            "REGION": self._snapshots.store.region,
            "VOLUME": volume,
            **self._snapshots.settings,
        }
        restoring = self._snapshots.restoring_files(bucket, external=True)
        return user_data(
            Machine(
                role=ETCD,
                minor="",
                architecture=self._arch,
                settings=settings,
                cloud=files(__package__).joinpath("cloud.sh").read_text(encoding="utf-8"),
                files=member_files(self._place.cluster, own, members) | restoring,
            )
        )
