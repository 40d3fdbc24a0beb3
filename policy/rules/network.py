"""Network policies: closed unless opened, and opened only as far as it works and is allowed."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any, Final

from common.reachability import IpNetwork, selects
from common.reachability.network import Direction, directions
from policy.model.kubernetes import POD_SPECS, in_namespace, is_system, is_tenant
from policy.model.resource import Resource
from policy.model.rule import Category, Level, RuleFinding, rule
from policy.model.stack import Stack
from policy.model.topology import namespace_of, network, pods, pods_of

_DIRECTIONS: Final[tuple[Direction, ...]] = ("Ingress", "Egress")
_PEERS: Final = {"Ingress": "from", "Egress": "to"}
_DNS_PORTS: Final = (53, 5353, "dns", "dns-tcp")  # commonly opened to whoever answers


@rule(
    id="default-deny",
    category=Category.NETWORK,
    why="a pod that no policy selects can talk to every other pod",
    kinds={"Namespace"},
)
def default_deny(namespace: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Every tenant namespace denies all ingress and egress by default."""
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
        yield RuleFinding(
            namespace,
            "",
            f"no NetworkPolicy denies all {' and '.join(missing).lower()} by default",
            "Add a NetworkPolicy with podSelector {}, policyTypes [Ingress, Egress] and no rules.",
        )


def _selects_all(policy: Resource) -> bool:
    selector = policy.spec.get("podSelector") or {}
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


@rule(
    id="workload-isolated",
    category=Category.NETWORK,
    why="what no policy selects can talk to, and be reached by, everyone",
    kinds=POD_SPECS,
)
def workload_isolated(workload: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Every workload is selected by NetworkPolicies for ingress and egress."""
    pod = pods_of(workload)
    if is_system(pod.namespace) or pod.host_network:
        return
    missing = [direction for direction in _DIRECTIONS if not network(stack).isolates(pod, direction)]
    if missing:
        yield RuleFinding(
            workload,
            "",
            f"no NetworkPolicy selects its pods for {' and '.join(missing).lower()}",
            f"Add a NetworkPolicy in {pod.namespace} that selects them, with policyTypes [{', '.join(missing)}].",
        )


@rule(
    id="no-allow-all",
    category=Category.NETWORK,
    why="policies add up, so that one open rule undoes all others",
    kinds={"NetworkPolicy"},
)
def no_allow_all(policy: Resource) -> Iterator[RuleFinding]:
    """No NetworkPolicy allows everyone: no empty rule, no ports without peers, no empty namespaceSelector, no
    0.0.0.0/0.
    """
    for direction in directions(policy.spec):
        for index, opening in enumerate(policy.spec.get(direction.lower()) or ()):
            for path, message in _too_open(opening or {}, _PEERS[direction]):
                where = f"spec.{direction.lower()}[{index}]{path}"
                yield RuleFinding(policy, where, message, "Name the pods, namespaces or addresses that need it.")


def _too_open(rule: Mapping[str, Any], field: str) -> Iterator[tuple[str, str]]:
    """Path and reason of each part of a rule that is for everyone."""
    peers = rule.get(field) or ()
    ports = rule.get("ports") or ()
    if not peers and not ports:
        yield "", "an empty rule allows everyone everything"
    elif not peers and not (field == "to" and all(port.get("port") in _DNS_PORTS for port in ports)):
        yield "", f"ports without {field} are open to everyone"
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
    blocks = [block for peer in peers if (block := peer.get("ipBlock")) and block.get("cidr")]
    whole = [ip_network(block["cidr"], strict=False) for block in blocks if not block.get("except")]
    made_up: list[IpNetwork] = [
        *collapse_addresses(each for each in whole if isinstance(each, IPv4Network)),
        *collapse_addresses(each for each in whole if isinstance(each, IPv6Network)),
    ]
    return next((str(block) for block in made_up if block.prefixlen == 0), "")


@rule(
    id="dangling-netpol",
    category=Category.NETWORK,
    level=Level.ADVISORY,
    why="a policy that selects nothing protects nothing, most often for a misspelt label",
    kinds={"NetworkPolicy"},
)
def dangling_netpol(policy: Resource, stack: Stack) -> Iterator[RuleFinding]:
    """Every NetworkPolicy selects some workload of its namespace."""
    namespace = namespace_of(policy)
    here = pods(stack, namespace)
    selector = policy.spec.get("podSelector") or {}
    if here and not any(selects(selector, pod.labels) for _, pod in here):
        yield RuleFinding(
            policy,
            "spec.podSelector",
            f"it selects no pod of the {len(here)} workloads in {namespace}",
            "Mend the labels, or remove the policy.",
        )
