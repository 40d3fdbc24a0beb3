"""Amazon EKS. `spec` is what a stack file says of it; all else is imported when one is built."""

from components.clusters.eks.spec import EksSpec

__all__ = ["EksSpec"]
