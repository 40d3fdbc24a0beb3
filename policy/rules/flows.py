"""Flows that must be impossible, whatever the policies say one by one."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_network
from itertools import islice
from typing import Final, NotRequired

from typing_extensions import TypedDict

from common.reachability import Address, Pod, Ports, selects
from policy.model.kubernetes import POD_SPECS
from policy.model.reach import Destinations
from policy.model.resource import Resource
from policy.model.rule import Category, Option, RuleFinding, rule
from policy.model.stack import Stack
from policy.model.topology import POD_ADDRESSES, network, pods, pods_of, tenants

# AWS and most others, AWS over IPv6, Azure's wire server.
_METADATA: Final = ("169.254.169.254/32", "fd00:ec2::254/128", "168.63.129.16/32")
_SHOWN: Final = 3  # destinations in a message


class Side(TypedDict):
    """One end of a flow: pods, by namespace and labels, or (of a destination) addresses."""

    namespaces: NotRequired[list[str]]
    pods: NotRequired[dict[str, str]]
    cidr: NotRequired[str]


Flow = TypedDict("Flow", {"name": str, "from": Side, "to": Side})


@rule(
    id="forbidden-flows",
    category=Category.NETWORK,
    why="the policies taken together, not one by one, decide who can reach whom",
    kinds={*POD_SPECS, "Namespace"},
    options=(
        Option("metadata", tuple[str, ...], _METADATA, "Addresses that no tenant's pod may reach."),
        Option("tenantsApart", bool, True, "Whether pods of one tenant may not reach those of another."),
        Option("flows", tuple[Flow, ...], (), "More forbidden flows: name, from, to (namespaces, pods, cidr)."),
    ),
)
def forbidden_flows(
    subject: Resource, stack: Stack, *, metadata: Sequence[str], tenants_apart: bool, flows: Sequence[Flow]
) -> Iterator[RuleFinding]:
    """Flows that are forbidden by name are impossible: to the cloud's metadata, from tenant to tenant."""
    for pod in _sources(subject, stack):
        if pod.namespace in tenants(stack):
            for cidr in metadata:
                yield from _reaches_address(subject, stack, pod, cidr, "the cloud's metadata")
            if tenants_apart:
                yield from _reaches_tenants(subject, stack, pod)
        for flow in flows:
            if _is_meant(flow["from"], pod):
                yield from _makes(subject, stack, pod, flow)


def _sources(subject: Resource, stack: Stack) -> Iterator[Pod]:
    """The pods of a workload; for a namespace where the stack puts none, a pod such as its tenant may put there."""
    if subject.kind != "Namespace":
        yield pods_of(subject)
    elif not pods(stack, subject.object_name):
        yield _any_pod(subject.object_name)


def _any_pod(namespace: str) -> Pod:
    return Pod(namespace, {}, addresses=POD_ADDRESSES, title="any pod")


def _reaches_address(subject: Resource, stack: Stack, pod: Pod, cidr: str, what: str) -> Iterator[RuleFinding]:
    if open_ports := network(stack).egress(pod, Address(ip_network(cidr))):
        yield _finding(subject, f"its pods can reach {what} at {cidr} on {open_ports}", "egress")


def _reaches_tenants(subject: Resource, stack: Stack, pod: Pod) -> Iterator[RuleFinding]:
    owners = tenants(stack)
    own = owners[pod.namespace]
    candidates = stack.once(_of_tenants).of(pod, lambda namespace: owners[namespace] != own)
    reached = _reached(stack, pod, candidates)
    if reached:
        yield _finding(subject, f"its pods can reach pods of other tenants: {reached}", "ingress of these, or egress")


def _of_tenants(stack: Stack) -> Destinations:
    """The pods of tenants, and for a namespace without some any pod that may come."""
    found = (
        pod
        for namespace in tenants(stack)
        for pod in [pod for _, pod in pods(stack, namespace)] or [_any_pod(namespace)]
    )
    return Destinations(network(stack), found)


def _of_all(stack: Stack) -> Destinations:
    return Destinations(
        network(stack), (pod for namespace in network(stack).namespaces for _, pod in pods(stack, namespace))
    )


def _makes(subject: Resource, stack: Stack, pod: Pod, flow: Flow) -> Iterator[RuleFinding]:
    if cidr := flow["to"].get("cidr"):
        yield from _reaches_address(subject, stack, pod, cidr, flow["name"])
        return
    everywhere = stack.once(_of_all).of(pod, lambda _: True)
    candidates = (other for other in everywhere if other is not pod and _is_meant(flow["to"], other))
    if reached := _reached(stack, pod, candidates):
        yield _finding(subject, f"its pods make the flow {flow['name']}: they can reach {reached}", "ingress or egress")


def _is_meant(side: Side, pod: Pod) -> bool:
    patterns, labels = side.get("namespaces", ["*"]), side.get("pods", {})
    named = any(fnmatchcase(pod.namespace, pattern) for pattern in patterns)
    return "cidr" not in side and named and selects({"matchLabels": labels}, pod.labels)


def _reached(stack: Stack, pod: Pod, candidates: Iterator[Pod]) -> str:
    """The first few of `candidates` that `pod` can reach, as text; empty if none."""
    reached = ((other, ports) for other in candidates if (ports := network(stack).allowed(pod, other)))
    return "; ".join(_shown(other, ports) for other, ports in islice(reached, _SHOWN))


def _shown(pod: Pod, ports: Ports) -> str:
    return f"{pod.title} in {pod.namespace} on {ports}"


def _finding(subject: Resource, message: str, what: str) -> RuleFinding:
    return RuleFinding(subject, "", message, f"Deny {what} by default, and open only what is meant.")
