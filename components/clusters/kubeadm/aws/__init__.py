"""kubeadm on machines of AWS. `spec` is what a stack file says of it; all else is imported when one is built."""

from components.clusters.kubeadm.aws.spec import KubeadmAwsSpec

__all__ = ["KubeadmAwsSpec"]
