"""Hosts as resources: an inspection of all of them, and a node each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi.dynamic import Resource

from components.clusters.kubeadm.hosts import provider
from components.clusters.kubeadm.hosts.spec import KubeadmHostSpec, SshSpec

SPARE: Final = "spare"
"""The part of a host that stands by, and is told nothing."""


@dataclass(frozen=True)
class ClusterMember:
    """A host with its part in the cluster (`boot`'s roles, or `SPARE`) and its architecture; `runtime` is what its pods
    run in, if not in runc, `balanced_port` where a balancer beside its API server listens, if there is one."""

    host: KubeadmHostSpec
    role: str
    architecture: str
    runtime: str = ""
    balanced_port: int = 0

    def reached(self, ssh: SshSpec) -> dict[str, Any]:
        """How the host is reached, as properties."""
        identity = str(ssh.identity_file) if ssh.identity_file else ""
        host = self.host
        return {
            "name": host.name,
            "address": str(host.address),
            "port": host.port,
            "user": ssh.user,
            "identityFile": identity,
        }


class HostInspection(Resource, module="kubeadm", name="Inspection"):
    """The hosts, looked at: none is changed before all of them can be made nodes."""

    keys: pulumi.Output[Mapping[str, str]]
    """The keys of their SSH servers, by the host's name."""

    def __init__(
        self,
        name: str,
        members: Sequence[ClusterMember],
        ssh: SshSpec,
        cluster: pulumi.Input[str],
        virtual_ip: str,
        options: pulumi.ResourceOptions,
    ) -> None:
        hosts = [
            member.reached(ssh)
            | {
                "hostKey": member.host.host_key or "",
                "role": member.role,
                "architecture": member.architecture,
                "virtualIp": virtual_ip,
                **({"balancedPort": member.balanced_port} if member.balanced_port else {}),
                **({"runtime": member.runtime} if member.runtime else {}),
            }
            for member in members
        ]
        super().__init__(
            provider.InspectionProvider(), name, {"hosts": hosts, "cluster": cluster, "keys": None}, options
        )


class HostNode(Resource):
    """A host that is a node of the cluster; `seed` is what it is told (JSON: content and mode by path, a secret)."""

    def __init__(
        self,
        name: str,
        reached: Mapping[str, pulumi.Input[Any]],
        seed: pulumi.Input[str],
        told: Mapping[str, pulumi.Input[Any]],
        options: pulumi.ResourceOptions,
    ) -> None:
        props = {**reached, **told, "seed": seed}
        super().__init__(provider.NodeProvider(), name, props, options)


class ControlPlaneHost(HostNode, module="kubeadm", name="ControlPlane"):
    """A host with a part of the control plane, and a member of etcd."""


class EtcdHost(HostNode, module="kubeadm", name="Etcd"):
    """A host that is a member of etcd, and no node."""


class WorkerHost(HostNode, module="kubeadm", name="Worker"):
    """A host that runs everybody's pods."""
