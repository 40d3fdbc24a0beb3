"""Labels that a node pool cannot give its nodes, whatever the cloud: those of Kubernetes, of the cloud, and ours.

A kubelet does not start with labels below kubernetes.io and k8s.io but for a few, so that the pool's nodes never join
(k8s.io/kubelet/pkg/apis/well_known_labels.go, 1.36; terraform-aws-modules/terraform-aws-eks #3346).
"""

from collections.abc import Iterator, Mapping
from typing import Final

from components.naming import NODE_POOL_LABEL, SANDBOX_LABEL
from spec.problems import Code, Finding, quoted

_OF_KUBERNETES: Final = ("kubernetes.io", "k8s.io")
_LET_BE: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")  # domains that a kubelet may set anything in
_WELL_KNOWN: Final = frozenset(  # what it may set, and the cloud does
    {
        "kubernetes.io/hostname",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "node.kubernetes.io/instance-type",
        "node.kubernetes.io/windows-build",
    }
)


def label_findings(labels: Mapping[str, str], domains_of_cloud: tuple[str, ...]) -> Iterator[Finding]:
    """A finding for each label of a pool that is somebody else's, relative to the pool."""
    for key in labels:
        if why := _whose(key, domains_of_cloud):
            remedy = f"Write example.com/{key.rpartition('/')[2]}, say: a domain of your own, or none."
            allowed = "a label that is nobody else's"
            yield Finding(Code.RESERVED_NAME, f"{quoted(key)}, which {why}", allowed, remedy, at=("labels", key))


def _whose(key: str, domains_of_cloud: tuple[str, ...]) -> str:
    domain = key.rpartition("/")[0]
    if key == NODE_POOL_LABEL:
        return "says the pool"
    if key == SANDBOX_LABEL:
        return "says the pool's sandbox"
    if _is_below(domain, domains_of_cloud):
        return "is the cloud's"
    if key in _WELL_KNOWN:
        return "the cloud sets"
    if _is_below(domain, _OF_KUBERNETES) and not _is_below(domain, _LET_BE):
        return "is Kubernetes' own: no node would join with it"
    return ""


def _is_below(domain: str, others: tuple[str, ...]) -> bool:
    return any(domain == other or domain.endswith(f".{other}") for other in others)
