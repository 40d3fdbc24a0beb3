"""Machines of the cluster on EC2: a launch template with the user data, and Auto Scaling groups that keep them alive.

A group waits for each machine until that says that it has joined (a lifecycle hook), and gives it up after a time. So
`up` fails when a machine does not join, and its own console says why (polykube-boot).
docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html, November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import autoscaling, ec2, iam

from components.cloud import CloudPlace
from components.clusters.kubeadm.boot import DEADLINE

HOOK: Final = "boot"
_LEAVING_HOOK: Final = "leave"
_HOPS: Final = 1  # pods are two hops away, and so cannot take the machine's role
_IMAGES: Final = {  # parameters that their publishers keep in every region
    "debian-13": "/aws/service/debian/release/13/latest/{architecture}",
    "ubuntu-24.04": "/aws/service/canonical/ubuntu/server/24.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id",
}
_DEVICES: Final = {"debian-13": "/dev/xvda", "ubuntu-24.04": "/dev/sda1"}
_MORE_PATIENCE: Final = 5  # minutes after the deadline, in which the group gives the machine up
# The new machine is there before the old one is ended (API_RefreshPreferences), and the old one leaves in its own time.
_REFRESH: Final = autoscaling.GroupInstanceRefreshArgs(
    strategy="Rolling",
    preferences=autoscaling.GroupInstanceRefreshPreferencesArgs(
        min_healthy_percentage=100, max_healthy_percentage=200, instance_warmup="0"
    ),
)


@dataclass(frozen=True)
class MachineKind:
    """What alike machines are: type, image, architecture, disk in GiB, the profile with their rights, their firewalls
    (none where their network interfaces have them) and what they are told."""

    type: str
    image: str
    architecture: str
    disk: int
    profile: iam.InstanceProfile
    firewalls: Sequence[ec2.SecurityGroup]
    user_data: pulumi.Input[str]
    spot: bool = False


def make_template(logical: str, kind: MachineKind, place: CloudPlace, *, name: str | None = None) -> ec2.LaunchTemplate:
    """The launch template `logical` (of the place's cluster). One with another `name` is another template, for which a
    group replaces its machines; else those that are there stay as they are."""
    tags = owned(logical, place)
    ebs = ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
        volume_type="gp3", volume_size=kind.disk, encrypted="true", delete_on_termination="true"
    )
    disk = ec2.LaunchTemplateBlockDeviceMappingArgs(device_name=_DEVICES[kind.image], ebs=ebs)
    spot = ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type="spot") if kind.spot else None
    return ec2.LaunchTemplate(
        f"{place.cluster}-{logical}",
        name=name,
        description=f"Machines of {place.cluster}, {logical}",
        update_default_version=True,
        image_id=f"resolve:ssm:{_IMAGES[kind.image].format(architecture=kind.architecture)}",
        instance_type=kind.type,
        instance_market_options=spot,
        iam_instance_profile=ec2.LaunchTemplateIamInstanceProfileArgs(arn=kind.profile.arn),
        vpc_security_group_ids=[group.id for group in kind.firewalls] or None,
        user_data=kind.user_data,
        block_device_mappings=[disk],
        metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=_HOPS
        ),
        tag_specifications=[
            ec2.LaunchTemplateTagSpecificationArgs(resource_type=what, tags=tags)
            for what in ("instance", "volume", "network-interface")
        ],
        tags=place.tagged(f"{place.cluster}-{logical}"),
        opts=place.options(new_first=True if name else None),
    )


def owned(name: str, place: CloudPlace) -> dict[str, str]:
    """The tags of a machine and what is made with it."""
    return {**place.tagged(f"{place.cluster}-{name}"), f"kubernetes.io/cluster/{place.cluster}": "owned"}


@dataclass(frozen=True)
class Group:
    """A group of machines: its name in AWS, how many, in which subnets, behind which balancers."""

    name: str
    minimum: int
    maximum: int
    subnets: Sequence[pulumi.Input[str]]
    targets: Sequence[pulumi.Input[str]] = ()


def make_group(
    logical: str,
    group: Group,
    template: ec2.LaunchTemplate,
    place: CloudPlace,
    *,
    after: Sequence[pulumi.Resource],
    new_first: bool,
) -> autoscaling.Group:
    """The group, once all its machines have joined; `after` has to be there before the first of them.

    `new_first` says that another group takes its place; else it replaces its machines for another template.
    """
    tags: Mapping[str, str] = place.tagged(f"{place.cluster}-{logical}")
    return autoscaling.Group(
        f"{place.cluster}-{logical}",
        name=group.name,
        min_size=group.minimum,
        max_size=group.maximum,
        vpc_zone_identifiers=list(group.subnets),
        target_group_arns=list(group.targets) or None,
        health_check_type="EC2",
        initial_lifecycle_hooks=[_hook(HOOK, "LAUNCHING", "ABANDON"), _hook(_LEAVING_HOOK, "TERMINATING", "CONTINUE")],
        instance_refresh=None if new_first else _REFRESH,
        launch_template=autoscaling.GroupLaunchTemplateArgs(id=template.id, version="$Latest"),
        wait_for_capacity_timeout=f"{DEADLINE // 60 + _MORE_PATIENCE}m",
        tags=[
            autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=False)
            for key, value in sorted(tags.items())
        ],
        opts=pulumi.ResourceOptions.merge(
            place.options(after=after, new_first=new_first),
            pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="40m", update="40m", delete="40m")),
        ),
    )


def _hook(name: str, transition: str, otherwise: str) -> autoscaling.GroupInitialLifecycleHookArgs:
    """What machines of a group tell it within the deadline, and what counts if they do not."""
    return autoscaling.GroupInitialLifecycleHookArgs(
        name=name,
        lifecycle_transition=f"autoscaling:EC2_INSTANCE_{transition}",
        heartbeat_timeout=DEADLINE,
        default_result=otherwise,
    )
