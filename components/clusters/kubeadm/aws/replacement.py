"""Control planes take each other's place one by one: the next one is told nothing new before the last one is there.

A group replaces its machine by an instance refresh, which AWS begins and nobody waits for
(registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/autoscaling_group, `instance_refresh`, 7.x). So the
program asks the cluster for the group's nodes, at each `up`, before it goes on.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pulumi
import yaml

from components.clusters.admission import NotAnswered, ask
from components.clusters.kubeadm.boot import DEADLINE
from components.naming import GENERATION_LABEL, MACHINE_GROUP_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulumi_aws import autoscaling

_POLL: Final = 5.0  # seconds
_PATIENCE: Final = 2 * DEADLINE + 300.0  # seconds: one machine comes, then another one leaves


def in_its_place(
    kubeconfig: pulumi.Output[str], group: autoscaling.Group, name: str, generation: str
) -> pulumi.Output[None]:
    """Resolves when the one node of the `group`, called `name` by its label, is of the `generation`.

    A preview does not wait. RunError when it takes longer than a machine may take to come, and another one to go.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(None)
    known = pulumi.Output.all(kubeconfig, group.name, group.urn)
    return pulumi.Output.unsecret(known.apply(lambda parts: _wait(parts[0], parts[1], name, generation)))


async def _wait(kubeconfig: str, group: str, name: str, generation: str) -> None:
    config, deadline = yaml.safe_load(kubeconfig), time.monotonic() + _PATIENCE
    while why := await asyncio.to_thread(missing, config, name, generation):
        if time.monotonic() > deadline:
            begin = f"aws autoscaling start-instance-refresh --auto-scaling-group-name {group}"
            raise pulumi.RunError(
                f"{group} has not replaced its machine within {_PATIENCE / 60:.0f} minutes: {why}. The console of its "
                "machine says why (`aws ec2 get-console-output`), and so does `aws autoscaling "
                f"describe-instance-refreshes --auto-scaling-group-name {group}`. When that is mended, begin again by "
                f"`{begin} --preferences MinHealthyPercentage=100,MaxHealthyPercentage=200`, and run the same command."
            )
        pulumi.log.info(f"{group}: {why}", ephemeral=True)
        await asyncio.sleep(_POLL)


def missing(config: Mapping[str, Any], name: str, generation: str) -> str:
    """What is not yet so with the nodes of a group; empty when it has one of the `generation`, and no other."""
    try:
        found = ask(config, f"/api/v1/nodes?labelSelector={quote(f'{MACHINE_GROUP_LABEL}={name}')}")
    except NotAnswered as why:
        return f"the API server says nothing of its nodes: {why}"
    return _what_is_missing(found["items"], generation)


def _what_is_missing(nodes: Sequence[Mapping[str, Any]], generation: str) -> str:
    old = [each for each in nodes if each["metadata"]["labels"].get(GENERATION_LABEL) != generation]
    if len(old) == len(nodes):
        return "no machine of the new kind has joined"
    versions = {each["metadata"]["name"]: each["status"]["nodeInfo"]["kubeletVersion"] for each in old}
    return "still there: " + ", ".join(f"{name} {version}" for name, version in versions.items()) if old else ""
