"""What Google refuses: whoever comes too early, and what it cannot have.

Guards against a program whose order only a project holds that has had a cluster before.
"""

from pathlib import Path
from typing import Any

import pytest

from automation.diagnosis import remedy
from common.paths import REHEARSAL
from rehearsal.providers.base import ProviderError, Request, ResourceState
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.clusters import Access
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.store import Resource

PROJECT = "shop-dev"
CLUSTER = "gcp:container/cluster:Cluster"
SERVICE = "gcp:projects/service:Service"
RING = "gcp:kms/keyRing:KeyRing"
MEMBER = "gcp:projects/iAMMember:IAMMember"
IDENTITY = "gcp:projects/serviceIdentity:ServiceIdentity"


class Google:
    """A project in which nothing was done yet."""

    def __init__(self) -> None:
        self.stand_in = GcpStandIn()
        self.stand_in.configure({"gcp:project": PROJECT, "gcp:region": "europe-west3"})

    def make(self, type_: str, **inputs: Any) -> ResourceState:
        """Create a resource, as the engine would."""
        urn = f"urn:pulumi:s::p::{type_}::it"
        checked, failures = self.stand_in.check(Request(urn, inputs=inputs))
        assert list(failures) == []
        return self.stand_in.create(Request(urn, inputs=checked))

    def refused(self, type_: str, **inputs: Any) -> str:
        """Try to create a resource, which has to fail; what Google says comes back."""
        with pytest.raises(ProviderError) as caught:
            self.make(type_, **inputs)
        return str(caught.value)

    def enable(self, *apis: str, off: bool = False) -> list[ResourceState]:
        return [self.make(SERVICE, service=f"{api}.googleapis.com", disableOnDestroy=off) for api in apis]

    def delete(self, type_: str, state: ResourceState) -> None:
        self.stand_in.delete(Request(f"urn:pulumi:s::p::{type_}::it", id=state.id, state=state.outputs))


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Google:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    return Google()


@pytest.mark.parametrize(
    ("on", "type_", "inputs", "off"),
    [
        ([], SERVICE, {"service": "iam.googleapis.com"}, "cloudresourcemanager"),
        (["cloudresourcemanager"], "gcp:serviceaccount/account:Account", {"accountId": "account"}, "iam"),
        (["cloudresourcemanager", "iam"], RING, {"location": "europe-west3"}, "cloudkms"),
        (["cloudresourcemanager", "iam"], "gcp:compute/network:Network", {}, "compute"),
    ],
)
def test_an_api_that_is_off_answers_nothing(
    google: Google, on: list[str], type_: str, inputs: dict[str, Any], off: str
) -> None:
    google.enable(*on)
    said = google.refused(type_, **inputs)
    assert f"{off}.googleapis.com has not been used in project {PROJECT} before or it is disabled" in said
    assert "wait minutes" in remedy(said)
    google.enable(off)
    google.make(type_, **inputs)


@pytest.mark.parametrize("off", [False, True])
def test_an_api_stays_on_when_its_stack_goes_unless_that_says_otherwise(google: Google, off: bool) -> None:
    _, kms = google.enable("cloudresourcemanager", "cloudkms", off=off)
    google.delete(SERVICE, kms)
    if off:
        google.refused(RING, location="europe-west3")
    else:
        google.make(RING, location="europe-west3")


def test_the_names_of_key_rings_and_keys_stay_taken(google: Google) -> None:
    google.enable("cloudresourcemanager", "cloudkms")
    ring = google.make(RING, location="europe-west3", name="ring")
    google.delete(RING, ring)
    assert "already exists" in google.refused(RING, location="europe-west3", name="ring")
    google.make(RING, location="europe-west3")


def test_pods_are_members_once_the_project_has_had_a_cluster(google: Google) -> None:
    google.enable("cloudresourcemanager")
    grant = {"project": PROJECT, "role": "roles/viewer", "member": f"serviceAccount:{PROJECT}.svc.id.goog[shop/web]"}
    assert f"Identity Pool does not exist ({PROJECT}.svc.id.goog)" in google.refused(MEMBER, **grant)
    id_ = f"projects/{PROJECT}/locations/europe-west3/clusters/shop"
    google.stand_in.store.put(Resource(CLUSTER, id_, "shop", {}), "complete")
    google.make(MEMBER, **grant)


def test_gkes_own_account_is_a_member_once_it_was_asked_for(google: Google) -> None:
    google.enable("cloudresourcemanager", "container")
    robot = "service-111122223333@container-engine-robot.iam.gserviceaccount.com"
    grant = {"project": PROJECT, "role": "roles/viewer", "member": f"serviceAccount:{robot}"}
    assert f"Service account {robot} does not exist" in google.refused(MEMBER, **grant)
    google.make(IDENTITY, service="container.googleapis.com")
    google.make(MEMBER, **grant)


SUBNET = "gcp:compute/subnetwork:Subnetwork"
POOL = "gcp:container/nodePool:NodePool"
FREEZE = {"exclusionName": "summer", "startTime": "2026-06-15T00:00:00Z", "endTime": "2026-09-11T23:59:59Z"}
MONTH = {**FREEZE, "endTime": "2026-07-14T23:59:59Z"}
WINDOW = {
    "startTime": "2026-01-10T22:00:00Z",
    "endTime": "2026-01-11T22:00:00Z",
    "recurrence": "FREQ=WEEKLY;BYDAY=SA",
}
CHRISTMAS = {**FREEZE, "startTime": "2026-12-21T00:00:00Z", "endTime": "2027-01-03T23:59:59Z"}
PATCHED = {"exclusionOptions": {"scope": "NO_MINOR_UPGRADES"}}
SCARCE = "would go longer than 32d without 48h maintenance availability"
MODEST = {"enableAutopilot": True, "location": "europe-west3", "name": "shop"}


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({}, ""),
        ({"maintenancePolicy": {"maintenanceExclusions": [MONTH]}}, ""),
        ({"maintenancePolicy": {"maintenanceExclusions": [FREEZE]}}, "summer is longer than 30 days"),
        ({"maintenancePolicy": {"maintenanceExclusions": [MONTH] * 4}}, "at most 3 are allowed"),
        ({"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "2001:db8::/32"}]}}, "must be IPv4"),
        ({"resourceLabels": {"goog-x": "y"}}, "the prefix goog is reserved"),
        ({"resourceLabels": {f"k{each}": "v" for each in range(65)}}, "at most 64 are allowed"),
        ({"authenticatorGroupsConfig": {"securityGroup": "all@example.com"}}, "must be gke-security-groups@DOMAIN"),
        (
            {"clusterAutoscaling": {"resourceLimits": [{"resourceType": "memory", "maximum": 0}]}},
            "maximum of memory to be at least (1)",
        ),
        ({"ipAllocationPolicy": {"clusterSecondaryRangeName": "small"}}, "has not the size of /9 to /24"),
        ({"ipAllocationPolicy": {"clusterSecondaryRangeName": "none"}}, 'Secondary range "none" not found'),
        (
            {"ipAllocationPolicy": {"clusterSecondaryRangeName": "x", "servicesSecondaryRangeName": "x"}},
            "should not be the same as service secondary range",
        ),
        (
            {"networkPolicy": {"enabled": True}, "datapathProvider": "ADVANCED_DATAPATH"},
            "DatapathProvider=ADVANCED_DATAPATH is not allowed",
        ),
        ({"networkPolicy": {"enabled": True}}, "network policy addon must be enabled"),
        ({"workloadIdentityConfig": {"workloadPool": "another.svc.id.goog"}}, "only the project's own is supported"),
        ({"workloadIdentityConfig": {"workloadPool": f"{PROJECT}.svc.id.goog"}}, ""),
        (
            {"databaseEncryption": {"keyName": "projects/p/locations/global/keyRings/r/cryptoKeys/k"}},
            "must be in the same location as the cluster",
        ),
        ({"databaseEncryption": {"keyName": "projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k"}}, ""),
    ],
    ids=str,
)
def test_a_cluster_that_gke_does_not_take_is_refused(google: Google, inputs: dict[str, Any], reason: str) -> None:
    ranges = [{"rangeName": "small", "ipCidrRange": "10.1.0.0/25"}]
    google.stand_in.store.put(Resource(SUBNET, "nodes", "nodes", {"secondaryIpRanges": ranges}))
    id_ = f"projects/{PROJECT}/locations/europe-west3/clusters/shop"
    cluster = Resource(CLUSTER, id_, "shop", {**MODEST, "subnetwork": "nodes", **inputs})
    assert matches(refusal(google, cluster), reason)


@pytest.mark.parametrize(
    ("window", "exclusions", "reason"),
    [
        ({}, [], ""),
        ({"endTime": "2026-01-11T10:00:00Z"}, [], ""),
        ({"endTime": "2026-01-11T09:00:00Z"}, [], SCARCE),
        ({"recurrence": "FREQ=DAILY", "endTime": "2026-01-11T02:00:00Z"}, [], ""),
        ({"recurrence": "FREQ=DAILY", "endTime": "2026-01-11T01:00:00Z"}, [], SCARCE),
        ({"endTime": "2026-01-10T22:00:00Z"}, [], "which is not after its start"),
        ({"recurrence": "FREQ=WEEKLY;BYDAY=SATURDAY"}, [], "invalid recurrence"),
        ({}, [CHRISTMAS], ""),
        ({}, [{**CHRISTMAS, "startTime": "2026-12-18T00:00:00Z"}], SCARCE),
        ({}, [{**CHRISTMAS, "endTime": "2027-01-09T23:59:59Z"}], SCARCE),
        (
            {},
            [{**CHRISTMAS, "exclusionOptions": {"scope": "NO_MINOR_UPGRADES"}, "endTime": "2027-05-01T00:00:00Z"}],
            "",
        ),
        ({"endTime": "2026-01-11T10:00:00Z"}, [CHRISTMAS], SCARCE),
    ],
    ids=str,
)
def test_a_policy_leaves_gke_48_hours_in_32_days(
    google: Google, window: dict[str, str], exclusions: list[dict[str, Any]], reason: str
) -> None:
    policy = {"recurringWindow": WINDOW | window, "maintenanceExclusions": exclusions}
    id_ = f"projects/{PROJECT}/locations/europe-west3/clusters/shop"
    assert matches(refusal(google, Resource(CLUSTER, id_, "shop", {**MODEST, "maintenancePolicy": policy})), reason)


@pytest.mark.parametrize(
    ("config", "upgrade", "reason"),
    [
        ({"diskSizeGb": 50}, {"maxSurge": 1}, ""),
        ({"diskSizeGb": 5}, {}, "not within 10..65536"),
        ({"diskSizeGb": 40, "imageType": "WINDOWS_LTSC_CONTAINERD"}, {}, "not within 50..65536"),
        ({"labels": {"cloud.google.com/gke-nodepool": "mine"}}, {}, "the prefix is reserved"),
        ({"labels": {"kubernetes.io/role": "worker"}}, {}, "the prefix is reserved"),
        ({}, {"maxSurge": 0}, "are 0 together"),
        ({}, {"maxSurge": 15, "maxUnavailable": 10}, "are 25 together"),
        ({}, {"strategy": "BLUE_GREEN", "maxSurge": 0}, ""),
    ],
    ids=str,
)
def test_a_pool_that_gke_does_not_take_is_refused(
    google: Google, config: dict[str, Any], upgrade: dict[str, Any], reason: str
) -> None:
    google.stand_in.store.put(Resource(CLUSTER, "shop", "shop", {}, {"name": "shop", "masterVersion": "1.36.0"}))
    pool = Resource(POOL, "it", "it", {"cluster": "shop", "nodeConfig": config, "upgradeSettings": upgrade})
    assert matches(refusal(google, pool), reason)


@pytest.mark.parametrize(
    ("cluster", "inputs", "reason"),
    [
        ({}, {"management": {"autoUpgrade": False}}, ""),
        ({"releaseChannel": {"channel": "REGULAR"}}, {"management": {"autoUpgrade": True, "autoRepair": True}}, ""),
        ({"releaseChannel": {"channel": "REGULAR"}}, {"management": {"autoRepair": False}}, "channel REGULAR is set"),
        ({}, {"nodeConfig": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}}, "when workload identity is enabled"),
        ({"workloadIdentityConfig": {}}, {"nodeConfig": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}}, ""),
    ],
    ids=str,
)
def test_a_pool_goes_with_its_cluster(
    google: Google, cluster: dict[str, Any], inputs: dict[str, Any], reason: str
) -> None:
    google.stand_in.store.put(Resource(CLUSTER, "shop", "shop", cluster, {"name": "shop", "masterVersion": "1.36.0"}))
    assert matches(refusal(google, Resource(POOL, "it", "it", {"cluster": "shop", **inputs})), reason)


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        (("10.0.1.0/24",), ""),
        (("10.0.0.0/25",), "10.0.0.0/25 conflicts with subnetwork 'nodes'"),
        (("10.0.1.0/24", "10.4.8.0/24"), "10.4.8.0/24 conflicts with subnetwork 'nodes'"),
        (("10.0.1.0/24", "10.0.1.0/24"), "10.0.1.0/24 conflicts with subnetwork 'more'"),
    ],
)
def test_no_two_ranges_of_a_network_overlap(google: Google, ranges: tuple[str, ...], reason: str) -> None:
    first, second = (
        {
            "network": "n",
            "ipCidrRange": own,
            "secondaryIpRanges": [{"rangeName": str(each), "ipCidrRange": each} for each in others],
        }
        for own, *others in (("10.0.0.0/24", "10.4.0.0/16"), ranges)
    )
    google.stand_in.store.put(Resource(SUBNET, "nodes", "nodes", first))
    assert matches(refusal(google, Resource(SUBNET, "more", "more", second)), reason)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"ipCidrRange": "10.0.0.0/24"}, {"ipCidrRange": "10.0.0.0/20"}, ""),
        ({"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/24"}, "must contain the old one"),
        (None, {"ipCidrRange": "169.254.0.0/24"}, "is a reserved range"),
        (None, {"ipCidrRange": "10.0.0.0/27", "purpose": "REGIONAL_MANAGED_PROXY"}, "smaller than /26"),
        (
            {"ipCidrRange": "10.0.0.0/20", "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}]},
            {"ipCidrRange": "10.0.0.0/20", "secondaryIpRanges": [{"rangeName": "pods", "ipCidrRange": "10.64.0.0/14"}]},
            "Secondary range pods is in use",
        ),
    ],
)
def test_a_subnet_keeps_what_is_in_use(
    google: Google, before: dict[str, Any] | None, after: dict[str, Any], reason: str
) -> None:
    google.stand_in.store.put(Resource(CLUSTER, "shop", "shop", {"subnetwork": "nodes"}))
    old = Resource(SUBNET, "nodes", "nodes", before) if before else None
    assert matches(refusal(google, Resource(SUBNET, "nodes", "nodes", after), old), reason)


def test_names_of_a_cluster_are_cloud_dns_where_that_is_on(google: Google) -> None:
    id_ = f"projects/{PROJECT}/locations/europe-west3/clusters/shop"
    cluster = Resource(CLUSTER, id_, "shop", {**MODEST, "dnsConfig": {"clusterDns": "CLOUD_DNS"}})
    google.enable("cloudresourcemanager")
    with pytest.raises(Refused) as refused:
        google.stand_in.behaviours[CLUSTER].accept(None, cluster, google.stand_in.store)
    assert refused.value.words["api"] == "dns.googleapis.com"
    google.stand_in.store.put(Resource(SERVICE, f"{PROJECT}/dns.googleapis.com", "dns", {}), "create")
    assert not refusal(google, cluster)


def refusal(google: Google, new: Resource, old: Resource | None = None) -> str:
    """Why Google does not take a resource; nothing, if it does."""
    try:
        google.stand_in.behaviours[new.type].accept(old, new, google.stand_in.store)
    except Refused as refused:
        return refused.words["reason"]
    return ""


def matches(said: str, reason: str) -> bool:
    return reason in said if reason else not said


@pytest.mark.parametrize(
    ("private", "by_name", "answers"),
    [(False, False, {"endpoint"}), (True, False, set()), (True, True, {"name"}), (False, True, {"endpoint", "name"})],
)
def test_a_private_endpoint_leads_nowhere_in_the_run_that_makes_its_network(
    google: Google, private: bool, by_name: bool, answers: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked in ("start", "access"):
        monkeypatch.setattr(clusters, asked, lambda name: Access(f"https://{name}.test", ""))
    google.enable("cloudresourcemanager", "container")
    inputs = {
        **MODEST,
        "privateClusterConfig": {"enablePrivateEndpoint": private},
        "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"allowExternalTraffic": by_name}},
    }
    state = google.make(CLUSTER, **inputs)
    assert reached(state) == answers
    urn = f"urn:pulumi:s::p::{CLUSTER}::it"
    again = google.stand_in.update(Request(urn, id=state.id, inputs=inputs, old_inputs=inputs, state=state.outputs))
    assert reached(again) == {"endpoint", "name"}, "by now the network can have been connected"


def reached(cluster: ResourceState) -> set[str]:
    """By which of its endpoints a cluster is reached."""
    by_name = cluster.outputs["controlPlaneEndpointsConfig"]["dnsEndpointConfig"]["endpoint"]
    found = {"endpoint": cluster.outputs["endpoint"], "name": by_name}
    return {way for way, host in found.items() if host == "shop.test"}
