"""Nodes of the clouds: no public addresses, hardened, kept repaired and up to date.

Input names: pulumi-aws 7.51, pulumi-gcp 10.2, pulumi-azure-native 3.29. Left out: whether the subnet of an EKS node
group gives out public addresses, as the node group names it by an id that only AWS knows.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from policy.model.expectations import (
    Expect,
    Expectations,
    given,
    is_true,
    none_of,
    not_false,
    not_true,
    one_of,
    unmet,
    values_at,
)
from policy.model.resource import Resource
from policy.model.rule import Category, Option, RuleFinding, rule
from policy.model.unknown import present
from policy.rules.control_plane import AKS, EKS, GKE
from policy.rules.kubeadm import CLUSTER as KUBEADM

_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_EC2: Final = "aws:ec2/instance:Instance"
_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_POOL: Final = "gcp:container/nodePool:NodePool"
_GCE: Final = "gcp:compute/instance:Instance"
_GCE_TEMPLATE: Final = "gcp:compute/instanceTemplate:InstanceTemplate"
_AGENTS: Final = "azure-native:containerservice:AgentPool"
_VM: Final = "azure-native:compute:VirtualMachine"
_VM_SET: Final = "azure-native:compute:VirtualMachineScaleSet"

_PUBLIC: Final = "nodes have addresses that the internet reaches"
_NONE_IS_FALSE: Final = "Set it to false."
_TRUE: Final = "Set it to true."


def _nothing(value: Any) -> bool:
    return not value


_PRIVATE: Final[Expectations] = {
    _TEMPLATE: (Expect("networkInterfaces[].associatePublicIpAddress", not_true, _PUBLIC, _NONE_IS_FALSE),),
    _EC2: (Expect("associatePublicIpAddress", not_true, _PUBLIC, _NONE_IS_FALSE),),
    GKE: (Expect("privateClusterConfig.enablePrivateNodes", is_true, _PUBLIC, _TRUE),),
    _POOL: (Expect("networkConfig.enablePrivateNodes", not_false, _PUBLIC, _TRUE),),
    _GCE: (Expect("networkInterfaces[].accessConfigs", _nothing, _PUBLIC, "Remove it."),),
    _GCE_TEMPLATE: (Expect("networkInterfaces[].accessConfigs", _nothing, _PUBLIC, "Remove it."),),
    AKS: (Expect("agentPoolProfiles[].enableNodePublicIP", not_true, _PUBLIC, _NONE_IS_FALSE),),
    _AGENTS: (Expect("enableNodePublicIP", not_true, _PUBLIC, _NONE_IS_FALSE),),
}


@rule(
    id="private-nodes",
    category=Category.CLUSTER,
    why="every open port of a node is open to the world",
    kinds=_PRIVATE,
)
def private_nodes(resource: Resource) -> Iterator[RuleFinding]:
    """Nodes have private addresses only."""
    yield from unmet(resource, _PRIVATE)


_TOKENS: Final = "any request from a pod gets the node's credentials from the metadata service"
_REQUIRED: Final = "Set it to required."
_DISK: Final = "disks are not encrypted by the host"
_BOOT: Final = "nodes boot whatever is on their disk"
_HOST: Final = "securityProfile.encryptionAtHost"
_HARDENED: Final[Expectations] = {
    _TEMPLATE: (
        Expect("metadataOptions.httpTokens", one_of("required"), _TOKENS, _REQUIRED),
        Expect("blockDeviceMappings[].ebs.encrypted", is_true, _DISK, _TRUE),
    ),
    _EC2: (
        Expect("metadataOptions.httpTokens", one_of("required"), _TOKENS, _REQUIRED),
        Expect("rootBlockDevice.encrypted", is_true, _DISK, _TRUE),
        Expect("ebsBlockDevices[].encrypted", is_true, _DISK, _TRUE),
    ),
    GKE: (
        Expect("enableShieldedNodes", not_false, _BOOT, _TRUE),
        Expect("nodePools[].nodeConfig.shieldedInstanceConfig.enableSecureBoot", is_true, _BOOT, _TRUE),
    ),
    _POOL: (
        Expect("nodeConfig.shieldedInstanceConfig.enableSecureBoot", is_true, _BOOT, _TRUE),
        Expect("nodeConfig.shieldedInstanceConfig.enableIntegrityMonitoring", not_false, _BOOT, _TRUE),
    ),
    _GCE: (Expect("shieldedInstanceConfig.enableSecureBoot", is_true, _BOOT, _TRUE),),
    _GCE_TEMPLATE: (Expect("shieldedInstanceConfig.enableSecureBoot", is_true, _BOOT, _TRUE),),
    AKS: (Expect("agentPoolProfiles[].enableEncryptionAtHost", is_true, _DISK, _TRUE),),
    _AGENTS: (Expect("enableEncryptionAtHost", is_true, _DISK, _TRUE),),
    _VM: (Expect(_HOST, is_true, _DISK, _TRUE),),
    _VM_SET: (Expect(f"virtualMachineProfile.{_HOST}", is_true, _DISK, _TRUE),),
}


@rule(
    id="node-hardening",
    category=Category.CLUSTER,
    why="one pod that is broken into would take its node, and what the node may do",
    kinds=_HARDENED,
)
def node_hardening(resource: Resource) -> Iterator[RuleFinding]:
    """Nodes start verified, encrypt their disks, and ask for a token before they give out credentials."""
    yield from unmet(resource, _HARDENED)


_BROKEN: Final = "nodes that break stay broken"
_STALE: Final = "known holes stay open until somebody remembers"
_UPGRADED: Final[Expectations] = {
    _GROUP: (Expect("nodeRepairConfig.enabled", is_true, _BROKEN, _TRUE),),
    GKE: (
        Expect("releaseChannel.channel", one_of(None, "RAPID", "REGULAR", "STABLE", "EXTENDED"), _STALE, "Set one."),
    ),
    _POOL: (
        Expect("management.autoRepair", not_false, _BROKEN, _TRUE),
        Expect("management.autoUpgrade", not_false, _STALE, _TRUE),
    ),
    AKS: (
        Expect(
            "autoUpgradeProfile.upgradeChannel",
            lambda it: given(it) and it != "none",
            _STALE,
            "Set it to patch, stable, rapid or node-image.",
        ),
        Expect("autoUpgradeProfile.nodeOSUpgradeChannel", none_of("None", "Unmanaged"), _STALE, "Set NodeImage."),
    ),
}
_VERSIONS: Final = {
    EKS: "version",
    _GROUP: "version",
    GKE: "minMasterVersion",
    _POOL: "version",
    AKS: "kubernetesVersion",
    _AGENTS: "orchestratorVersion",
    KUBEADM: "kubernetesVersion",
}
_OLDEST: Final = "1.34"  # still maintained on the three clouds in November 2026


@rule(
    id="repair-upgrade",
    category=Category.CLUSTER,
    why="a cluster grows old faster than people notice",
    kinds={*_UPGRADED, *_VERSIONS},
    options=(Option("oldest", str, _OLDEST, "The oldest minor version of Kubernetes that is accepted."),),
)
def repair_upgrade(resource: Resource, *, oldest: str) -> Iterator[RuleFinding]:
    """Nodes are repaired and upgraded by themselves, and the version is a maintained one."""
    if field := _VERSIONS.get(resource.kind):
        for path, version in values_at(resource.properties, field):
            if present(version) and minor_of(str(version)) < minor_of(oldest):
                message = f"Kubernetes {version} gets no fixes any more"
                yield RuleFinding(
                    resource, path, message, f"Upgrade to {oldest} or later, one minor version at a time."
                )
    yield from unmet(resource, _UPGRADED)


def minor_of(version: str) -> int:
    """36 of `1.36`, `v1.36.3` and `1.36.3-gke.100`; what is no version (`latest`) is newer than all."""
    match = re.match(r"v?1\.(\d+)", version)
    return int(match[1]) if match else 1000
