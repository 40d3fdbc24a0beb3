"""What Google takes and what it refuses of a stack file's values; cloud.google.com, November 2026."""

from collections.abc import Iterator, Mapping
from datetime import date
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from components import naming
from components.clusters.gke.availability import LEAST, SPAN, scarcest
from components.clusters.maintenance import Maintenance
from components.clusters.managed import ApiEndpoint
from spec.invalid import is_invalid, valid
from spec.problems import Code, Finding, KeyPath, quoted
from spec.values import Bytes

# vpc/docs/subnets: prohibited ranges
_PROHIBITED: Final = tuple(
    IPv4Network(each)
    for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "199.36.153.4/30", "199.36.153.8/30", "224.0.0.0/3")
)
# kubernetes-engine/docs/concepts/alias-ips: range sizes; load-balancing/docs/proxy-only-subnets
_PREFIXES: Final[Mapping[str, tuple[int, int]]] = {
    "nodes": (4, 29),
    "pods": (9, 24),
    "services": (16, 28),
    "proxies": (4, 26),
}
_AUTHORISED: Final = 100  # kubernetes-engine/quotas: authorised networks of a cluster
# compute/docs/labeling-resources: 64 of each resource; two are ours, one Pulumi's, and GKE adds its own
_LABELS: Final = 64 - 9
_OWN_LABELS: Final = (naming.CLUSTER_TAG, naming.MANAGED_BY_TAG)
# kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions: of the scope «no upgrades»
_FREEZE_DAYS: Final = 30
_FREEZES: Final = 3
SMALLEST_DISKS: Final[Mapping[str, int]] = {"cos": 10, "ubuntu": 10, "windows-2022": 50}
"""GiB by image (kubernetes-engine/docs/reference/rest, NodeConfig.diskSizeGb; Google's images of Windows Server)."""
LARGEST_DISK: Final = 65536
"""GiB of a persistent disk and of a Hyperdisk (compute/docs/disks)."""
LABEL_DOMAINS: Final = ("cloud.google.com", "gke.io")
"""Domains whose labels are GKE's."""
_SECURITY_GROUP: Final = "gke-security-groups"
_GIB: Final = 2**30 * 10**9


def range_findings(ranges: Mapping[KeyPath, IPv4Network]) -> Iterator[Finding]:
    """Findings for ranges of the VPC, by their place, that are no subnet's or have the wrong size for their purpose."""
    for at, network in ranges.items():
        largest, smallest = _PREFIXES[str(at[-1])]
        if is_invalid(network):
            continue
        if not largest <= network.prefixlen <= smallest:
            remedy = f"Write a range of /{largest} to /{smallest}."
            yield Finding(Code.BAD_CIDR, str(network), f"/{largest} to /{smallest}", remedy, at=at)
        for taken in _PROHIBITED:
            if network.overlaps(taken):
                allowed = f"a range apart from {taken}, which no subnet may have"
                yield Finding(Code.OVERLAP, str(network), allowed, "Choose another range: 10.0.0.0/16, say.", at=at)


def endpoint_findings(endpoint: ApiEndpoint) -> Iterator[Finding]:
    """Findings for networks that cannot be let in to the API server, relative to the cluster."""
    for index, each in valid(endpoint.public_from):
        if isinstance(each, IPv6Network):
            allowed, remedy = "IPv4, which is all that the endpoint has", "Write the IPv4 addresses it is seen with."
            yield Finding(Code.BAD_CIDR, str(each), allowed, remedy, at=("apiEndpoint", "publicFrom", index))
    many = len(list(endpoint.public_from)) + len(list(endpoint.private_from))
    if many > _AUTHORISED:
        remedy = "Join ranges that lie side by side."
        yield Finding(Code.OUT_OF_RANGE, f"{many} ranges", f"at most {_AUTHORISED}", remedy, at=("apiEndpoint",))


def label_findings(tags: Mapping[str, str]) -> Iterator[Finding]:
    """Findings for labels of Google's resources that are Google's own or ours, relative to the cluster."""
    for key in tags:
        if key.startswith("goog") or key in _OWN_LABELS:
            allowed = f"none that begins with goog, nor {' or '.join(_OWN_LABELS)}"
            remedy = "Remove it, or choose another key."
            yield Finding(Code.RESERVED_NAME, quoted(key), allowed, remedy, at=("tags", key))
    if (many := len(list(tags))) > _LABELS:
        allowed = f"at most {_LABELS}: a resource has 64, and the others are GKE's and ours"
        yield Finding(Code.OUT_OF_RANGE, f"{many} labels", allowed, "Leave some out.", at=("tags",))


def freeze_findings(maintenance: Maintenance) -> Iterator[Finding]:
    """Findings for freezes that are longer or more than GKE takes, relative to the cluster."""
    freezes = list(valid(maintenance.freezes))
    lengths = [_days(freeze.first, freeze.last) for _, freeze in freezes]
    for (index, _), days in zip(freezes, lengths, strict=True):
        if days > _FREEZE_DAYS:
            at = ("maintenance", "freezes", index, "last")
            allowed = f"at most {_FREEZE_DAYS} days without any upgrade"
            yield Finding(Code.OUT_OF_RANGE, f"{days} days", allowed, "Make it shorter.", at=at)
    if len(freezes) > _FREEZES:
        allowed, remedy = f"at most {_FREEZES} at a time", "Leave out those that are over."
        yield Finding(Code.OUT_OF_RANGE, f"{len(freezes)} freezes", allowed, remedy, at=("maintenance", "freezes"))
    elif freezes and maintenance.is_whole and all(0 < days <= _FREEZE_DAYS for days in lengths):
        yield from _availability_findings(maintenance)


def _availability_findings(maintenance: Maintenance) -> Iterator[Finding]:
    """A finding when freezes leave GKE less time than it wants, relative to the cluster."""
    left, start = scarcest(maintenance)
    if left < LEAST:
        hours, wanted = (round(each.total_seconds() / 3600) for each in (left, LEAST))
        found = f"{hours} hours of windows from {start:%Y-%m-%d} to {start + SPAN:%Y-%m-%d}"
        allowed = f"{wanted} hours or more outside of freezes in any {SPAN.days} days"
        remedy = "Make freezes shorter, or the windows longer: of those of 24 hours, freezes may hide two in a row."
        yield Finding(Code.OUT_OF_RANGE, found, allowed, remedy, at=("maintenance", "freezes"))


def security_group_findings(group: str | None) -> Iterator[Finding]:
    """A finding when the group of groups is not called as GKE wants it, relative to the cluster."""
    if isinstance(group, str) and group.partition("@")[0] != _SECURITY_GROUP:
        domain = group.partition("@")[2]
        allowed = f"{_SECURITY_GROUP}@{domain}, the only name that GKE takes"
        remedy = "Make that group, and put the tenants' groups into it."
        yield Finding(Code.BAD_NAME, group, allowed, remedy, at=("securityGroup",))


def memory_findings(memory: Bytes) -> Iterator[Finding]:
    """A finding when auto-provisioning may have less than the smallest amount that it counts, relative to it."""
    if not is_invalid(memory) and memory.nanos < _GIB:
        yield Finding(Code.OUT_OF_RANGE, str(memory), "1Gi or more", "Raise it.", at=("maxMemory",))


def surge_findings(surge: int, unavailable: int) -> Iterator[Finding]:
    """A finding when no node could be upgraded, or too many at a time, relative to the upgrade."""
    if not is_invalid(surge) and not is_invalid(unavailable) and not 1 <= surge + unavailable <= 20:  # noqa: PLR2004
        found = f"{surge} + {unavailable} = {surge + unavailable}"
        allowed = "1 to 20 nodes at a time, maxSurge and maxUnavailable together"
        remedy = "Raise maxSurge." if surge + unavailable == 0 else "Lower one of them."
        yield Finding(Code.OUT_OF_RANGE, found, allowed, remedy, at=("maxSurge",))


def disk_findings(image: str, gib: int) -> Iterator[Finding]:
    """A finding when a node's disk is smaller than its image or larger than any, relative to the pool."""
    if not SMALLEST_DISKS[image] <= gib <= LARGEST_DISK:
        allowed = f"{SMALLEST_DISKS[image]}Gi, which the image takes, to {LARGEST_DISK}Gi"
        yield Finding(Code.OUT_OF_RANGE, f"{gib}Gi", allowed, "Remove it for the default.", at=("diskSize",))


def _days(first: str, last: str) -> int:
    try:
        return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    except (TypeError, ValueError):  # which is a finding of its own
        return 0
