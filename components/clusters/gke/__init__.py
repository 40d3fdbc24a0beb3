"""Google Kubernetes Engine. `spec` is what a stack file says of it; all else is imported when one is built."""

from components.clusters.gke.spec import GkeSpec

__all__ = ["GkeSpec"]
