"""Our reading of NetworkPolicies and an independent one, on random topologies: the same ports for every pair."""

import os
import random
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Any, Final

import yaml

from common.reachability import Address, Endpoint, Network, Pod
from tests.policy.exam.answers import SEED
from tests.policy.exam.conftest import Tally
from tests.policy.exam.oracle import Flows, ask, covers

TOPOLOGIES: Final = max(int(os.environ.get("POLYKUBE_EXAM", "0")) // 10, 8)
NAMESPACES: Final = ("a", "b", "c", "d")
PROBES: Final = tuple(map(IPv4Address, ("10.0.0.5", "10.1.2.3", "10.1.200.1", "192.168.7.7", "203.0.113.9", "0.0.0.9")))
CIDRS: Final = ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "203.0.113.9/32", "10.0.0.0/15")
EXCEPTIONS: Final = {"0.0.0.0/0": ["10.0.0.0/8", "192.168.0.0/16"], "10.0.0.0/8": ["10.1.0.0/17", "10.0.0.0/16"]}
LABELS: Final = {"app": ("x", "y", "z"), "tier": ("front", "back")}
NUMBERS: Final = (53, 80, 443, 8080, 9090)


class Dice(random.Random):
    """Random parts of a topology."""

    def labels(self) -> dict[str, str]:
        return {key: self.choice(values) for key, values in LABELS.items() if self.random() < 0.7}

    def selector(self, *, with_existence: bool = True) -> dict[str, Any]:
        key = self.choice(list(LABELS))
        values = self.sample(LABELS[key], self.randint(1, 2))
        expressions = [
            {"key": key, "operator": "In", "values": values},
            {"key": key, "operator": "NotIn", "values": values},
        ]
        if with_existence:
            expressions += [{"key": key, "operator": "Exists"}, {"key": key, "operator": "DoesNotExist"}]
        by_label = {"matchLabels": {key: values[0]}}
        by_both = by_label | {"matchExpressions": [self.choice(expressions)]}
        return self.choice([{}, {}, by_label, {"matchExpressions": [self.choice(expressions)]}, by_both])

    def port(self) -> dict[str, Any]:
        protocol = self.choice([{}, {"protocol": "UDP"}, {"protocol": "SCTP"}, {"protocol": "TCP"}])
        first = self.choice(NUMBERS)
        ranged = {"port": first, "endPort": first + self.choice([0, 10, 400])}
        return {**protocol, **self.choice([{}, {"port": first}, {"port": self.choice(["web", "dns"])}, ranged])}

    def peer(self) -> dict[str, Any]:
        cidr = self.choice(CIDRS)
        exceptions = EXCEPTIONS.get(cidr, [])
        block = {"cidr": cidr} | ({"except": self.sample(exceptions, self.randint(1, 2))} if exceptions else {})
        pods, namespaces = {"podSelector": self.selector()}, {"namespaceSelector": self.selector()}
        # Beside a namespaceSelector, the oracle looks for a pod's key in the policy's own namespace only (2.1.0).
        both = {"podSelector": self.selector(with_existence=False), **namespaces}
        return self.choice([{"ipBlock": block}, {"ipBlock": block}, pods, namespaces, both])

    def rule(self, peers: str) -> dict[str, Any]:
        rule: dict[str, Any] = {}
        if self.random() < 0.8:
            rule[peers] = [self.peer() for _ in range(self.randint(1, 3))]
        if self.random() < 0.8:
            rule["ports"] = [self.port() for _ in range(self.randint(1, 3))]
        return rule

    def policy(self, name: str) -> dict[str, Any]:
        types = self.choice([["Ingress"], ["Egress"], ["Ingress", "Egress"], None])
        spec: dict[str, Any] = {"podSelector": self.selector()} | ({"policyTypes": types} if types else {})
        for field, peers in (("ingress", "from"), ("egress", "to")):
            if self.random() < 0.8 and (types is None or field.capitalize() in types):
                # Without policyTypes the oracle takes `egress: []` for a direction; the API server's defaults do not.
                spec[field] = [self.rule(peers) for _ in range(self.randint(0 if types else 1, 2))]
        metadata = {"name": name, "namespace": self.choice(NAMESPACES)}
        return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}

    def pod(self, name: str) -> dict[str, Any]:
        ports = [
            {"name": port, "containerPort": self.choice(NUMBERS), "protocol": self.choice(["TCP", "UDP"])}
            for port in ("web", "dns")
            if self.random() < 0.6
        ]
        metadata = {"name": name, "namespace": self.choice(NAMESPACES), "labels": self.labels()}
        spec = {"containers": [{"name": "c", "image": "i", "ports": ports}]}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def topology(dice: Dice) -> list[dict[str, Any]]:
    namespaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dice.labels()}}
        for name in NAMESPACES
    ]
    pods = [dice.pod(f"p{index}") for index in range(10)]
    return [*namespaces, *pods, *(dice.policy(f"n{index}") for index in range(dice.randint(1, 8)))]


def ours(objects: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """The ports between every two ends, as text, by our model."""
    of_kind = {
        kind: [each for each in objects if each["kind"] == kind] for kind in ("Namespace", "Pod", "NetworkPolicy")
    }
    labels = {each["metadata"]["name"]: each["metadata"]["labels"] for each in of_kind["Namespace"]}
    network = Network(labels, of_kind["NetworkPolicy"])
    pods: dict[str, Pod] = {}
    for each in of_kind["Pod"]:
        metadata, ports = each["metadata"], each["spec"]["containers"][0]["ports"]
        pods[f"{metadata['namespace']}/{metadata['name']}"] = Pod(metadata["namespace"], metadata["labels"], ports)
    outside: dict[str, Endpoint] = {str(probe): Address(ip_network(probe)) for probe in PROBES}
    ends: dict[str, Endpoint] = {**pods, **outside}
    return {
        (source, to): str(network.allowed(ends[source], ends[to]))
        for source in ends
        for to in ends
        if source != to and (source in pods or to in pods)
    }


def theirs(flows: Flows, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The same by the oracle, which names ranges of addresses."""

    def is_(end: str, name: str) -> bool:
        return covers(end, IPv4Address(name)) if name in map(str, PROBES) else end == name

    found = {}
    for source, to in pairs:
        matching = [ports for (one, other), ports in flows.items() if is_(one, source) and is_(other, to)]
        found[source, to] = str(matching[0]) if matching else ""
        assert len(matching) <= 1, (source, to)
    return found


def test_an_independent_reading_comes_to_the_same_ports(tmp_path: Path, tally: Tally) -> None:
    pairs = 0
    for index in range(TOPOLOGIES):
        objects = topology(Dice(f"{SEED}-{index}"))
        directory = tmp_path / str(index)
        directory.mkdir()
        (directory / "all.yaml").write_text(yaml.safe_dump_all(objects))
        mine = ours(objects)
        other = theirs(ask(directory), list(mine))
        different = {pair: (mine[pair], other[pair]) for pair in mine if mine[pair] != other[pair]}
        assert not different, f"topology {index}: (ours, theirs): {different}\n{(directory / 'all.yaml').read_text()}"
        pairs += len(mine)
    tally.add(f"pairs of ends in {TOPOLOGIES} topologies of NetworkPolicies", pairs, pairs)
