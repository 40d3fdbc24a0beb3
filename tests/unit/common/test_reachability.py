"""A policy read otherwise than a network plugin reads it. tests/policy/test_reachability.py asks an oracle."""

from ipaddress import ip_network
from typing import Any

import pytest

from common.reachability import ALL_PORTS, NO_PORTS, Address, Network, Pod, Ports, includes, selects
from common.reachability.addresses import overlaps
from common.reachability.network import Direction

FRONTEND = Pod("shop", {"app": "frontend"}, [{"name": "web", "containerPort": 8080}])
DB = Pod(
    "lab",
    {"app": "db"},
    [{"name": "web", "containerPort": 5432}, {"name": "web", "containerPort": 53, "protocol": "UDP"}],
)
NODE_AGENT = Pod("lab", {"app": "db"}, host_network=True, addresses=[ip_network("192.168.0.0/16")])
NAMESPACES = {"shop": {"team": "a"}, "lab": {"team": "b"}}


def policy(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "it", "namespace": "lab"}, "spec": {"podSelector": {}, **spec}}


def reach(*policies: dict[str, Any], source: Pod | Address = FRONTEND, to: Pod | Address = DB) -> str:
    return str(Network(NAMESPACES, policies).allowed(source, to))


def test_without_policies_everything_is_open() -> None:
    assert reach() == "every port"


def test_a_policy_without_rules_closes_its_directions_only() -> None:
    closed = policy(policyTypes=["Ingress"])
    assert reach(closed) == ""
    assert reach(closed, source=DB, to=FRONTEND) == "every port"


def test_egress_counts_without_policy_types_only_if_there_are_rules() -> None:
    assert reach(policy(), source=DB, to=FRONTEND) == "every port"
    assert reach(policy(egress=[{"ports": [{"port": 80}]}]), source=DB, to=FRONTEND) == "TCP 80"


def test_a_named_port_is_the_destinations_and_of_its_protocol() -> None:
    assert reach(policy(ingress=[{"ports": [{"port": "web"}]}])) == "TCP 5432"
    assert reach(policy(ingress=[{"ports": [{"port": "web", "protocol": "UDP"}]}])) == "UDP 53"
    assert reach(policy(egress=[{"ports": [{"port": "web"}]}]), source=DB, to=FRONTEND) == "TCP 8080"
    assert reach(policy(egress=[{"ports": [{"port": "web"}]}]), source=DB, to=Address(ip_network("8.8.8.8"))) == ""


def test_ranges_and_protocols_without_ports() -> None:
    ports = [{"port": 100, "endPort": 200}, {"port": 201}, {"protocol": "SCTP"}]
    assert reach(policy(ingress=[{"ports": ports}])) == "TCP 100-201, every SCTP port"


def test_policies_add_up() -> None:
    ports = [policy(ingress=[{"ports": [{"port": port}]}]) for port in (80, 443)]
    assert reach(*ports) == "TCP 80, TCP 443"


def test_both_ends_must_open() -> None:
    own = {"metadata": {"name": "out", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}}
    assert reach(policy(ingress=[{}])) == "every port"
    assert reach(policy(ingress=[{}]), own) == ""


@pytest.mark.parametrize(
    ("peer", "opens"),
    [
        ({"podSelector": {}}, False),
        ({"namespaceSelector": {}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "a"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, False),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "frontend"}}}, True),
        ({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "other"}}}, False),
        ({"ipBlock": {"cidr": "0.0.0.0/0"}}, False),
    ],
)
def test_a_peer_is_found_by_namespace_and_labels_together(peer: dict[str, Any], opens: bool) -> None:
    assert bool(reach(policy(ingress=[{"from": [peer]}]))) is opens


def test_a_named_port_is_the_one_of_that_name() -> None:
    pod = Pod(
        "lab", {}, [{"name": name, "containerPort": port} for name, port in (("admin", 9), ("web", 80), ("x", 7))]
    )
    assert reach(policy(ingress=[{"ports": [{"port": "web"}]}]), to=pod) == "TCP 80"


def test_an_address_is_in_a_block_unless_an_exception_has_it() -> None:
    block = policy(egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}])
    assert reach(block, source=DB, to=Address(ip_network("10.2.0.1"))) == "every port"
    assert reach(block, source=DB, to=Address(ip_network("10.1.0.1"))) == ""
    assert reach(block, source=DB, to=Address(ip_network("11.0.0.1"))) == ""
    assert reach(block, source=DB, to=Address(ip_network("fd00::1"))) == ""


def test_policies_leave_the_hosts_network_alone_and_selectors_do_not_find_it() -> None:
    assert reach(policy(policyTypes=["Ingress"]), to=NODE_AGENT) == "every port"
    assert reach(policy(ingress=[{"from": [{"podSelector": {}}]}]), source=NODE_AGENT) == ""
    assert (
        reach(policy(ingress=[{"from": [{"ipBlock": {"cidr": "192.168.1.0/24"}}]}]), source=NODE_AGENT) == "every port"
    )


def test_openness_is_what_rules_open_at_most() -> None:
    anybody = Pod("", {}, addresses=[ip_network("10.0.0.0/8")])

    def openness(direction: Direction, *policies: dict[str, Any]) -> tuple[str, dict[str, set[str]]]:
        found = Network(NAMESPACES, policies).openness(DB, direction, anybody)
        return str(found.to_all), {str(ports): set(names) for ports, names in found.to_some}

    web = [{"port": 80}]
    assert openness("Ingress") == ("every port", {})
    assert openness("Ingress", policy(policyTypes=["Ingress"])) == ("", {})
    assert openness("Ingress", policy(ingress=[{"ports": web}])) == ("TCP 80", {})
    for cidr, ports in (("10.1.0.0/16", "TCP 80"), ("192.168.0.0/16", "")):
        block = policy(ingress=[{"from": [{"ipBlock": {"cidr": cidr}}], "ports": web}])
        assert openness("Ingress", block) == (ports, {})
    assert openness("Ingress", policy(ingress=[{"from": [{"podSelector": {}}]}])) == ("", {"every port": {"lab"}})
    named = [{"port": "no-such-name"}]
    assert openness("Ingress", policy(ingress=[{"ports": named}])) == ("", {})
    assert openness("Egress", policy(egress=[{"ports": named}])) == ("every port", {})
    both = policy(egress=[{"to": [{"podSelector": {}}], "ports": web}, {"to": [{"ipBlock": {"cidr": "10.0.0.0/9"}}]}])
    assert openness("Egress", both) == ("every port", {"TCP 80": {"lab"}})


def test_a_block_includes_what_is_in_it_as_a_whole() -> None:
    ten, half, inside = map(ip_network, ("10.0.0.0/8", "10.0.0.0/9", "10.96.0.10/32"))
    assert includes(ten, (), ten)
    assert includes(ip_network("0.0.0.0/0"), (half,), ip_network("192.168.0.0/16"))
    assert not includes(half, (), ten)
    assert not includes(ip_network("10.128.0.0/9"), (), ten)
    assert not includes(ten, (inside,), ten)
    assert not includes(ip_network("::/0"), (), ten)


@pytest.mark.parametrize(
    ("operator", "values", "selected"),
    [
        ("In", ["a", "c"], {"a"}),
        ("NotIn", ["a"], {"b", None}),
        ("Exists", [], {"a", "b"}),
        ("DoesNotExist", [], {None}),
    ],
)
def test_the_operators_of_selectors(operator: str, values: list[str], selected: set[str | None]) -> None:
    selector = {"matchExpressions": [{"key": "x", "operator": operator, "values": values}]}
    labels: dict[str | None, dict[str, str]] = {"a": {"x": "a"}, "b": {"x": "b"}, None: {}}
    assert {value for value, having in labels.items() if selects(selector, having)} == selected


def test_no_selector_selects_nothing_and_an_unknown_operator_is_an_error() -> None:
    assert not selects(None, {})
    with pytest.raises(ValueError, match="no operator Equals"):
        selects({"matchExpressions": [{"key": "x", "operator": "Equals"}]}, {})


@pytest.mark.parametrize(
    ("exceptions", "network", "expected"),
    [
        ([], "10.0.0.0/24", True),
        (["10.0.0.0/25", "10.0.0.128/25"], "10.0.0.0/24", False),
        (["10.0.0.0/25", "10.0.0.128/26"], "10.0.0.0/24", True),
        (["10.0.0.0/24"], "10.0.0.0/23", True),
        (["9.0.0.0/8", "10.0.0.0/25"], "10.0.0.64/32", False),
        (["10.0.0.0/25"], "10.0.0.128/32", True),
    ],
)
def test_a_block_with_exceptions_overlaps_what_any_address_of_is_left(
    exceptions: list[str], network: str, expected: bool
) -> None:
    left_out = [ip_network(each) for each in exceptions]
    assert overlaps(ip_network("10.0.0.0/8"), left_out, ip_network(network)) is expected


def test_sets_of_ports() -> None:
    assert list((Ports.of("TCP", 1, 3) | Ports.of("UDP", 5)).ranges()) == [("TCP", 1, 3), ("UDP", 5, 5)]
    assert Ports.of("TCP", 1, 3) & Ports.of("TCP", 3, 9) == Ports.of("TCP", 3)
    assert Ports.of("TCP", 0) == Ports.of("TCP", 9, 3) == Ports.of("ICMP", 1) == NO_PORTS
    assert Ports.of("TCP", 65000, 99999) == Ports.of("TCP", 65000, 65535)
    assert Ports.of("SCTP", 65535) <= ALL_PORTS
    assert not Ports.of("TCP", 1) >= Ports.of("TCP", 1, 2)
