"""Network policies: closed unless opened, and opened only as far as it works and is allowed."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final

from common.reachability import Address, IpNetwork, Pod, Ports, selects
from common.reachability.network import Direction, directions
from policy.kubernetes import POD_SPECS, in_namespace, is_system, is_tenant
from policy.model import Category, Finding, Level, Option, Resource, ResourceRule, Rule, Stack, StackRule
from policy.topology import POD_ADDRESSES, namespace_of, network, pods, pods_of

_DIRECTIONS: Final[tuple[Direction, ...]] = ("Ingress", "Egress")
_PEERS: Final = {"Ingress": "from", "Egress": "to"}
_DNS: Final = Ports.of("UDP", 53) | Ports.of("TCP", 53)
_DNS_PORTS: Final = (
    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
    {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
)
_NODE_LOCAL_DNS: Final = Address(IPv4Network("169.254.20.10/32"))


def _default_deny(namespace: Resource, stack: Stack) -> Iterator[Finding]:
    if not is_tenant(namespace):
        return
    denied = {
        direction
        for policy in in_namespace(namespace, stack, "NetworkPolicy")
        for direction in directions(policy.spec)
        if _selects_all(policy) and not policy.spec.get(direction.lower())
    }
    missing = [direction for direction in _DIRECTIONS if direction not in denied]
    if missing:
        yield Finding(
            namespace,
            "",
            f"no NetworkPolicy denies all {' and '.join(missing).lower()} by default",
            "Add a NetworkPolicy with podSelector {}, policyTypes [Ingress, Egress] and no rules.",
        )


def _selects_all(policy: Resource) -> bool:
    selector = policy.spec.get("podSelector") or {}
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def _workload_isolated(workload: Resource, stack: Stack) -> Iterator[Finding]:
    pod = pods_of(workload)
    if is_system(pod.namespace) or pod.host_network:
        return
    missing = [direction for direction in _DIRECTIONS if not network(stack).isolates(pod, direction)]
    if missing:
        yield Finding(
            workload,
            "",
            f"no NetworkPolicy selects its pods for {' and '.join(missing).lower()}",
            f"Add a NetworkPolicy in {pod.namespace} that selects them, with policyTypes [{', '.join(missing)}].",
        )


def _no_allow_all(policy: Resource) -> Iterator[Finding]:
    for direction in directions(policy.spec):
        for index, rule in enumerate(policy.spec.get(direction.lower()) or ()):
            for path, message in _too_open(rule or {}, _PEERS[direction]):
                where = f"spec.{direction.lower()}[{index}]{path}"
                yield Finding(policy, where, message, "Name the pods, namespaces or addresses that need it.")


def _too_open(rule: Mapping[str, Any], field: str) -> Iterator[tuple[str, str]]:
    """Path and reason of each part of a rule that is for everyone."""
    peers = rule.get(field) or ()
    if not peers and not rule.get("ports"):
        yield "", "an empty rule allows everyone everything"
    for number, peer in enumerate(peers):
        if _is_every_pod(peer):
            yield f".{field}[{number}]", "namespaceSelector {} allows every pod of every namespace"
    if everything := _whole_internet(peers):
        yield f".{field}", f"ipBlock {everything} allows every address"


def _is_every_pod(peer: Mapping[str, Any]) -> bool:
    wanted, selected = peer.get("namespaceSelector"), peer.get("podSelector")
    return wanted is not None and not _narrows(wanted) and not _narrows(selected or {})


def _narrows(selector: Mapping[str, Any]) -> bool:
    return bool(selector.get("matchLabels") or selector.get("matchExpressions"))


def _whole_internet(peers: Iterable[Mapping[str, Any]]) -> str:
    """The range that the peers' blocks make up together, if it is every address of a family."""
    blocks = [peer["ipBlock"] for peer in peers if peer.get("ipBlock")]
    whole = [ip_network(block["cidr"], strict=False) for block in blocks if not block.get("except")]
    made_up: list[IpNetwork] = [
        *collapse_addresses(each for each in whole if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in whole if isinstance(each, IPv6Network)),
    ]
    return next((str(block) for block in made_up if block.prefixlen == 0), "")


def _dangling_netpol(policy: Resource, stack: Stack) -> Iterator[Finding]:
    namespace = namespace_of(policy)
    here = pods(stack, namespace)
    selector = policy.spec.get("podSelector") or {}
    if here and not any(selects(selector, pod.labels) for _, pod in here):
        yield Finding(
            policy,
            "spec.podSelector",
            f"it selects no pod of the {len(here)} workloads in {namespace}",
            "Mend the labels, or remove the policy.",
        )


def _dns_egress(policy: Resource, stack: Stack, *, namespace: str, labels: Mapping[str, str]) -> Iterator[Finding]:
    here = namespace_of(policy)
    if "Egress" not in directions(policy.spec) or is_system(here):
        return
    dns = Pod(namespace, labels, _DNS_PORTS, addresses=POD_ADDRESSES)
    selector = policy.spec.get("podSelector") or {}
    found = [pod for _, pod in pods(stack, here)] or [Pod(here, selector.get("matchLabels") or {}, title="any pod")]
    mute = [
        pod
        for pod in found
        if _first_to_deny_egress(stack, pod) is policy
        and not network(stack).egress(pod, dns) >= _DNS
        and not network(stack).egress(pod, _NODE_LOCAL_DNS) >= _DNS
    ]
    if mute:
        yield Finding(
            policy,
            "spec.egress",
            f"it keeps {', '.join(pod.title for pod in mute)} from DNS (UDP and TCP 53), which no other policy opens",
            f"Add a NetworkPolicy that allows egress to UDP and TCP 53 of the DNS pods in {namespace}.",
        )


def _first_to_deny_egress(stack: Stack, pod: Pod) -> Resource | None:
    """The policy that a finding about the egress of `pod` is put on, as all that select it share the blame."""
    policies = stack.of_kind("NetworkPolicy", namespace=pod.namespace)
    return next(
        (
            policy
            for policy in policies
            if "Egress" in directions(policy.spec) and selects(policy.spec.get("podSelector") or {}, pod.labels)
        ),
        None,
    )


RULES: Final[tuple[Rule, ...]] = (
    StackRule(
        id="default-deny",
        category=Category.NETWORK,
        level=Level.MANDATORY,
        summary="Every tenant namespace denies all ingress and egress by default.",
        why="a pod that no policy selects can talk to every other pod",
        kinds=frozenset({"Namespace"}),
        check=_default_deny,
    ),
    StackRule(
        id="dns-egress",
        category=Category.NETWORK,
        level=Level.MANDATORY,
        summary="Where egress is denied, DNS is allowed.",
        why="without it no name resolves, and nearly every program fails in ways that are hard to read",
        kinds=frozenset({"NetworkPolicy"}),
        options=(
            Option("namespace", str, "kube-system", "The namespace of the DNS pods."),
            Option("labels", dict[str, str], {"k8s-app": "kube-dns"}, "The labels of the DNS pods."),
        ),
        check=_dns_egress,
    ),
    StackRule(
        id="workload-isolated",
        category=Category.NETWORK,
        level=Level.MANDATORY,
        summary="Every workload is selected by NetworkPolicies for ingress and egress.",
        why="what no policy selects can talk to, and be reached by, everyone",
        kinds=frozenset(POD_SPECS),
        check=_workload_isolated,
    ),
    ResourceRule(
        id="no-allow-all",
        category=Category.NETWORK,
        level=Level.MANDATORY,
        summary="No NetworkPolicy allows everyone: no empty rule, no empty namespaceSelector, no 0.0.0.0/0.",
        why="policies add up, so that one open rule undoes all others",
        kinds=frozenset({"NetworkPolicy"}),
        check=_no_allow_all,
    ),
    StackRule(
        id="dangling-netpol",
        category=Category.NETWORK,
        level=Level.ADVISORY,
        summary="Every NetworkPolicy selects some workload of its namespace.",
        why="a policy that selects nothing protects nothing, most often for a misspelt label",
        kinds=frozenset({"NetworkPolicy"}),
        check=_dangling_netpol,
    ),
)
