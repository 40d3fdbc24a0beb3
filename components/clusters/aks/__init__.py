"""Azure Kubernetes Service. `spec` is what a stack file says of it; all else is imported when one is built."""

from components.clusters.aks.spec import AksSpec

__all__ = ["AksSpec"]
