"""What ambient mode has instead of sidecars: a proxy on every node (ztunnel), and waypoints of tenants that want one.

The proxy speaks in the pods' own network namespaces, so that NetworkPolicies see pods talk to pods, at the port of its
tunnel (istio.io/latest/docs/ambient/usage/networkpolicy, 1.31). That port therefore goes with every port of a rule: who
talks to whom stays as the rules say, and at which port is for AuthorizationPolicies to say.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from components.addons.ingress.spec import GATEWAY_PODS
from components.addons.istio.spec import AGENTS, ISTIOD
from components.addons.monitoring.spec import PROMETHEUS
from components.addons.tracing.spec import COLLECTOR, OTLP_GRPC
from components.platform.flows import Addresses, Flow, Pods
from components.platform.tenants import TenantAdditions

TUNNEL: Final = 15008
_PROXIES: Final = Pods(AGENTS, {"app": "ztunnel"})
_WAYPOINT: Final = "waypoint"
_PROBES: Final = Addresses("169.254.7.127/32", ())
"""The address that the network plugin gives to kubelets, which no rule names; only a node can have it."""


def flows(tenants: Sequence[str], waypoints: Sequence[str]) -> Iterator[Flow]:
    """The connections of ambient mode, besides those that there are with sidecars."""
    yield Flow("istio.ztunnel", _PROXIES, ISTIOD, (15012,))
    yield Flow("istio.ztunnel-metrics", PROMETHEUS, _PROXIES, (15020,))
    for tenant in tenants:
        pods = Pods(tenant)
        yield Flow(f"istio.{tenant}.probes", _PROBES, pods, ())
        yield Flow(f"istio.{tenant}.gateway", GATEWAY_PODS, pods, (TUNNEL,))
    for tenant in waypoints:
        pods, waypoint = Pods(tenant), Pods(tenant, {"gateway.networking.k8s.io/gateway-name": _WAYPOINT})
        yield Flow(f"istio.{tenant}.to-waypoint", pods, waypoint, (TUNNEL,))
        yield Flow(f"istio.{tenant}.from-waypoint", waypoint, pods, (TUNNEL,))
        yield Flow(f"istio.{tenant}.gateway-to-waypoint", GATEWAY_PODS, waypoint, (TUNNEL,))
        yield Flow(f"istio.{tenant}.spans", waypoint, COLLECTOR, (OTLP_GRPC,))


def tenant_additions(*, waypoint: bool) -> TenantAdditions:
    """What puts the pods of a tenant's namespace into the mesh, and behind their waypoint."""
    labels = {"istio.io/dataplane-mode": "ambient"}
    if not waypoint:
        return TenantAdditions(labels, tunnel_ports=[TUNNEL])
    return TenantAdditions(labels | {"istio.io/use-waypoint": _WAYPOINT}, [_waypoint()], [TUNNEL])


def _waypoint() -> dict[str, Any]:
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
