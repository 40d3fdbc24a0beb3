"""What ambient mode has instead of sidecars: a proxy on every node (ztunnel), and waypoints of tenants that want one.

The proxy speaks in the pods' own network namespaces, so that NetworkPolicies see pods talk to pods, at the port of its
tunnel (istio.io/latest/docs/ambient/usage/networkpolicy, 1.31). That port therefore goes with every port of a rule: who
talks to whom stays as the rules say, and at which port is for AuthorizationPolicies to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.addons.monitoring import Monitoring
from components.addons.tracing import Tracing
from components.platform.flows import Addresses, Flow, Pods

AGENTS: Final = "istio-cni"
"""Namespace of what runs on every node."""
TUNNEL: Final = 15008
_ISTIOD: Final = Pods("istio-system", {"app": "istiod"})
_PROXIES: Final = Pods(AGENTS, {"app": "ztunnel"})
_GATEWAY: Final = Pods("istio-ingress", {"istio": "ingress"})
_WAYPOINT: Final = "waypoint"
_PROBES: Final = Addresses("169.254.7.127/32", ())
"""The address that the network plugin gives to kubelets, which no rule names; only a node can have it."""


def flows(tenants: Sequence[str], waypoints: Sequence[str]) -> Iterator[Flow]:
    """The connections of ambient mode, besides those that there are with sidecars."""
    yield Flow("istio.ztunnel", _PROXIES, _ISTIOD, (15012,))
    yield Flow("istio.ztunnel-metrics", Monitoring.PROMETHEUS, _PROXIES, (15020,))
    for tenant in tenants:
        pods = Pods(tenant)
        yield Flow(f"istio.{tenant}.probes", _PROBES, pods, ())
        yield Flow(f"istio.{tenant}.gateway", _GATEWAY, pods, (TUNNEL,))
    for tenant in waypoints:
        pods, waypoint = Pods(tenant), Pods(tenant, {"gateway.networking.k8s.io/gateway-name": _WAYPOINT})
        yield Flow(f"istio.{tenant}.to-waypoint", pods, waypoint, (TUNNEL,))
        yield Flow(f"istio.{tenant}.from-waypoint", waypoint, pods, (TUNNEL,))
        yield Flow(f"istio.{tenant}.gateway-to-waypoint", _GATEWAY, waypoint, (TUNNEL,))
        yield Flow(f"istio.{tenant}.spans", waypoint, Tracing.COLLECTOR, (Tracing.OTLP_GRPC,))


def labels(*, waypoint: bool) -> Mapping[str, str]:
    """What puts the pods of a namespace into the mesh, and behind their waypoint."""
    return {"istio.io/dataplane-mode": "ambient", **({"istio.io/use-waypoint": _WAYPOINT} if waypoint else {})}


def waypoint() -> dict[str, Any]:
    """The Gateway of which istiod makes a proxy for all Services of its namespace."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": _WAYPOINT, "labels": {"istio.io/waypoint-for": "service"}},
        "spec": {
            "gatewayClassName": "istio-waypoint",
            "listeners": [{"name": "mesh", "port": TUNNEL, "protocol": "HBONE"}],
        },
    }
