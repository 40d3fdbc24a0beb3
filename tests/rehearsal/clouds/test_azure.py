"""What Azure refuses and the stand-in for it has to refuse as well, in Azure's words; and what it tells of pools.

No control plane runs here: nodes are brought up nowhere.
"""

import base64
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import yaml

from common.paths import REHEARSAL
from rehearsal.providers.base import ProviderError, Request, ResourceState
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.azure_native import pools, subnets
from rehearsal.providers.clouds.azure_native.provider import AzureNativeStandIn
from rehearsal.providers.clouds.clusters import Access
from rehearsal.providers.clouds.store import HIDDEN, Resource

CLUSTER = "azure-native:containerservice:ManagedCluster"
POOL = "azure-native:containerservice:AgentPool"
DEPLOYMENT = "azure-native:resources:Deployment"
GROUP = "azure-native:resources:ResourceGroup"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
ROLE = "azure-native:authorization:RoleAssignment"
CLUSTER_ADMIN = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"
NETWORK = "azure-native:network:VirtualNetwork"
SYSTEM = {"name": "system", "mode": "System", "vmSize": "Standard_D2ds_v5", "count": 2, "orchestratorVersion": "1.35"}
SHOP = {
    "resourceGroupName": "shop",
    "resourceName": "shop",
    "location": "westeurope",
    "kubernetesVersion": "1.35",
    "agentPoolProfiles": [SYSTEM],
    "networkProfile": {"serviceCidr": "172.16.0.0/16", "dnsServiceIP": "172.16.0.10", "podCidr": "10.244.0.0/16"},
}
GENERAL = {
    "resourceGroupName": "shop",
    "resourceName": "shop",
    "agentPoolName": "general",
    "vmSize": "Standard_D4ds_v5",
    "enableAutoScaling": True,
    "minCount": 2,
    "maxCount": 5,
}

SOMEBODY, ONE, ANOTHER = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
WORKSPACE = "/subscriptions/0/resourceGroups/shop/providers/Microsoft.OperationalInsights/workspaces/logs"


class Azure:
    """A stand-in with a resource group and a cluster; `make` and `change` answer as the provider does."""

    def __init__(self) -> None:
        self.provider = AzureNativeStandIn()
        self.make(GROUP, resourceGroupName="shop", location="westeurope")
        self.shop = self.make(CLUSTER, **SHOP)

    def make(self, type_: str, **inputs: Any) -> ResourceState:
        return self.provider.create(self._request(type_, inputs))

    def change(self, type_: str, state: ResourceState, old: dict[str, Any], **inputs: Any) -> ResourceState:
        return self.provider.update(self._request(type_, inputs, id=state.id, state=state.outputs, old_inputs=old))

    def read(self, type_: str, state: ResourceState, inputs: dict[str, Any]) -> ResourceState:
        return self.provider.read(self._request(type_, inputs, id=state.id, state=state.outputs))

    @staticmethod
    def _request(type_: str, inputs: dict[str, Any], **others: Any) -> Request:
        name = inputs.get("agentPoolName", "x")
        return Request(urn=f"urn:pulumi:dev::shop::{type_}::{name}", inputs=inputs, **others)


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Azure:
    monkeypatch.setenv(REHEARSAL, str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # where clusters would run
    monkeypatch.setattr(clusters, "start", lambda name, **_: Access(f"https://{name}.test", ""))
    monkeypatch.setattr(clusters, "stop", lambda _: None)
    return Azure()


def template(**properties: Any) -> dict[str, Any]:
    """A template that has the system's pool with these properties."""
    pool = {
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "apiVersion": "2025-09-01",
        "name": "shop/system",
        "properties": {**SYSTEM, **properties},
    }
    return {"mode": "Incremental", "template": {"resources": [pool]}}


SPOT = {"scaleSetPriority": "Spot", "upgradeSettings": {"maxSurge": "10%"}}
REFUSED = [
    (SPOT, "Spot pools can't set max surge"),
    ({"count": 1}, "count was 1. It must be greater or equal to minCount:2 and less than or equal to maxCount:5"),
    ({"count": 6}, "less than or equal to maxCount:5"),
    ({"nodeLabels": {"kubernetes.azure.com/mode": "x"}}, "kubernetes.azure.com/mode is reserved for use by AKS"),
    ({"nodeLabels": {"node-role.kubernetes.io/worker": ""}}, "must begin with an allowed prefix"),
    ({"nodeTaints": ["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]}, "is reserved for use by AKS"),
    ({"mode": "System", "nodeTaints": ["CriticalAddonsOnly=true:NoSchedule", "a=b:NoSchedule"]}, "RestrictedTaint"),
    ({"osDiskSizeGB": 20}, "osDiskSizeGB must be between 30 and 2048"),
    ({"maxPods": 10}, "must have room for 30"),
    ({"orchestratorVersion": "1.36"}, "1.36"),
]


@pytest.mark.parametrize(("inputs", "reason"), REFUSED)
def test_a_pool_that_aks_refuses_is_refused(azure: Azure, inputs: dict[str, Any], reason: str) -> None:
    with pytest.raises(ProviderError) as error:
        azure.make(POOL, **{**GENERAL, **inputs})
    assert reason in str(error.value)
    azure.make(POOL, **GENERAL)


def test_a_call_for_the_cluster_brings_no_pool_and_takes_none(azure: Azure) -> None:
    renamed = {**SHOP, "agentPoolProfiles": [{**SYSTEM, "name": "more"}]}
    with pytest.raises(ProviderError, match="A new agent pool was introduced"):
        azure.change(CLUSTER, azure.shop, SHOP, **renamed)
    general = azure.make(POOL, **GENERAL)
    both = {**SHOP, "agentPoolProfiles": [SYSTEM, {**SYSTEM, "name": "general", "vmSize": "Standard_D4ds_v5"}]}
    azure.change(CLUSTER, azure.shop, SHOP, **both)
    azure.provider.delete(Request(urn=f"urn:pulumi:dev::shop::{POOL}::general", id=general.id, inputs=GENERAL))
    with pytest.raises(ProviderError, match="A new agent pool was introduced"):  # a state that is older than that
        azure.change(CLUSTER, azure.shop, both, **both, tags={"team": "other"})


def test_a_refresh_brings_every_pool_into_the_clusters_inputs_by_name(azure: Azure) -> None:
    azure.make(POOL, **GENERAL)
    read = azure.read(CLUSTER, azure.shop, SHOP)
    assert read.inputs is not None
    assert [pool["name"] for pool in read.inputs["agentPoolProfiles"]] == ["general", "system"]
    settled = azure.read(CLUSTER, read, read.inputs)
    assert settled.inputs == read.inputs


def test_nodes_are_never_older_than_they_were(azure: Azure) -> None:
    azure.change(CLUSTER, azure.shop, SHOP, **{**SHOP, "kubernetesVersion": "1.36"})
    azure.make(
        DEPLOYMENT, resourceGroupName="shop", deploymentName="pool", properties=template(orchestratorVersion="1.36")
    )
    assert pools_of(azure)["system"]["orchestratorVersion"] == "1.36"
    with pytest.raises(ProviderError, match="downgrading a node pool is not allowed"):
        azure.change(CLUSTER, azure.shop, SHOP, **{**SHOP, "kubernetesVersion": "1.36", "tags": {"team": "other"}})


def pools_of(azure: Azure) -> dict[str, Any]:
    read = azure.read(CLUSTER, azure.shop, SHOP)
    return {pool["name"]: pool for pool in read.outputs["agentPoolProfiles"]}


def test_a_pool_that_is_scaled_grows_to_its_new_minimum_and_keeps_its_number_within_the_bounds(azure: Azure) -> None:
    pool = azure.make(POOL, **GENERAL)
    assert pools_of(azure)["general"]["count"] == 2
    pool = azure.change(POOL, pool, GENERAL, **{**GENERAL, "minCount": 4})
    assert pools_of(azure)["general"]["count"] == 4
    azure.change(POOL, pool, GENERAL, **{**GENERAL, "minCount": 1, "nodeLabels": {"a": "b"}})
    assert pools_of(azure)["general"]["count"] == 4


def test_two_operations_on_a_clusters_pools_at_a_time_are_one_too_many(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    def slowly(*_: Any) -> None:
        begun.set()
        assert go_on.wait(10)

    monkeypatch.setattr(pools, "bring_up", slowly)
    first = Thread(target=lambda: azure.make(POOL, **GENERAL))
    first.start()
    assert begun.wait(10)
    with pytest.raises(ProviderError, match="OperationNotAllowed"):
        AzureNativeStandIn().create(azure._request(POOL, {**GENERAL, "agentPoolName": "more"}))
    go_on.set()
    first.join()
    azure.make(POOL, **{**GENERAL, "agentPoolName": "more"})


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ({"serviceCidr": "172.30.0.0/16", "dnsServiceIP": "172.30.0.10"}, "overlaps with a reserved range"),
        ({"serviceCidr": "172.16.0.0/29", "dnsServiceIP": "172.16.0.10"}, "not within serviceCidr"),
        ({"serviceCidr": "10.0.0.0/11", "dnsServiceIP": "10.0.0.10"}, "larger than /12"),
        ({"podCidr": "172.31.0.0/16"}, "overlaps with a reserved range"),
    ],
)
def test_ranges_of_azures_own_are_refused(azure: Azure, network: dict[str, str], reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        azure.make(CLUSTER, **{**SHOP, "resourceName": "other", "networkProfile": network})


def test_a_pool_of_a_cluster_that_is_not_there_is_refused(azure: Azure) -> None:
    assert isinstance(azure.provider.store.get(CLUSTER, azure.shop.id), Resource)
    with pytest.raises(ProviderError, match="nowhere"):
        azure.make(POOL, **{**GENERAL, "resourceName": "nowhere"})


def test_the_driver_of_shares_adds_an_endpoint_to_a_subnet_that_has_none(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    nfs = {"provisioner": "file.csi.azure.com", "parameters": {"protocol": "nfs"}}
    monkeypatch.setattr(subnets, "_mounts_nfs", lambda _: nfs)
    network = {"resourceGroupName": "shop", "virtualNetworkName": "shop", "location": "westeurope"}
    azure.make(NETWORK, **network)
    of = {"resourceGroupName": "shop", "virtualNetworkName": "shop"}
    without = {**of, "subnetName": "nodes", "addressPrefix": "10.1.0.0/24"}
    storage = [{"service": "Microsoft.Storage"}]
    reaching = {**of, "subnetName": "more", "addressPrefix": "10.1.1.0/24", "serviceEndpoints": storage}
    lacking, having = (azure.make(subnets.SUBNET, **inputs) for inputs in (without, reaching))
    inside = [{**SYSTEM, "name": f"in{index}", "vnetSubnetID": each.id} for index, each in enumerate((lacking, having))]
    azure.make(CLUSTER, **{**SHOP, "resourceName": "nfs", "agentPoolProfiles": inside})
    read, same = azure.read(subnets.SUBNET, lacking, without), azure.read(subnets.SUBNET, having, reaching)
    assert read.inputs is not None
    assert [each["service"] for each in read.inputs["serviceEndpoints"]] == ["Microsoft.Storage"]
    assert same.inputs == reaching


def test_a_subnet_that_nodes_are_in_keeps_its_addresses(azure: Azure) -> None:
    azure.make(NETWORK, resourceGroupName="shop", virtualNetworkName="shop", location="westeurope")
    inputs = {"resourceGroupName": "shop", "virtualNetworkName": "shop", "subnetName": "nodes"}
    subnet = azure.make(subnets.SUBNET, **inputs, addressPrefix="10.0.0.0/17")
    pool = {**SYSTEM, "vnetSubnetID": subnet.id}
    azure.make(CLUSTER, **{**SHOP, "resourceName": "other", "agentPoolProfiles": [pool]})
    with pytest.raises(ProviderError, match="are in use"):
        azure.change(subnets.SUBNET, subnet, inputs, **inputs, addressPrefix="10.1.0.0/17")


def test_logs_want_a_namespace_that_is_not_registered_by_itself(azure: Azure, tmp_path: Path) -> None:
    setting = {"name": "logs", "resourceUri": azure.shop.id, "workspaceId": WORKSPACE, "logs": []}
    (tmp_path / "unregistered").write_text("Microsoft.Insights\n")
    with pytest.raises(ProviderError, match=r"is not registered to use microsoft\.insights"):
        azure.make("azure-native:monitor:DiagnosticSetting", **setting)
    (tmp_path / "unregistered").unlink()
    azure.make("azure-native:monitor:DiagnosticSetting", **setting)


def test_a_principal_has_a_role_on_a_scope_once(azure: Azure) -> None:
    told = {"principalId": SOMEBODY, "roleDefinitionId": "/r", "scope": "/s"}
    azure.make(ROLE, roleAssignmentName=ONE, **told)
    with pytest.raises(ProviderError, match="RoleAssignmentExists"):
        azure.make(ROLE, roleAssignmentName=ANOTHER, **told)
    azure.make(ROLE, roleAssignmentName=ANOTHER, **{**told, "scope": "/t"})


def test_a_role_is_one_that_there_is(azure: Azure) -> None:
    told = {"principalId": SOMEBODY, "scope": "/s", "roleAssignmentName": ONE}
    with pytest.raises(ProviderError, match="RoleDefinitionDoesNotExist"):
        azure.make(ROLE, roleDefinitionId=f"/roles/{CLUSTER_ADMIN[:-1]}c", **told)
    azure.make(ROLE, roleDefinitionId=f"/roles/{CLUSTER_ADMIN}", **told)


def test_a_new_identity_has_a_role_at_once_when_it_is_said_what_it_is(azure: Azure) -> None:
    identity = azure.make(IDENTITY, resourceGroupName="shop", resourceName="pods", location="westeurope")
    kept = azure.provider.store.get(IDENTITY, identity.id)
    assert kept
    azure.provider.store.mark(HIDDEN, kept, 60)
    told = {"principalId": identity.outputs["principalId"], "roleDefinitionId": "/r", "scope": "/s"}
    with pytest.raises(ProviderError, match="PrincipalNotFound"):
        azure.make(ROLE, roleAssignmentName=ONE, **told)
    azure.make(ROLE, roleAssignmentName=ONE, principalType="ServicePrincipal", **told)


def test_aks_lets_in_whom_its_own_role_lets_in(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, bool]] = []
    admitted: list[str] = []

    def start(name: str, *, admits: bool = True) -> Access:
        started.append((name, admits))
        return Access(f"https://{name}.test", "")

    monkeypatch.setattr(clusters, "start", start)
    monkeypatch.setattr(clusters, "admit", lambda name, *_: admitted.append(name))
    by_roles = {"disableLocalAccounts": True, "aadProfile": {"managed": True, "enableAzureRBAC": True}}
    closed = azure.make(CLUSTER, **{**SHOP, "resourceName": "closed", **by_roles})
    azure.make(CLUSTER, **{**SHOP, "resourceName": "open"})
    assert started == [("closed", False), ("open", True)]
    roles = "/subscriptions/1/providers/Microsoft.Authorization/roleDefinitions"
    for name, role in ((ONE, "4abbcc35-e782-43d8-92c5-2d3f1bd2253f"), (ANOTHER, CLUSTER_ADMIN)):
        assert admitted == []
        told = {"principalId": SOMEBODY, "roleDefinitionId": f"{roles}/{role}", "scope": closed.id}
        azure.make(ROLE, roleAssignmentName=name, **told)
    assert admitted == ["closed"]


@pytest.mark.parametrize("private", [True, False])
def test_a_private_cluster_leads_nowhere_in_the_run_that_makes_its_network(
    azure: Azure, private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "access", lambda name: Access(f"https://{name}.test", ""))
    inputs = {**SHOP, "resourceName": "more", "apiServerAccessProfile": {"enablePrivateCluster": private}}
    made = azure.make(CLUSTER, **inputs)
    assert (server_of(azure, "more") == "https://more.test") is not private
    azure.change(CLUSTER, made, inputs, **inputs, tags={"team": "other"})
    assert server_of(azure, "more") == "https://more.test", "by now the network can have been connected"


def server_of(azure: Azure, cluster: str) -> str:
    """Where the kubeconfig of a cluster leads."""
    token = "azure-native:containerservice:listManagedClusterUserCredentials"
    (config,) = azure.provider.invoke(token, {"resourceName": cluster})["kubeconfigs"]
    return str(yaml.safe_load(base64.b64decode(config["value"]))["clusters"][0]["cluster"]["server"])
