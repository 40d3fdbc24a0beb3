"""kubeadm on hosts given by address. `spec` is what a stack file says of it; all else is imported when one is built."""

from components.clusters.kubeadm.hosts.spec import KubeadmHostsSpec

__all__ = ["KubeadmHostsSpec"]
