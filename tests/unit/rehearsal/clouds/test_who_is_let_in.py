"""Who reaches an API server, by what each cloud is told of it: not who is outside."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import pytest

from rehearsal.providers.clouds.aws import eks, firewalls
from rehearsal.providers.clouds.azure_native import aks
from rehearsal.providers.clouds.azure_native.subnets import SUBNET
from rehearsal.providers.clouds.gcp import gke
from rehearsal.providers.clouds.store import Resource, Store

OFFICE, ANYBODY, INSIDE = (IPv4Address(each) for each in ("203.0.113.7", "198.51.100.9", "10.8.0.5"))
NAMED, CONNECTED = ["203.0.113.7/32"], "10.8.0.0/16"
FIREWALL: Final = "azure-native:network:NetworkSecurityGroup"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with a security group and a subnet that let in the connected network."""
    store = Store(tmp_path)
    rule = {"securityGroupId": "sg", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": CONNECTED}
    store.put(Resource(firewalls.IN, "rule", "rule", rule))
    allowed = {"access": "Allow", "direction": "Inbound", "sourceAddressPrefixes": [CONNECTED]}
    store.put(Resource(FIREWALL, "firewall", "firewall", {"securityRules": [allowed]}))
    store.put(Resource(SUBNET, "subnet", "subnet", {"networkSecurityGroup": {"id": "firewall"}}))
    return store


def let_in(lets_in: Any, inputs: dict[str, Any], store: Store) -> list[bool]:
    """Whether somebody who is named, anybody else, and somebody within are let in."""
    return [lets_in(Resource("", "one", "one", inputs), store, who) for who in (OFFICE, ANYBODY, INSIDE)]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ({"publicAccessCidrs": NAMED, "endpointPrivateAccess": True}, [True, False, True]),
        ({"endpointPublicAccess": False, "endpointPrivateAccess": True}, [False, False, True]),
        ({"publicAccessCidrs": NAMED}, [True, False, False]),
        ({}, [True, True, True]),
    ],
)
def test_eks_lets_in_public_clients_and_connected_networks(
    access: dict[str, Any], expected: list[bool], store: Store
) -> None:
    assert let_in(eks.lets_in, {"vpcConfig": {"securityGroupIds": ["sg"], **access}}, store) == expected


def test_a_connected_network_is_let_in_by_the_clusters_own_security_groups(store: Store) -> None:
    private = {"endpointPublicAccess": False, "endpointPrivateAccess": True, "securityGroupIds": ["another"]}
    assert let_in(eks.lets_in, {"vpcConfig": private}, store) == [False, False, False]


@pytest.mark.parametrize(("private", "expected"), [(False, [True, False, True]), (True, [False, False, True])])
def test_gke_lets_in_authorized_networks(private: bool, expected: list[bool], store: Store) -> None:
    networks = {"cidrBlocks": [{"cidrBlock": each} for each in (*NAMED, CONNECTED)]}
    config = {"enablePrivateEndpoint": private}
    inputs = {"masterAuthorizedNetworksConfig": networks, "privateClusterConfig": config}
    assert let_in(gke.lets_in, inputs, store) == expected


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({"authorizedIPRanges": NAMED}, [True, False, False]),
        ({"enablePrivateCluster": True, "subnetId": "subnet"}, [False, False, True]),
        ({}, [True, True, True]),
    ],
)
def test_aks_lets_in_authorized_ranges_or_connected_networks(
    profile: dict[str, Any], expected: list[bool], store: Store
) -> None:
    assert let_in(aks.lets_in, {"apiServerAccessProfile": profile}, store) == expected
