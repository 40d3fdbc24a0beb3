"""Who can reach whom under Kubernetes' NetworkPolicies (networking.k8s.io/v1, Kubernetes 1.36).

Pure: it works on plain dictionaries as they stand in manifests, and on nothing else. `Network` is the entrance.
"""

from common.reachability.addresses import IpNetwork, includes
from common.reachability.network import Address, Endpoint, Network, Openness, Pod
from common.reachability.ports import ALL_PORTS, NO_PORTS, Ports
from common.reachability.selectors import selects

__all__ = [
    "ALL_PORTS",
    "NO_PORTS",
    "Address",
    "Endpoint",
    "IpNetwork",
    "Network",
    "Openness",
    "Pod",
    "Ports",
    "includes",
    "selects",
]
