"""Packets that go where no NetworkPolicy lets them, or do not where one does: connections of tenants' pods on machines.

The network plugin is the product's own, built from source, and what it lets through is compared with the model that the
policy pack and `polykube` judge policies by.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, TypeAlias

import pytest

from common.reachability import Network, Pod, Ports
from rehearsal.machines import obstacle, open_site
from tests.support.hosts import Hosts, images, pod

pytestmark = [
    pytest.mark.machines,
    pytest.mark.skipif(bool(obstacle()), reason=f"no machine can be booted here: {obstacle()}"),
]

Place: TypeAlias = tuple[str, str]
"""A pod by its namespace and name."""
Target: TypeAlias = str
"""An address and port: `10.244.1.7:6379`."""
PORTS: Final = (6379, 8080)
_SIZES: Final = {"cpu": "1", "memory": "1Gi"}
# Each answers at both ports.
SERVE: Final = (
    "busybox mkdir /tmp/www && echo here >/tmp/www/it && busybox httpd -p 6379 -h /tmp/www"
    " && exec busybox httpd -f -p 8080 -h /tmp/www"
)
# By namespace the pods, with their nodes: what is let through goes from one node to another.
PODS: Final = {
    "shop": {"frontend": "worker-1", "db": "worker-2", "other": "worker-1"},
    "lab": {"db": "worker-1", "frontend": "worker-2"},
}


def tenant(name: str, *allowed: Mapping[str, Any]) -> dict[str, Any]:
    """A tenant with room for a few pods, and what its pods may do."""
    return {
        "name": name,
        "group": f"{name}-developers",
        "quota": {"pods": 10, "requests": _SIZES, "limits": {"cpu": "4", "memory": "1Gi"}},
        "limitRange": {"default": {"cpu": "100m", "memory": "16Mi"}, "defaultRequest": {"cpu": "10m", "memory": "8Mi"}},
        "network": {"allow": list(allowed)},
    }


FRONTEND_TO_DB: Final = {
    "name": "frontend-to-db",
    "from": {"pods": {"app": "frontend"}},
    "to": {"pods": {"app": "db"}},
    "ports": [{"port": 6379}],
}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """A cluster of three hosts with two tenants, brought up by `polykube up`."""
    with open_site("v1.36.4", images(), enforcing=True) as site:
        made = Hosts(site, tmp_path_factory.mktemp("hosts"))
        made.boot("cp-1", "worker-1", "worker-2")
        made.up(["cp-1"], ["worker-1", "worker-2"], tenants=[tenant("shop", FRONTEND_TO_DB), tenant("lab")])
        made.wait_for_nodes("cp-1", "worker-1", "worker-2")
        yield made


@pytest.fixture(scope="module")
def pods(hosts: Hosts) -> dict[Place, dict[str, Any]]:
    """The pods of both tenants, each of which answers at both ports."""
    for namespace, own in PODS.items():
        for name, node in own.items():
            made = pod(name, SERVE)
            made["spec"]["nodeSelector"] = {"kubernetes.io/hostname": node}  # tenants' may not have a nodeName
            hosts.apply(made | {"metadata": made["metadata"] | {"namespace": namespace}})
    for namespace, own in PODS.items():
        for name in own:
            hosts.wait_for_pods(namespace, 1, app=name)
    places = [(namespace, name) for namespace, own in PODS.items() for name in own]
    return {place: hosts.get("pod", "--namespace", *place) for place in places}


def reached(hosts: Hosts, source: Place, targets: Collection[Target]) -> set[Target]:
    """Those of the addresses and ports that a pod gets an answer from; all are asked at once."""
    asked = (
        f"(busybox wget -T 3 -q -O - http://{each}/it 2>/dev/null | busybox sed s/here/{each}/) &" for each in targets
    )
    namespace, name = source
    found = hosts.kubectl("exec", "--namespace", namespace, name, "--", "sh", "-c", " ".join((*asked, "wait")))
    return set(found.split())


def test_every_connection_is_let_through_or_refused_as_the_reachability_model_says(
    hosts: Hosts, pods: dict[Place, dict[str, Any]]
) -> None:
    namespaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in hosts.get("namespaces")["items"]}
    network = Network(namespaces, hosts.get("networkpolicies", "--all-namespaces")["items"])
    seen, expected = {}, {}
    for source in pods:
        targets = {(place, port): f"{pods[place]['status']['podIP']}:{port}" for place in pods for port in PORTS}
        answered = reached(hosts, source, targets.values())
        for (place, port), target in targets.items():
            ends = (Pod(each[0], pods[each]["metadata"]["labels"]) for each in (source, place))
            expected[source, place, port] = source == place or network.allowed(*ends) >= Ports.of("TCP", port)
            seen[source, place, port] = target in answered
    assert {key: seen[key] for key in seen if seen[key] != expected[key]} == {}
    # From one node to another.
    assert [key for key in seen if seen[key] and key[0] != key[1]] == [(("shop", "frontend"), ("shop", "db"), 6379)]


def test_names_are_resolved_where_everything_else_is_refused(hosts: Hosts, pods: dict[Place, dict[str, Any]]) -> None:
    for namespace, name in pods:
        ask = "busybox nslookup kubernetes.default.svc.cluster.local"
        done = hosts.attempt("exec", "--namespace", namespace, name, "--", "sh", "-c", ask)
        assert "10.96.0.1" in done.stdout, done.stdout + done.stderr


def test_without_its_policies_a_tenant_is_open(hosts: Hosts, pods: dict[Place, dict[str, Any]]) -> None:
    """So it is the policies that keep the others out, and nothing else of these machines."""
    target = f"{pods['lab', 'db']['status']['podIP']}:6379"
    assert not reached(hosts, ("lab", "frontend"), [target])
    hosts.kubectl("delete", "networkpolicies", "--all", "--namespace", "lab")
    hosts.planes[0].wait_for("a connection", 60, lambda: bool(reached(hosts, ("lab", "frontend"), [target])))
