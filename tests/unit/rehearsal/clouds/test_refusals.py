"""What the stand-in clouds refuse before anything is done, as the official providers do."""

from pathlib import Path
from typing import Any

import pytest

from common.paths import REHEARSAL
from rehearsal.providers.base import NotModelled, ProviderError, Request
from rehearsal.providers.clouds.aws.provider import AwsStandIn
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.gcp.project import SERVICE
from rehearsal.providers.clouds.gcp.provider import GcpStandIn
from rehearsal.providers.clouds.provider import CloudStandIn
from rehearsal.providers.clouds.store import NotRehearsing, Resource

CLUSTER = {"roleArn": "role", "vpcConfig": {"subnetIds": ["subnet"]}}
CLUSTER_OF_AZURE = "azure-native:containerservice:ManagedCluster"
POOL = {"resourceGroupName": "group", "resourceName": "shop", "vmSize": "Standard_D2s_v5"}
SCALING = {"minSize": 1, "maxSize": 2, "desiredSize": 1}
MISTAKES: list[tuple[type[CloudStandIn], str, dict[str, Any], str, str]] = [
    (AwsStandIn, "aws:ec2/vpc:Vpc", {"tags": {"a": 1}}, "tags.a", "must be a string"),
    (AwsStandIn, "aws:ec2/vpc:Vpc", {"cidrBlok": "10.0.0.0/16"}, "cidrBlok", "did you mean 'cidrBlock'?"),
    (AwsStandIn, "aws:ec2/subnet:Subnet", {}, "vpcId", "is required"),
    (
        AwsStandIn,
        "aws:ec2/subnet:Subnet",
        {"vpcId": "v", "availabilityZone": "a", "availabilityZoneId": "b"},
        "availabilityZoneId",
        "conflicts with availabilityZone",
    ),
    (
        AwsStandIn,
        "aws:eks/cluster:Cluster",
        {**CLUSTER, "encryptionConfig": {"resources": ["secrets"]}},
        "encryptionConfig.provider",
        "is required",
    ),
    (GcpStandIn, "gcp:container/cluster:Cluster", {"nodePools": []}, "nodePools", "is no property here"),
    (
        GcpStandIn,
        "gcp:container/nodePool:NodePool",
        {"cluster": "shop", "nodeConfig": {"diskSizeGb": "100"}},
        "nodeConfig.diskSizeGb",
        "must be an integer",
    ),
    (
        AzureNativeStandIn,
        "azure-native:containerservice:AgentPool",
        {**POOL, "osSKU": "Debian"},
        "osSKU",
        "must be one of",
    ),
    (
        AzureNativeStandIn,
        "azure-native:containerservice:AgentPool",
        {**POOL, "nodeTaints": "spot=true:NoSchedule"},
        "nodeTaints",
        "must be a list",
    ),
]


@pytest.fixture(autouse=True)
def _rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))


def request_for(type_: str, **properties: Any) -> Request:
    """What the engine asks of a resource `x`."""
    return Request(urn=f"urn:pulumi:dev::shop::{type_}::x", **properties)


@pytest.mark.parametrize(("provider", "type_", "inputs", "place", "reason"), MISTAKES)
def test_a_mistake_is_told_with_its_place(
    provider: type[CloudStandIn], type_: str, inputs: dict[str, Any], place: str, reason: str
) -> None:
    _, failures = provider().check(request_for(type_, inputs=inputs))
    assert [each.property for each in failures] == [place]
    assert [reason in each.reason for each in failures] == [True]


def test_a_provider_without_region_or_project_is_refused() -> None:
    assert [each.property for each in AwsStandIn().check_config({}, {})] == ["region"]
    assert [each.property for each in GcpStandIn().check_config({}, {"region": "europe-west3"})] == ["project"]


def test_provider_inputs_are_checked_though_they_come_as_text() -> None:
    given = {"region": "eu-central-1", "defaultTags": '{"tags": {"a": 1}}', "regoin": "x"}
    assert [each.property for each in AwsStandIn().check_config({}, given)] == ["defaultTags.tags.a", "regoin"]


def test_a_type_that_is_not_played_is_a_loud_error() -> None:
    with pytest.raises(NotModelled, match="aws:ec2/dedicatedHost:DedicatedHost"):
        AwsStandIn().check(request_for("aws:ec2/dedicatedHost:DedicatedHost", inputs={}))


def test_nothing_is_played_outside_a_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REHEARSAL)
    with pytest.raises(NotRehearsing, match="polykube rehearse"):
        AwsStandIn()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("1.34", "1.36", "unsupported Kubernetes minor version update from 1.34 to 1.36"),
        ("1.35", "1.34", "cannot be downgraded"),
        ("1.35", "1.29", "unsupported Kubernetes version 1.29; offered"),
    ],
)
def test_a_control_plane_goes_up_one_minor_at_a_time(old: str, new: str, reason: str) -> None:
    provider = AwsStandIn()
    id_, outputs, inputs = "shop", {"version": old, "name": "shop"}, {"name": "shop", "roleArn": "r", "version": new}
    _exists(provider, "aws:eks/cluster:Cluster", id_, outputs)
    for type_, name in (("aws:ec2/subnet:Subnet", "a"), ("aws:ec2/subnet:Subnet", "b"), ("aws:iam/role:Role", "r")):
        _exists(provider, type_, name, {"availabilityZone": name})
    changed = inputs | {"vpcConfig": {"subnetIds": ["a", "b"]}}
    with pytest.raises(ProviderError, match=reason):
        provider.update(request_for("aws:eks/cluster:Cluster", id=id_, inputs=changed))


def test_the_pool_that_an_aks_cluster_is_made_with_keeps_its_machines() -> None:
    provider = AzureNativeStandIn()
    pool = {"name": "system", "mode": "System", "vmSize": "Standard_D2s_v5", "count": 1}
    outputs = {"name": "shop", "currentKubernetesVersion": "1.36", "agentPoolProfiles": [pool]}
    _exists(provider, CLUSTER_OF_AZURE, "shop", outputs, {"agentPoolProfiles": [pool]})
    other = {"kubernetesVersion": "1.36", "agentPoolProfiles": [pool | {"vmSize": "Standard_D4s_v5"}]}
    with pytest.raises(ProviderError, match=r"Changing property 'agentPoolProfile\.vmSize' is not allowed"):
        provider.update(request_for(CLUSTER_OF_AZURE, id="shop", inputs=other))


def test_nodes_come_after_the_network_and_add_ons_after_the_nodes() -> None:
    provider = AwsStandIn()
    _exists(provider, "aws:eks/cluster:Cluster", "shop", {"version": "1.36"}, {"bootstrapSelfManagedAddons": False})
    for type_, name in (("aws:ec2/subnet:Subnet", "a"), ("aws:iam/role:Role", "r")):
        _exists(provider, type_, name, {"availabilityZone": "eu-central-1a"})
    group = {
        "clusterName": "shop",
        "nodeGroupName": "general",
        "nodeRoleArn": "r",
        "subnetIds": ["a"],
        "scalingConfig": SCALING,
    }
    with pytest.raises(ProviderError, match="cni plugin not initialized"):
        provider.create(request_for("aws:eks/nodeGroup:NodeGroup", inputs=group))
    addon = {"clusterName": "shop", "addonName": "coredns"}
    with pytest.raises(ProviderError, match="there are no nodes"):
        provider.create(request_for("aws:eks/addon:Addon", inputs=addon))
    wrong = {**group, "amiType": "AL2023_x86_64_STANDARD", "instanceTypes": ["m7g.large"]}
    with pytest.raises(ProviderError, match="not a valid instance type"):
        provider.create(request_for("aws:eks/nodeGroup:NodeGroup", inputs=wrong))


@pytest.mark.parametrize(
    ("pool", "cluster", "reason"),
    [
        ({"agentPoolName": "windows"}, {}, "6 characters or less"),
        ({"mode": "System"}, {}, "mode System"),
        ({}, {"windowsProfile": None}, "Windows profile"),
        ({}, {"networkProfile": {"networkDataplane": "cilium"}}, "cilium does not support Windows"),
    ],
)
def test_azure_has_windows_pools_under_conditions(pool: dict[str, Any], cluster: dict[str, Any], reason: str) -> None:
    provider = AzureNativeStandIn()
    made = {"kubernetesVersion": "1.36", "windowsProfile": {"adminUsername": "shop"}, **cluster}
    _exists(provider, "azure-native:containerservice:ManagedCluster", "shop", {"name": "shop"}, made)
    _exists(provider, "azure-native:resources:ResourceGroup", "group", {"name": "group"})
    windows = {**POOL, "agentPoolName": "win", "osType": "Windows", **pool}
    with pytest.raises(ProviderError, match=reason):
        provider.create(request_for("azure-native:containerservice:AgentPool", inputs=windows))


def test_dataplane_v2_has_no_windows_pools() -> None:
    provider = GcpStandIn()
    provider.configure({"project": "p"})
    _exists(provider, SERVICE, "p/container.googleapis.com", {})
    made = {"datapathProvider": "ADVANCED_DATAPATH"}
    _exists(provider, "gcp:container/cluster:Cluster", "shop", {"name": "shop", "masterVersion": "1.36.0-gke.1"}, made)
    windows = {"cluster": "shop", "nodeConfig": {"imageType": "WINDOWS_LTSC_CONTAINERD"}}
    with pytest.raises(ProviderError, match="not supported with Dataplane V2"):
        provider.create(request_for("gcp:container/nodePool:NodePool", inputs=windows))


def test_windows_and_linux_nodes_have_roles_of_their_own() -> None:
    provider = AwsStandIn()
    _exists(provider, "aws:eks/cluster:Cluster", "shop", {"version": "1.36"})
    for type_, name in (("aws:ec2/subnet:Subnet", "a"), ("aws:iam/role:Role", "r")):
        _exists(provider, type_, name, {"availabilityZone": "eu-central-1a"})
    group = {"clusterName": "shop", "nodeRoleArn": "r", "subnetIds": ["a"], "scalingConfig": SCALING}
    _exists(provider, "aws:eks/nodeGroup:NodeGroup", "general", {}, group)
    windows = {**group, "nodeGroupName": "windows", "amiType": "WINDOWS_CORE_2022_x86_64"}
    with pytest.raises(ProviderError, match="cannot share a node role"):
        provider.create(request_for("aws:eks/nodeGroup:NodeGroup", inputs=windows))


def _exists(
    provider: CloudStandIn, type_: str, id_: str, outputs: dict[str, Any], inputs: dict[str, Any] | None = None
) -> None:
    provider.store.put(Resource(type_, id_, id_, inputs or {}, outputs))
