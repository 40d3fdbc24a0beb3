"""What AKS and Azure refuse of a cluster, so that a stack file is refused first; learn.microsoft.com, November 2026."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Final

from components.clusters.node_pools import TaintSpec
from components.clusters.pools import CloudPoolSpec
from spec.invalid import is_invalid, valid
from spec.problems import Code, Finding, KeyPath, quoted
from spec.values import Cidr

_AUTHORIZED: Final = 200  # ranges; aks/api-server-authorized-ip-ranges
_DISK: Final = (30, 2048)  # GiB; aks/node-storage, and maximum of osDiskSizeGB in the REST API
_FEWEST_PODS: Final = 30  # that a pool must have room for; aks/azure-cni-overlay, aks/use-system-pools
_NODES: Final = {"Free": 1000, "Standard": 5000, "Premium": 5000}  # by tier; aks/free-standard-pricing-tiers
_TAGS: Final = 48  # of 50, of which polykube takes two; azure-resource-manager/management/tag-resources
_TAG_NAME, _TAG_VALUE = 128, 256  # characters; 128 rather than 512 because storage accounts take no more
_TAG_FORBIDS: Final = "<>%&\\?/"
_TAG_PREFIXES: Final = ("microsoft", "azure", "windows")
_RESERVED_LABELS: Final = frozenset({"accelerator", "agentpool", "storageprofile", "storagetier"})  # aks/use-labels
_OF_KUBELET: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")  # Azure/AKS#2866
_AZURE_DOMAIN: Final = "kubernetes.azure.com"


def authorized_findings(ranges: Sequence[Cidr]) -> Iterator[Finding]:
    """A finding for addresses that cannot be let in to a public API server."""
    at: KeyPath = ("apiEndpoint", "publicFrom")
    given = list(valid(ranges))
    for index, each in given:
        if ip_network(each).version != 4:  # noqa: PLR2004 - the version of IP
            yield Finding(Code.BAD_CIDR, str(each), "ranges of IPv4", "Name the IPv4 addresses.", at=(*at, index))
    if len(given) > _AUTHORIZED:
        remedy = "Join them to larger ranges."
        yield Finding(Code.OUT_OF_RANGE, f"{len(given)} ranges", f"{_AUTHORIZED} at most", remedy, at=at)


def size_findings(pools: Sequence[CloudPoolSpec], tier: str) -> Iterator[Finding]:
    """A finding when all pools at their largest have more nodes than the tier allows."""
    nodes = sum(pool.nodes.max for pool in pools)
    if tier in _NODES and nodes > _NODES[tier]:
        remedy = "Lower what pools may grow to, or take tier Standard."
        allowed = f"{_NODES[tier]} at most in tier {tier}"
        yield Finding(Code.OUT_OF_RANGE, f"{nodes} nodes", allowed, remedy, at=("nodePools",))


def tag_findings(tags: Mapping[str, str]) -> Iterator[Finding]:
    """A finding for each tag that Azure refuses."""
    if is_invalid(tags):
        return
    if len(tags) > _TAGS:
        allowed = f"{_TAGS} at most: Azure has 50, of which polykube takes two"
        yield Finding(Code.OUT_OF_RANGE, f"{len(tags)} tags", allowed, "Remove some.", at=("tags",))
    seen: set[str] = set()
    for name, value in tags.items():
        wrong = _wrong_with(name, seen)
        if wrong:
            yield Finding(Code.BAD_NAME, quoted(name), wrong, "Write cost-center, say.", at=("tags", name))
        if not is_invalid(value) and len(value) > _TAG_VALUE:
            found = f"{len(value)} characters"
            yield Finding(Code.OUT_OF_RANGE, found, f"{_TAG_VALUE} at most", "Shorten it.", at=("tags", name))
        seen.add(name.lower())


def _wrong_with(name: str, others: set[str]) -> str:
    if any(character in name for character in _TAG_FORBIDS) or not 0 < len(name) <= _TAG_NAME:
        return f"1 to {_TAG_NAME} characters, without any of {_TAG_FORBIDS}"
    if name.lower().startswith(_TAG_PREFIXES):
        return f"a name that does not begin with {', '.join(_TAG_PREFIXES)}"
    return "names that differ in more than capitals" if name.lower() in others else ""


def pool_findings(pool: CloudPoolSpec, max_pods: int) -> Iterator[Finding]:
    """What Azure refuses of a pool by itself, whose nodes have room for `max_pods`."""
    for key in pool.labels:
        if reason := _reserved(key):
            yield Finding(Code.NOT_ALLOWED, quoted(key), reason, "Write example.com/workload, say.", at=("labels", key))
    smallest, largest = _DISK
    if not is_invalid(pool.disk_size) and not smallest <= pool.disk_gib <= largest:
        allowed = f"{smallest}Gi to {largest}Gi"
        yield Finding(Code.OUT_OF_RANGE, f"{pool.disk_gib}Gi", allowed, "Write 50Gi, say.", at=("diskSize",))
    fewest = pool.nodes.min
    if pool.is_whole and pool.nodes.is_whole and 0 < fewest * max_pods < _FEWEST_PODS:
        found = f"{fewest} × {max_pods} = {fewest * max_pods} pods"
        allowed = f"room for {_FEWEST_PODS} in a pool, which the system's own pods need"
        yield Finding(Code.TOO_SMALL, found, allowed, "Raise maxPods, or nodes.min.", at=("maxPods",))


def taint_findings(pool: CloudPoolSpec, allowed_taint: TaintSpec) -> Iterator[Finding]:
    """A finding for each taint under a domain of Azure's own, but for `allowed_taint` on spot nodes."""
    for index, taint in valid(pool.taints):
        of_azure = isinstance(taint.key, str) and taint.key.partition("/")[0] == _AZURE_DOMAIN
        if of_azure and not (pool.spot and taint == allowed_taint):
            allowed = f"keys outside of {_AZURE_DOMAIN}, which is Azure's own"
            remedy = "Remove it: spot nodes get theirs by themselves."
            yield Finding(Code.NOT_ALLOWED, quoted(taint.key), allowed, remedy, at=("taints", index, "key"))


def _reserved(key: str) -> str:
    domain, slash, _ = key.partition("/")
    if key in _RESERVED_LABELS or (slash and (domain == _AZURE_DOMAIN or domain.endswith(f".{_AZURE_DOMAIN}"))):
        return f"labels that are not Azure's own: {', '.join(sorted(_RESERVED_LABELS))}, all of {_AZURE_DOMAIN}"
    theirs = slash and domain.endswith(("kubernetes.io", "k8s.io"))
    if theirs and not domain.endswith(_OF_KUBELET):
        return f"keys outside of kubernetes.io and k8s.io, but for {' and '.join(_OF_KUBELET)}"
    return ""
