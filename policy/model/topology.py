"""The pods and namespaces of a stack, as NetworkPolicies see them (`common.reachability`)."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Final

from common.reachability import IpNetwork, Network, Pod
from components.naming import TENANT_LABEL
from policy.model.kubernetes import POD_SPECS, SYSTEM_NAMESPACES, pod_spec, pod_template
from policy.model.resource import Resource
from policy.model.stack import Stack

# Where a pod's address may be, as most plugins let blocks of addresses match pods too: RFC 1918, RFC 6598, RFC 4193.
POD_ADDRESSES: Final[tuple[IpNetwork, ...]] = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
# Of programs other than ours, whose add-ons' namespaces are known by what they are part of.
_INFRASTRUCTURE: Final = frozenset({"cert-manager", "karpenter", "logging", "monitoring", "tracing", "velero"})
_INFRASTRUCTURE_PREFIXES: Final = ("kube-", "gke-", "istio-", "ingress-")
_INFRASTRUCTURE_SUFFIX: Final = "-system"


def network(stack: Stack, another: str = "default") -> Network:
    """The network of the stack's namespaces and NetworkPolicies, and of one more namespace."""
    found = stack.once(_network, "default")
    return found if another in found.namespaces else stack.once(_network, another)


def pods(stack: Stack, namespace: str) -> list[tuple[Resource, Pod]]:
    """The workloads of a namespace, each with what its pods look like."""
    return stack.once(_pods).get(namespace, [])


def tenants(stack: Stack) -> dict[str, str]:
    """Whose each namespace is: by their label where any namespace has it, else each that is no infrastructure's."""
    return stack.once(_tenants)


def pods_of(workload: Resource) -> Pod:
    """What the pods of a workload look like."""
    _, spec = pod_spec(workload)
    sidecars = (it for it in spec.get("initContainers") or () if it.get("restartPolicy") == "Always")
    ports = [port for it in (*(spec.get("containers") or ()), *sidecars) for port in it.get("ports") or ()]
    return Pod(
        namespace_of(workload),
        (pod_template(workload).get("metadata") or {}).get("labels") or {},
        ports,
        bool(spec.get("hostNetwork")),
        POD_ADDRESSES,
        f"{workload.kind} {workload.object_name}",
    )


def namespace_of(resource: Resource) -> str:
    """The namespace of a namespaced object; `default` where it states none."""
    return resource.namespace or "default"


def _network(stack: Stack, another: str) -> Network:
    names = (*_namespaces_in_use(stack), *SYSTEM_NAMESPACES, another)
    namespaces: dict[str, Mapping[str, str] | None] = dict.fromkeys(names)
    for namespace in stack.of_kind("Namespace"):
        namespaces[namespace.object_name] = namespace.metadata.get("labels")  # looked at only where they matter
    return Network(namespaces, [policy.properties for policy in stack.of_kind("NetworkPolicy")])


def _namespaces_in_use(stack: Stack) -> Iterator[str]:
    for resource in stack.of_kind(*POD_SPECS, "NetworkPolicy"):
        yield namespace_of(resource)


def _pods(stack: Stack) -> dict[str, list[tuple[Resource, Pod]]]:
    found: dict[str, list[tuple[Resource, Pod]]] = {}
    for workload in stack.of_kind(*POD_SPECS):
        found.setdefault(namespace_of(workload), []).append((workload, pods_of(workload)))
    return found


def _tenants(stack: Stack) -> dict[str, str]:
    labels = network(stack).namespaces
    labelled = {
        name: owner for name, of_namespace in labels.items() if (owner := (of_namespace or {}).get(TENANT_LABEL))
    }
    of_add_ons = {it.object_name for it in stack.of_kind("Namespace") if it.is_part_of_add_on}
    return labelled or {name: name for name in labels if name not in of_add_ons and not _is_infrastructure(name)}


def _is_infrastructure(namespace: str) -> bool:
    return (
        namespace in SYSTEM_NAMESPACES | _INFRASTRUCTURE
        or namespace.startswith(_INFRASTRUCTURE_PREFIXES)
        or namespace.endswith(_INFRASTRUCTURE_SUFFIX)
    )
