"""What is the platform's own in every cluster: taints that keep nodes for it, and the priorities of its pods."""

from typing import Final

PRIORITY_CLASSES: Final = ("system-cluster-critical", "system-node-critical")
"""Kubernetes' own (pkg/apis/scheduling, v1.36): their pods evict all others. Add-ons of ours have none besides."""

NODE_CONDITIONS: Final = tuple(
    f"node.kubernetes.io/{condition}"
    for condition in (
        "disk-pressure",
        "memory-pressure",
        "network-unavailable",
        "not-ready",
        "pid-pressure",
        "unreachable",
        "unschedulable",
    )
)
"""Taints by which nodes say how they are: the API server (DefaultTolerationSeconds) and the DaemonSet controller have
pods of everybody tolerate them (plugin/pkg/admission/defaulttolerationseconds, pkg/controller/daemon/util, v1.36)."""

TAINTS: Final = (
    "CriticalAddonsOnly",  # pools for the system: of this program, kubeadm, AKS and Karpenter
    "components.gke.io/gke-managed-components",  # the same on GKE
    "node.cilium.io/agent-not-ready",  # nothing enforces network policies yet (docs.cilium.io, installation/taints)
)
"""Taints of nodes that are kept for the platform. Besides, all in Kubernetes' own domain are, but for `TOLERABLE`."""

TOLERABLE: Final = (
    *NODE_CONDITIONS,
    "kubernetes.io/arch",  # of GKE's nodes with Arm (cloud.google.com/kubernetes-engine, prepare-arm-workloads)
    "node.kubernetes.io/os",  # of nodes with Windows
)
"""Taints in Kubernetes' own domain that anybody may tolerate."""
