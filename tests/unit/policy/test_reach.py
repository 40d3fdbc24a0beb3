"""Pods that are not looked at though they can be reached, or every two of them looked at."""

from functools import partial
from operator import ne
from typing import Any

import pytest

from common.reachability import Network, Pod
from policy.model.reach import Destinations
from policy.model.topology import POD_ADDRESSES
from policy.model.unknown import Undetermined, Unknown
from tests.policy.exam.test_reachability import NAMESPACES, Dice, topology


def pods_of(objects: list[dict[str, Any]]) -> list[Pod]:
    return [
        Pod(
            each["metadata"]["namespace"],
            each["metadata"]["labels"],
            each["spec"]["containers"][0]["ports"],
            addresses=POD_ADDRESSES,
            host_network=index == 0,
        )
        for index, each in enumerate(it for it in objects if it["kind"] == "Pod")
    ]


@pytest.mark.parametrize("seed", range(60))
def test_whatever_can_be_reached_is_among_the_destinations_once(seed: int) -> None:
    objects = topology(Dice(f"reach-{seed}"))
    labels = {it["metadata"]["name"]: it["metadata"]["labels"] for it in objects if it["kind"] == "Namespace"}
    network, pods = Network(labels, [it for it in objects if it["kind"] == "NetworkPolicy"]), pods_of(objects)
    destinations = Destinations(network, pods)
    for source in pods:
        found = list(destinations.of(source, lambda namespace: namespace != NAMESPACES[0]))
        assert len(found) == len(set(found))
        assert NAMESPACES[0] not in {pod.namespace for pod in found}
        reached = {pod for pod in pods if pod.namespace != NAMESPACES[0] and network.allowed(source, pod)}
        assert reached <= set(found)


def evaluations(count: int) -> int:
    """How many flows are looked at among pods that let in from addresses, and let out to none of those ports."""
    namespaces = [f"n{index}" for index in range(count // 10)]
    blocks = {"ingress": ("from", 8080), "egress": ("to", 443)}
    spec = {
        direction: [{peers: [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": port}]}]
        for direction, (peers, port) in blocks.items()
    }
    policies = [
        {"metadata": {"namespace": name}, "spec": spec | {"policyTypes": ["Ingress", "Egress"]}} for name in namespaces
    ]
    pods = [Pod(name, {"app": str(index)}, addresses=POD_ADDRESSES) for name in namespaces for index in range(10)]
    destinations = Destinations(Network(dict.fromkeys(namespaces), policies), pods)
    return sum(1 for pod in pods for _ in destinations.of(pod, partial(ne, pod.namespace)))


def test_pods_behind_address_blocks_are_not_looked_at_two_by_two() -> None:
    assert evaluations(100) == evaluations(1000) == 0


def test_a_label_that_is_not_known_leaves_open_what_selects_a_pod() -> None:
    policy = {"metadata": {"namespace": "a"}, "spec": {"podSelector": {"matchLabels": {"app": "web"}}}}
    network = Network({"a": None}, [policy])
    assert network.isolates(Pod("a", {"tier": "front", "app": "web"}), "Ingress")
    assert not network.isolates(Pod("a", {"app": "api"}), "Ingress")
    labels: Any = {"app": Unknown()}
    with pytest.raises(Undetermined):
        network.isolates(Pod("a", labels), "Ingress")
