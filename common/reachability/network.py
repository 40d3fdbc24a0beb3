"""Pods, addresses, and the policies between them.

A flow needs both ends: the source's policies must let it out and the destination's must let it in. A pod that
no policy selects for a direction is open in that direction; of several policies that select it, each may open
something. Policies do not apply to pods in the host's network, and selectors do not find them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final, Literal, TypeAlias

from common.reachability.addresses import IpNetwork, overlaps
from common.reachability.ports import ALL_PORTS, LARGEST_PORT, NO_PORTS, Ports
from common.reachability.selectors import selects

Direction: TypeAlias = Literal["Ingress", "Egress"]
_Label: TypeAlias = tuple[str, Any]
NAME_LABEL: Final = "kubernetes.io/metadata.name"
_PEERS: Final[Mapping[Direction, str]] = {"Ingress": "from", "Egress": "to"}


@dataclass(frozen=True, eq=False)
class Pod:
    """A pod, or all alike pods of a workload.

    `ports` are its container ports as manifests have them; `addresses` are the ranges that its address may be in,
    for blocks of addresses to match: none, and no block matches it.
    """

    namespace: str
    labels: Mapping[str, str]
    ports: Sequence[Mapping[str, Any]] = ()
    host_network: bool = False
    addresses: Sequence[IpNetwork] = ()
    title: str = ""

    def is_in(self, block: IpNetwork, exceptions: Sequence[IpNetwork]) -> bool:
        """Whether its address may be in a block without its exceptions."""
        return any(overlaps(block, exceptions, network) for network in self.addresses)

    def named_port(self, name: str, protocol: str) -> Ports:
        """The ports that its containers call `name`."""
        found = NO_PORTS
        for port in self.ports:
            if port.get("name") == name and (port.get("protocol") or "TCP") == protocol:
                found |= Ports.of(protocol, int(port["containerPort"]))
        return found


@dataclass(frozen=True, eq=False)
class Address:
    """Somewhere outside of the pods. A wider range than one address stands for any address in it."""

    network: IpNetwork

    def is_in(self, block: IpNetwork, exceptions: Sequence[IpNetwork]) -> bool:
        """Whether any address of the range is in a block without its exceptions."""
        return overlaps(block, exceptions, self.network)


Endpoint: TypeAlias = Pod | Address


@dataclass(frozen=True, eq=False)
class _Block:
    cidr: IpNetwork
    exceptions: tuple[IpNetwork, ...]

    def covers(self, endpoint: Endpoint) -> bool:
        return endpoint.is_in(self.cidr, self.exceptions)


@dataclass(frozen=True, eq=False)
class _Pods:
    namespaces: frozenset[str]
    selector: Mapping[str, Any]

    def covers(self, endpoint: Endpoint) -> bool:
        return (
            isinstance(endpoint, Pod)
            and not endpoint.host_network
            and endpoint.namespace in self.namespaces
            and selects(self.selector, endpoint.labels)
        )


@dataclass(frozen=True, eq=False)
class _Rule:
    """One entry of `ingress` or `egress`; without peers it is for everyone, without ports for all of them."""

    peers: tuple[_Block | _Pods, ...] | None
    ports: Sequence[Mapping[str, Any]]

    def opens(self, peer: Endpoint, destination: Endpoint) -> Ports:
        if self.peers is not None and not any(each.covers(peer) for each in self.peers):
            return NO_PORTS
        return self.ports_of(destination)

    def ports_of(self, destination: Endpoint | None) -> Ports:
        """Its ports; without a destination, names stand for every port."""
        if not self.ports:
            return ALL_PORTS
        opened = NO_PORTS
        for port in self.ports:
            named = destination is None and isinstance(port.get("port"), str)
            opened |= ALL_PORTS if named else _resolved(port, destination)
        return opened


@dataclass(frozen=True)
class Openness:
    """What the rules of a direction open, at most: to pods of all namespaces, and each to pods of some."""

    to_all: Ports
    to_some: Sequence[tuple[Ports, frozenset[str]]]


def _resolved(port: Mapping[str, Any], destination: Endpoint | None) -> Ports:
    protocol, number = port.get("protocol") or "TCP", port.get("port")
    if number is None:
        return Ports.of(protocol, 1, LARGEST_PORT)
    if isinstance(number, str):
        return destination.named_port(number, protocol) if isinstance(destination, Pod) else NO_PORTS
    end = port.get("endPort")
    return Ports.of(protocol, int(number), None if end is None else int(end))


@dataclass(frozen=True, eq=False)
class _Policy:
    """One direction of a NetworkPolicy, its rules as written."""

    namespace: str
    selector: Mapping[str, Any]
    rules: Sequence[Mapping[str, Any]]

    @property
    def label(self) -> _Label | None:
        """A label that all pods have which it selects, if it states one: so that it is looked for among few."""
        labels: Iterable[_Label] = (self.selector.get("matchLabels") or {}).items()
        return next((label for label in labels if _is_text(label)), None)


class Network:
    """The namespaces (labels by name) and the NetworkPolicies (as manifests have them) of a cluster."""

    def __init__(
        self, namespaces: Mapping[str, Mapping[str, str] | None], policies: Iterable[Mapping[str, Any]]
    ) -> None:
        self.namespaces = namespaces
        self._policies: dict[tuple[str, Direction, _Label | None], list[_Policy]] = defaultdict(list)
        for policy in policies:
            spec, namespace = policy.get("spec") or {}, policy["metadata"].get("namespace") or "default"
            for direction in directions(spec):
                one_way = _Policy(namespace, spec.get("podSelector") or {}, spec.get(direction.lower()) or ())
                self._policies[namespace, direction, one_way.label].append(one_way)
        self._selecting: dict[tuple[Pod, Direction], list[_Policy]] = {}
        self._read: dict[_Policy, list[_Rule]] = {}

    def allowed(self, source: Endpoint, destination: Endpoint) -> Ports:
        """The ports of `destination` that `source` can open a connection to."""
        return self.egress(source, destination) & self.ingress(source, destination)

    def egress(self, source: Endpoint, destination: Endpoint) -> Ports:
        """What the policies of `source` let out to `destination`."""
        return self._opened(source, "Egress", destination, destination)

    def ingress(self, source: Endpoint, destination: Endpoint) -> Ports:
        """What the policies of `destination` let in from `source`."""
        return self._opened(destination, "Ingress", source, destination)

    def isolates(self, pod: Pod, direction: Direction) -> bool:
        """Whether any policy selects `pod` for `direction`, so that only what is opened passes."""
        return bool(self._policies_of(pod, direction))

    def openness(self, pod: Pod, direction: Direction, anybody: Pod) -> Openness:
        """Who may be a peer of `pod`, at most; `anybody` stands for all pods where blocks of addresses may match."""
        to_all = NO_PORTS
        to_some: list[tuple[Ports, frozenset[str]]] = []
        rules = self._rules(pod, direction)
        for rule in (_Rule(None, ()),) if rules is None else rules:
            ports = rule.ports_of(pod if direction == "Ingress" else None)
            peers = rule.peers or ()
            named = [peer.namespaces for peer in peers if isinstance(peer, _Pods)]
            if rule.peers is None or any(isinstance(peer, _Block) and peer.covers(anybody) for peer in peers):
                to_all |= ports
            if named:
                to_some.append((ports, frozenset().union(*named)))
        return Openness(to_all, to_some)

    def _opened(self, pod: Endpoint, direction: Direction, peer: Endpoint, destination: Endpoint) -> Ports:
        rules = self._rules(pod, direction) if isinstance(pod, Pod) else None
        if rules is None:
            return ALL_PORTS
        opened = NO_PORTS
        for rule in rules:
            opened |= rule.opens(peer, destination)
        return opened

    def _rules(self, pod: Pod, direction: Direction) -> list[_Rule] | None:
        """The rules for a pod, None where no policy selects it."""
        policies = self._policies_of(pod, direction)
        return [rule for policy in policies for rule in self._rules_of(policy, direction)] if policies else None

    def _policies_of(self, pod: Pod, direction: Direction) -> list[_Policy]:
        key = (pod, direction)
        if key not in self._selecting:
            near = () if pod.host_network else self._near(pod, direction)
            self._selecting[key] = [policy for policy in near if selects(policy.selector, pod.labels)]
        return self._selecting[key]

    def _near(self, pod: Pod, direction: Direction) -> Iterator[_Policy]:
        """The policies that may select `pod`: all of its namespace where a label's value is not known."""
        labels = pod.labels.items()
        if all(map(_is_text, labels)):
            for label in (None, *labels):
                yield from self._policies.get((pod.namespace, direction, label), ())
        else:
            for (namespace, way, _), policies in self._policies.items():
                yield from policies if (namespace, way) == (pod.namespace, direction) else ()

    def _rules_of(self, policy: _Policy, direction: Direction) -> list[_Rule]:
        if policy not in self._read:
            self._read[policy] = [self._rule(rule or {}, direction, policy.namespace) for rule in policy.rules]
        return self._read[policy]

    def _rule(self, rule: Mapping[str, Any], direction: Direction, namespace: str) -> _Rule:
        peers = tuple(self._peer(peer, namespace) for peer in rule.get(_PEERS[direction]) or ())
        return _Rule(peers or None, rule.get("ports") or ())

    def _peer(self, peer: Mapping[str, Any], namespace: str) -> _Block | _Pods:
        block = peer.get("ipBlock")
        if block is not None:
            exceptions = tuple(ip_network(each, strict=False) for each in block.get("except") or ())
            return _Block(ip_network(block["cidr"], strict=False), exceptions)
        wanted = peer.get("namespaceSelector")
        names = {namespace} if wanted is None else self._selected(wanted)
        return _Pods(frozenset(names), peer.get("podSelector") or {})

    def _selected(self, selector: Mapping[str, Any]) -> set[str]:
        """The namespaces that `selector` selects; labels that cannot matter need not be known."""
        named = (selector.get("matchLabels") or {}).get(NAME_LABEL)
        everything = not selector.get("matchLabels") and not selector.get("matchExpressions")
        return {
            name
            for name, labels in self.namespaces.items()
            if everything or (named in (None, name) and selects(selector, {**(labels or {}), NAME_LABEL: name}))
        }


def _is_text(label: _Label) -> bool:
    return isinstance(label[1], str)


def directions(spec: Mapping[str, Any]) -> list[Direction]:
    """The directions that a policy is for; the API server works them out so where `policyTypes` is absent."""
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return [direction for direction in _PEERS if direction in types]
