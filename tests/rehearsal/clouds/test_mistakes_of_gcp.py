"""Mistakes that a program can make and Google does not take: roles, members, keys, firewalls, NAT, places of nodes."""

from typing import Any

import pytest

from rehearsal.providers.base import Request
from rehearsal.providers.clouds.gcp.values import KEY, NAT, ROUTER
from rehearsal.providers.clouds.store import Resource
from tests.rehearsal.clouds.test_gcp import (
    CLUSTER,
    MEMBER,
    MODEST,
    POOL,
    PROJECT,
    SUBNET,
    Google,
    google,
    matches,
    refusal,
)

__all__ = ["google"]  # a fixture

FIREWALL, BUCKET = "gcp:compute/firewall:Firewall", "gcp:storage/bucket:Bucket"
ID = f"projects/{PROJECT}/locations/europe-west3/clusters/shop"
IN = {"direction": "INGRESS", "sourceRanges": ["10.0.0.0/8"]}
ACCOUNT = f"serviceAccount:web@{PROJECT}.iam.gserviceaccount.com"


def cluster(**inputs: Any) -> Resource:
    return Resource(CLUSTER, ID, "shop", {**MODEST, **inputs}, {"location": "europe-west3", "name": "shop"})


def pool(google: Google, of: dict[str, Any] | None = None, **inputs: Any) -> str:
    """Why a pool of a cluster with these inputs is refused."""
    running = {"name": "shop", "location": "europe-west3", "masterVersion": "1.36.0"}
    google.stand_in.store.put(Resource(CLUSTER, ID, "shop", of or {}, running))
    return refusal(google, Resource(POOL, "it", "it", {"cluster": "shop", **inputs}))


@pytest.mark.parametrize(
    ("role", "member", "reason"),
    [
        ("roles/storage.objectAdmin", ACCOUNT, ""),
        (f"projects/{PROJECT}/roles/ours", ACCOUNT, ""),
        ("roles/container.nodeAccount", ACCOUNT, "Role roles/container.nodeAccount is not supported"),
        ("storage.objectAdmin", ACCOUNT, "Role storage.objectAdmin is not supported"),
        ("roles/viewer", ACCOUNT.removeprefix("serviceAccount:"), "Invalid member"),
        (
            "roles/viewer",
            f"serviceAccount:{PROJECT}.svc.id.goog[web]",
            "pods are PROJECT.svc.id.goog[NAMESPACE/ACCOUNT]",
        ),
    ],
)
def test_a_role_is_one_that_there_is_and_a_member_says_what_it_is(
    google: Google, role: str, member: str, reason: str
) -> None:
    assert matches(refusal(google, Resource(MEMBER, "it", "it", {"role": role, "member": member})), reason)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"rotationPeriod": "7776000s"}, ""),
        ({"rotationPeriod": "3600s"}, "a day (86400s) or more"),
        ({"purpose": "ASYMMETRIC_SIGN"}, ""),
        ({"purpose": "ASYMMETRIC_SIGN", "rotationPeriod": "7776000s"}, "for ENCRYPT_DECRYPT alone"),
    ],
    ids=str,
)
def test_a_key_rotates_where_it_can(google: Google, inputs: dict[str, str], reason: str) -> None:
    assert matches(refusal(google, Resource(KEY, "key", "key", inputs)), reason)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        (IN, ""),
        ({**IN, "direction": "EGRESS"}, "the direction EGRESS cannot have sources"),
        ({"direction": "INGRESS"}, "one of source_tags, source_ranges, or source_service_accounts"),
        ({**IN, "targetTags": ["a"], "targetServiceAccounts": ["b"]}, "cannot be given together"),
    ],
    ids=str,
)
def test_a_firewall_has_sources_for_what_comes_in(google: Google, inputs: dict[str, Any], reason: str) -> None:
    assert matches(refusal(google, Resource(FIREWALL, "it", "it", inputs)), reason)


@pytest.mark.parametrize(
    ("inputs", "region", "reason"),
    [
        ({"enableDynamicPortAllocation": True}, "europe-west3", ""),
        (
            {"enableDynamicPortAllocation": True, "enableEndpointIndependentMapping": True},
            "europe-west3",
            "exclude each",
        ),
        ({"sourceSubnetworkIpRangesToNat": "LIST_OF_SUBNETWORKS"}, "europe-west3", "names one at least"),
        ({}, "us-east1", "The resource 'regions/us-east1/routers/shop' was not found"),
    ],
    ids=str,
)
def test_nat_is_for_something_in_the_region_of_its_router(
    google: Google, inputs: dict[str, Any], region: str, reason: str
) -> None:
    google.stand_in.store.put(Resource(ROUTER, "r", "r", {}, {"name": "shop", "region": "europe-west3"}))
    assert matches(refusal(google, Resource(NAT, "it", "it", {"router": "shop", **inputs}, {"region": region})), reason)


@pytest.mark.parametrize(("location", "reason"), [("europe-west3", ""), ("EU", ""), ("europe-west3-a", "is not valid")])
def test_a_bucket_is_in_no_zone(google: Google, location: str, reason: str) -> None:
    assert matches(refusal(google, Resource(BUCKET, "it", "it", {"location": location})), reason)


def test_a_subnet_of_proxies_is_active_or_in_reserve(google: Google) -> None:
    proxies = {"ipCidrRange": "10.0.0.0/24", "purpose": "REGIONAL_MANAGED_PROXY"}
    assert "is ACTIVE or BACKUP" in refusal(google, Resource(SUBNET, "it", "it", proxies))
    assert not refusal(google, Resource(SUBNET, "it", "it", {**proxies, "role": "ACTIVE"}))


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"nodeLocations": ["europe-west3-b"]}, ""),
        ({"nodeLocations": ["us-east1-b"]}, "Location us-east1-b is not in the cluster's region"),
        ({"subnetwork": "far"}, "far is in region us-east1"),
        (
            {"privateClusterConfig": {"enablePrivateNodes": True}, "networkingMode": "ROUTES"},
            "want a VPC-native cluster",
        ),
        ({"databaseEncryption": {"keyName": "signs"}}, "it must be a symmetric key"),
    ],
    ids=str,
)
def test_a_cluster_is_where_its_network_is(google: Google, inputs: dict[str, Any], reason: str) -> None:
    google.stand_in.store.put(Resource(SUBNET, "far", "far", {}, {"region": "us-east1"}))
    google.stand_in.store.put(Resource(KEY, "signs", "signs", {"purpose": "ASYMMETRIC_SIGN"}))
    assert matches(refusal(google, cluster(**inputs)), reason)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"nodeLocations": ["us-east1-b"]}, "Location us-east1-b is not in the cluster's region"),
        ({"maxPodsPerNode": 300}, "not between 8 and 256"),
        ({"nodeConfig": {"machineType": "e2-standard-4", "diskType": "hyperdisk-balanced"}}, "cannot be used by e2-"),
        ({"nodeConfig": {"machineType": "n4-standard-4", "diskType": "pd-balanced"}}, "cannot be used by n4-"),
        ({"nodeConfig": {"machineType": "n4-standard-4", "diskType": "hyperdisk-balanced"}}, ""),
    ],
    ids=str,
)
def test_nodes_are_where_their_cluster_is_on_disks_of_their_kind(
    google: Google, inputs: dict[str, Any], reason: str
) -> None:
    assert matches(pool(google, **inputs), reason)


@pytest.mark.parametrize(
    ("to_google", "translated", "reason"),
    [(False, False, "neither Cloud NAT nor Private Google Access"), (True, False, ""), (False, True, "")],
)
def test_nodes_without_addresses_want_a_way_to_google(
    google: Google, to_google: bool, translated: bool, reason: str
) -> None:
    google.stand_in.store.put(Resource(SUBNET, "nodes", "nodes", {"privateIpGoogleAccess": to_google}))
    if translated:
        every = {"sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES", "router": "r"}
        google.stand_in.store.put(Resource(NAT, "nat", "nat", every))
    private = {"subnetwork": "nodes", "privateClusterConfig": {"enablePrivateNodes": True}}
    assert matches(pool(google, private), reason)


def test_autopilot_has_no_first_pool_to_drop(google: Google) -> None:
    inputs = {**MODEST, "removeDefaultNodePool": True}
    _, failures = google.stand_in.check(Request(f"urn:pulumi:s::p::{CLUSTER}::it", inputs=inputs))
    assert "conflicts with enableAutopilot" in " ".join(each.reason for each in failures)
