"""What clouds take of a Service about its load balancer: for the policy pack, and for what the API server says."""

from collections.abc import Mapping
from typing import Final

INTERNAL: Final[Mapping[str, str]] = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    "service.beta.kubernetes.io/azure-load-balancer-internal": "true",
    "networking.gke.io/load-balancer-type": "Internal",
    "cloud.google.com/load-balancer-type": "Internal",
}
"""Annotations with one of which a load balancer is reached from within the network only (AWS, Azure, GCP)."""
