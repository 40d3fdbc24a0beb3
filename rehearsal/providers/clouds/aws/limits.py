"""Values that AWS refuses, and nodes that never join: what the schema of the SDK does not say."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, Final

from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.store import Resource, Store

_LAUNCH_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_TAG: Final = re.compile(r"[\w\s.:/=+@-]*")  # IAM/latest/APIReference/API_Tag.html, November 2026
_PRIVATE: Final = [ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_RESERVED: Final = re.compile(r"(.*\.)?(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)/.*")
# k8s.io/kubelet/pkg/apis/well_known_labels.go, 1.36
_KUBELETS: Final = re.compile(r"(.*\.)?(kubelet|node)\.kubernetes\.io/.*")
_SMALLEST: Final = {
    "AL2023": 20,
    "BOTTLEROCKET": 20,
    "WINDOWS": 50,
}  # GiB of the image's snapshot, cilium/cilium #43051
_DATA: Final = {"BOTTLEROCKET": "/dev/xvdb"}
_LABEL: Final = 63


def check_tags(tags: Mapping[str, str]) -> None:
    """Refused for tags that IAM, KMS or any other service does not take."""
    if len(tags) > 50:  # noqa: PLR2004 - of every resource
        raise Refused("said", reason="TooManyTagsException: The number of tags exceeds 50")
    for key, value in tags.items():
        if not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            reason = f"ValidationError: tag {key}: member must satisfy regular expression pattern"
            raise Refused("said", reason=f"{reason} [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*")
        if len(key) > 128 or len(value) > 256 or key.lower().startswith("aws:"):  # noqa: PLR2004
            raise Refused("said", reason=f"ValidationError: tag {key[:40]}: key or value is too long or reserved")


def check_cluster(inputs: Mapping[str, Any]) -> None:
    """Refused for ranges that EKS does not take (CreateCluster, API reference, November 2026)."""
    if services := inputs.get("kubernetesNetworkConfig", {}).get("serviceIpv4Cidr"):
        network = ip_network(services)
        if not 12 <= network.prefixlen <= 24 or not any(network.subnet_of(each) for each in _PRIVATE):  # type: ignore[arg-type]  # noqa: PLR2004
            blocks = "10.0.0.0/8, 172.16.0.0/12, or 192.168.0.0/16"
            raise Refused("refused", reason=f"The specified Kubernetes network CIDR must be within {blocks}")
    access = inputs["vpcConfig"]
    if not access.get("endpointPublicAccess", True) and not access.get("endpointPrivateAccess"):
        raise Refused("refused", reason="Private and public endpoint access cannot be false")
    for each in access.get("publicAccessCidrs") or ():
        network = ip_network(each)
        if network.version != 4 or any(network.subnet_of(block) for block in _PRIVATE):  # type: ignore[arg-type]  # noqa: PLR2004
            raise Refused("refused", reason=f"The following CIDRs are not allowed in publicAccessCidrs: [{each}]")


def check_node_group(group: Resource, store: Store) -> None:
    """Refused for labels and taints that EKS or kubelets do not take, and disks that images do not fit on."""
    for key, value in (group.inputs.get("labels") or {}).items():
        if not 0 < len(value) <= _LABEL or len(key) > _LABEL:
            raise Refused("refused", reason=f"Label {key} must have a key and a value of 1 to {_LABEL} characters")
        if _RESERVED.fullmatch(key) and not _KUBELETS.fullmatch(key):
            prefixes = "[kubernetes.io/, k8s.io/, eks.amazonaws.com/]"
            raise Refused("refused", reason=f"Label cannot contain reserved prefixes {prefixes}: {key}")
    for taint in group.inputs.get("taints") or ():
        if len(taint["key"]) > _LABEL:
            raise Refused("refused", reason=f"Taint {taint['key']} must have a key of 1 to {_LABEL} characters")
    _check_disk(group, store)


def _check_disk(group: Resource, store: Store) -> None:
    system = str(group.inputs.get("amiType", "")).partition("_")[0]
    template = store.get(_LAUNCH_TEMPLATE, str((group.inputs.get("launchTemplate") or {}).get("id")))
    for disk in template.inputs.get("blockDeviceMappings") or () if template else ():
        size, least = disk.get("ebs", {}).get("volumeSize"), _SMALLEST.get(system, 0)
        if size and disk["deviceName"] == _DATA.get(system, disk["deviceName"]) and size < least:
            reason = (
                f"AsgInstanceLaunchFailures: Volume of size {size}GB is smaller than snapshot, expect size >= {least}GB"
            )
            raise Refused("said", reason=reason)
