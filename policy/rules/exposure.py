"""What the outside can reach, and what makes NetworkPolicies count at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from common.load_balancers import INTERNAL
from policy.model.resource import Resource
from policy.model.rule import Category, Level, Option, RuleFinding, rule
from policy.model.stack import Stack
from policy.model.topology import namespace_of

_EKS, _GKE, _AKS = (
    "aws:eks/cluster:Cluster",
    "gcp:container/cluster:Cluster",
    "azure-native:containerservice:ManagedCluster",
)
_EKS_ADD_ON: Final = "aws:eks/addon:Addon"
_ENFORCING_AGENTS: Final = frozenset({"antrea-agent", "calico-node", "canal", "cilium", "kube-router", "weave-net"})
_ENFORCING_CHARTS: Final = frozenset({"antrea", "calico", "cilium", "tigera-operator"})
_CHARTS: Final = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart")
_GATEWAYS: Final = frozenset({"Gateway"})


def _eks(cluster: Resource, stack: Stack) -> tuple[str, str, bool]:
    del cluster
    on = any(
        add_on.properties.get("addonName") == "vpc-cni" and _enables_policies(add_on.properties)
        for add_on in stack.of_kind(_EKS_ADD_ON)
    )
    return "", 'Add the EKS add-on vpc-cni with configurationValues {"enableNetworkPolicy": "true"}.', on


def _enables_policies(add_on: Mapping[str, Any]) -> bool:
    configured = json.loads(add_on.get("configurationValues") or "{}")
    return str(configured.get("enableNetworkPolicy")).lower() == "true"


def _gke(cluster: Resource, stack: Stack) -> tuple[str, str, bool]:
    del stack
    given = cluster.properties
    on = bool(
        given.get("enableAutopilot")
        or given.get("datapathProvider") == "ADVANCED_DATAPATH"
        or (given.get("networkPolicy") or {}).get("enabled")
    )
    return "datapathProvider", "Set datapathProvider to ADVANCED_DATAPATH.", on


def _aks(cluster: Resource, stack: Stack) -> tuple[str, str, bool]:
    del stack
    profile = cluster.properties.get("networkProfile") or {}
    on = profile.get("networkPolicy") in ("azure", "calico", "cilium")
    return "networkProfile.networkPolicy", "Set it to cilium, calico or azure.", on


# What other kinds of cluster run is not in the stack that uses them: `existing`, and `local`, where no container runs.
_HOW: Final = {_EKS: _eks, _GKE: _gke, _AKS: _aks}


@rule(
    id="cni-enforces",
    category=Category.NETWORK,
    why="without one, policies are accepted and ignored",
    kinds=_HOW,
)
def cni_enforces(cluster: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Every cluster of the stack has a network plugin that enforces NetworkPolicies."""
    path, remedy, enforced = _HOW[cluster.kind](cluster, stack)
    if not enforced and not _has_agent(stack):
        yield RuleFinding(cluster, path, "nothing in it enforces NetworkPolicies", remedy)


def _has_agent(stack: Stack) -> bool:
    charts = (str(chart.properties.get("chart")).rpartition("/")[2] for chart in stack.of_kind(*_CHARTS))
    return any(agent.object_name in _ENFORCING_AGENTS for agent in stack.of_kind("DaemonSet")) or any(
        chart in _ENFORCING_CHARTS for chart in charts
    )


@rule(
    id="no-public-svc",
    category=Category.NETWORK,
    why="each is a door past the ingress with its TLS, its limits and its logs",
    kinds={"Service"},
    options=(
        Option(
            "namespaces",
            tuple[str, ...],
            ("ingress", "ingress-nginx", "istio-ingress", "traefik"),
            "Namespaces of the ingress.",
        ),
    ),
)
def no_public_svc(service: Resource, *, namespaces: Sequence[str]) -> Iterator[RuleFinding]:
    """Only the ingress is reached from outside: no public LoadBalancer, NodePort or externalIPs elsewhere."""
    if namespace_of(service) in namespaces:
        return
    remedy = "Make it a ClusterIP Service and route to it from the ingress, or make its load balancer internal."
    kind = service.spec.get("type")
    if kind == "NodePort" or (kind == "LoadBalancer" and not _is_internal(service)):
        yield RuleFinding(service, "spec.type", f"it is a {kind} outside of the ingress namespaces", remedy)
    if service.spec.get("externalIPs"):
        yield RuleFinding(
            service, "spec.externalIPs", "it takes the traffic to addresses that are not the cluster's", remedy
        )


def _is_internal(service: Resource) -> bool:
    annotations = service.metadata.get("annotations") or {}
    return any(annotations.get(key) == value for key, value in INTERNAL.items())


def _ingress_tls(ingress: Resource) -> Iterator[RuleFinding]:
    entries = ingress.spec.get("tls") or ()
    covered = {host for entry in entries for host in entry.get("hosts") or ()}
    every = any(entry.get("secretName") and not entry.get("hosts") for entry in entries)  # hosts that none covers
    rules: Sequence[Mapping[str, Any]] = ingress.spec.get("rules") or ({},)
    hosts = [rule.get("host") or "" for rule in rules]
    for index, host in enumerate(hosts):
        yield from _host(ingress, f"spec.rules[{index}].host", host)
        if host and not every and host not in covered and f"*.{host.partition('.')[2]}" not in covered:
            remedy = "Add it to the hosts of an entry of spec.tls with a certificate's Secret."
            yield RuleFinding(ingress, "spec.tls", f"{host} is served without TLS", remedy)
    if not ingress.spec.get("tls") and not any(hosts):
        yield RuleFinding(ingress, "spec.tls", "it is served without TLS", "Add spec.tls with a certificate's Secret.")


def _host(resource: Resource, path: str, host: str) -> Iterator[RuleFinding]:
    if not host or host.startswith("*"):
        found = f"the host {host} is a wildcard" if host else "it answers for every host"
        yield RuleFinding(resource, path, found, "Name the host.")


def _gateway_tls(gateway: Resource) -> Iterator[RuleFinding]:
    for index, listener in enumerate(gateway.spec.get("listeners") or ()):
        path = f"spec.listeners[{index}]"
        if listener.get("protocol") in ("HTTP", "TCP", "UDP"):
            remedy = "Make it HTTPS or TLS, with a certificate."
            yield RuleFinding(
                gateway, f"{path}.protocol", f"it is served by {listener['protocol']} without TLS", remedy
            )
        yield from _host(gateway, f"{path}.hostname", listener.get("hostname") or "")


@rule(
    id="ingress-tls",
    category=Category.NETWORK,
    level=Level.ADVISORY,
    why="what is sent without TLS can be read and changed on its way, and a wildcard takes others' names",
    kinds={"Ingress", *_GATEWAYS},
)
def tls(resource: Resource) -> Iterator[RuleFinding]:
    """Every Ingress and Gateway has TLS, for hosts that it names."""
    return _gateway_tls(resource) if resource.kind in _GATEWAYS else _ingress_tls(resource)
