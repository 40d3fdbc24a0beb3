"""DNS: where egress is denied, it stays open to the pods that answer, or to the nodes' own cache."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Any, Final

from common.reachability import Address, IpNetwork, Network, Pod, Ports, includes, selects
from common.reachability.network import directions
from policy.model.kubernetes import is_system
from policy.model.resource import Resource
from policy.model.rule import Category, Option, RuleFinding, rule
from policy.model.stack import Stack
from policy.model.topology import namespace_of, network, pods

_PORT: Final = 53
_PORT_NAMES: Final = {"UDP": "dns", "TCP": "dns-tcp"}
_PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
_LINK_LOCAL: Final = IPv4Network("169.254.0.0/16")


class _DnsPods(Pod):
    """The pods that answer. Which address they have is not known: a block holds them if it holds all there may be."""

    def is_in(self, block: IpNetwork, exceptions: Sequence[IpNetwork]) -> bool:
        return any(includes(block, exceptions, private) for private in _PRIVATE)


class _NodeCache(Address):
    """The cache that each node may have at an address of its own: a block is meant for it if it is link-local."""

    def is_in(self, block: IpNetwork, exceptions: Sequence[IpNetwork]) -> bool:
        return (
            block.version == _LINK_LOCAL.version and block.subnet_of(_LINK_LOCAL) and super().is_in(block, exceptions)
        )


_CACHE: Final = _NodeCache(ip_network("169.254.20.10/32"))


@rule(
    id="dns-egress",
    category=Category.NETWORK,
    why="without it no name resolves, and nearly every program fails in ways that are hard to read",
    kinds={"NetworkPolicy"},
    options=(
        Option("namespace", str, "kube-system", "The namespace of the DNS pods (OpenShift: openshift-dns)."),
        Option("labels", dict[str, str], {"k8s-app": "kube-dns"}, "The labels of the DNS pods."),
        Option(
            "port",
            int | None,
            None,
            "The port that the DNS pods listen on (OpenShift: 5353); without it the one that their Service in the "
            "stack leads to, or 53.",
        ),
    ),
)
def dns_egress(
    policy: Resource, stack: Stack, *, namespace: str, labels: Mapping[str, str], port: int | None
) -> Iterator[RuleFinding]:
    """Where egress is denied, DNS is allowed."""
    here = namespace_of(policy)
    if "Egress" not in directions(policy.spec) or is_system(here):
        return
    number = port or _listens_on(stack, namespace, labels)
    selector = policy.spec.get("podSelector") or {}
    found = [pod for _, pod in pods(stack, here)] or [Pod(here, selector.get("matchLabels") or {}, title="any pod")]
    mute: dict[tuple[str, ...], list[str]] = {}
    for pod in found:
        if _first_to_deny_egress(stack, pod) is not policy:
            continue
        if closed := _closed(network(stack, namespace), pod, _dns(namespace, labels, number), number):
            mute.setdefault(closed, []).append(pod.title)
    if mute:
        keeps = " and ".join(f"{', '.join(who)} from DNS ({' and '.join(how)} {number})" for how, who in mute.items())
        yield RuleFinding(
            policy,
            "spec.egress",
            f"it keeps {keeps}, which no other policy opens",
            f"Add a NetworkPolicy that allows egress to UDP and TCP {number} of the DNS pods in {namespace}.",
        )


def _dns(namespace: str, labels: Mapping[str, str], number: int) -> Pod:
    ports = [{"name": name, "containerPort": number, "protocol": it} for it, name in _PORT_NAMES.items()]
    return _DnsPods(namespace, labels, ports)


def _closed(within: Network, pod: Pod, dns: Pod, number: int) -> tuple[str, ...]:
    """The protocols by which neither the DNS pods nor the node's cache can be reached, whichever is more open."""
    ways = ((within.egress(pod, dns), number), (within.egress(pod, _CACHE), _PORT))
    closed = (tuple(it for it in _PORT_NAMES if not opened >= Ports.of(it, at)) for opened, at in ways)
    return min(closed, key=len)


def _listens_on(stack: Stack, namespace: str, labels: Mapping[str, str]) -> int:
    """The port of the pods that the DNS Service leads to, where the stack has one; else that of DNS."""
    for service in stack.of_kind("Service", namespace=namespace):
        selector = service.spec.get("selector") or {}
        if selector and selector.items() <= labels.items():
            for port in service.spec.get("ports") or ():
                if port.get("port") == _PORT:
                    return _resolved(
                        port.get("targetPort") or _PORT, selector, (it for _, it in pods(stack, namespace))
                    )
    return _PORT


def _resolved(target: Any, selector: Mapping[str, str], candidates: Iterable[Pod]) -> int:
    if not isinstance(target, str):
        return int(target)
    numbers = (
        int(port["containerPort"])
        for pod in candidates
        if selector.items() <= pod.labels.items()
        for port in pod.ports
        if port.get("name") == target
    )
    return next(numbers, _PORT)


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
