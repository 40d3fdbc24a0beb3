"""What an AKS cluster registers: which pool is part of it, what pools are told, who gets in, and by which name."""

from itertools import pairwise
from typing import Any

import pytest

from components.clusters.aks.facts import RESOURCE_PROVIDERS, STORAGE_CLASSES
from components.clusters.aks.spec import AksSpec
from components.platform.shared import PlatformSpec
from rehearsal.providers.clouds.azure_native.storage_classes import CLASSES
from stacks.config import StackSpec
from tests.apis.check import read_model
from tests.support.registered import Registered, everything_before, registered
from tests.support.replacing import rule_book

ADMIN, OTHER = (f"7b4a6f2e-{digit * 4}-4c2d-9a55-0123456789ab" for digit in "12")
GENERAL = {"name": "general", "machineType": "Standard_D4ds_v5", "nodes": {"min": 2, "max": 5}}
MORE = {"name": "more", "machineType": "Standard_D2s_v5", "nodes": {"min": 1, "max": 2}}
TAINTED = {"taints": [{"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"}]}
SYSTEM = {"name": "sys", "machineType": "Standard_D2s_v5", "nodes": {"min": 1, "max": 2}, **TAINTED}
PLUGIN = "kube-system/nvidia-device-plugin"


def spec(*pools: dict[str, Any], **keys: Any) -> StackSpec:
    """A stack with these pools and keys of its cluster."""
    cluster = {
        "kind": "aks",
        "name": "a",
        "version": "1.36",
        "region": "westeurope",
        "subscription": "11111111-2222-3333-4444-555555555555",
        "tenant": "66666666-7777-8888-9999-aaaaaaaaaaaa",
        "network": {"range": "10.30.0.0/20"},
        "apiEndpoint": {"publicFrom": ["203.0.113.0/24"]},
        "administrators": [{"id": ADMIN}],
        "nodePools": list(pools) or [GENERAL],
        **keys,
    }
    return StackSpec.model_validate({"polykube:stage": "dev", "polykube:cluster": cluster})


def made(*pools: dict[str, Any], **keys: Any) -> dict[str, Registered]:
    """What such a stack registers, by `type name`."""
    seen = registered(spec(*pools, **keys)).values()
    return {f"{each.type.rpartition(':')[2]} {each.name}": each for each in seen}


def cluster_of(resources: dict[str, Registered]) -> Any:
    return resources["ManagedCluster a"].inputs


def template_of(resources: dict[str, Registered]) -> Any:
    (resource,) = resources["Deployment a-system-pool"].inputs["properties"]["template"]["resources"]
    return resource


@pytest.mark.parametrize(
    "pools",
    [(MORE, GENERAL), (GENERAL, MORE, SYSTEM), (SYSTEM, GENERAL), ({**MORE, "nodes": {"min": 0, "max": 2}}, GENERAL)],
)
def test_whatever_other_pools_there_are_the_cluster_stays_as_it_is(pools: tuple[dict[str, Any], ...]) -> None:
    assert cluster_of(made(*pools)) == cluster_of(made(GENERAL, MORE))
    assert template_of(made(*pools)) == template_of(made(GENERAL, MORE))


def test_the_pool_named_system_is_what_the_cluster_is_made_with_and_changes_by_a_call_of_its_own() -> None:
    resources = made({**SYSTEM, "name": "system"}, GENERAL)
    (inside,) = cluster_of(resources)["agentPoolProfiles"]
    assert (inside["name"], inside["vmSize"], inside["mode"]) == ("system", "Standard_D2s_v5", "System")
    assert resources["ManagedCluster a"].ignore_changes == ("agentPoolProfiles",)
    assert "AgentPool a-system" not in resources
    template = template_of(resources)
    told = dict(template["properties"])
    assert {key: value for key, value in inside.items() if key != "name"} == told
    inputs = {"resourceGroupName": "a", "resourceName": "a", "agentPoolName": "system", **told}
    assert list(read_model("azure_native").problems("azure-native:containerservice:AgentPool", inputs)) == []


def test_pools_are_changed_one_after_the_other_and_a_new_one_comes_before_the_old_one_goes() -> None:
    resources = made(GENERAL, MORE, SYSTEM)
    planned = {each.urn: each for each in resources.values()}
    order = ["Deployment a-system-pool", "AgentPool a-general", "AgentPool a-more", "AgentPool a-sys"]
    for before, after in pairwise(order):
        assert resources[before].urn in everything_before(resources[after], planned)
    assert all(resources[pool].new_first for pool in order[1:])


def test_a_pool_of_another_make_has_another_name() -> None:
    changes: list[dict[str, Any]] = [
        {"machineType": "Standard_D2s_v5"},
        {"image": "ubuntu"},
        {"spot": True},
        {"maxPods": 50},
        {"diskSize": "60Gi"},
    ]
    names = {made({**GENERAL, **change})["AgentPool a-general"].inputs["agentPoolName"] for change in ({}, *changes)}
    assert len(names) == len(changes) + 1
    assert all(name.startswith("general") and len(name) <= 12 for name in names)


def test_spot_pools_are_told_no_surge_and_others_are() -> None:
    resources = made(GENERAL, {**MORE, "spot": True})
    assert "upgradeSettings" not in resources["AgentPool a-more"].inputs
    assert resources["AgentPool a-general"].inputs["upgradeSettings"] == {"maxSurge": "10%"}


def test_nobody_counts_the_nodes_where_an_autoscaler_does() -> None:
    resources = made(GENERAL, {**MORE, "nodes": {"min": 2, "max": 2}})
    scaled, fixed = (resources[f"AgentPool a-{name}"].inputs for name in ("general", "more"))
    assert "count" not in scaled
    assert (fixed["count"], fixed["enableAutoScaling"], "minCount" in fixed) == (2, False, False)
    assert "count" not in cluster_of(resources)["agentPoolProfiles"][0]


def test_a_pool_with_another_taint_is_not_the_systems_to_azure() -> None:
    more = {"key": "workload", "value": "x", "effect": "NoSchedule"}
    resources = made(GENERAL, SYSTEM, {**SYSTEM, "name": "two", "taints": [*TAINTED["taints"], more]})
    modes = {name: resources[f"AgentPool a-{name}"].inputs["mode"] for name in ("general", "sys", "two")}
    assert modes == {"general": "User", "sys": "System", "two": "User"}


def test_who_is_administrator_and_member_has_each_role_once() -> None:
    resources = made(GENERAL, members=[{"id": ADMIN}, {"id": OTHER}])
    roles = {each.name for each in resources.values() if each.type.endswith(":RoleAssignment")}
    assert roles >= {f"a-user-{ADMIN}", f"a-admin-{ADMIN}", f"a-user-{OTHER}"}
    assert f"a-admin-{OTHER}" not in roles


def test_what_has_a_role_is_said_to_be_what_it_is_for_azure_may_not_know_it_yet() -> None:
    roles = [each.inputs for each in made(GENERAL).values() if each.type.endswith(":RoleAssignment")]
    identity = [each["principalType"] for each in roles if each["principalId"] != ADMIN]
    assert identity == ["ServicePrincipal"] * 2
    assert {each["principalType"] for each in roles if each["principalId"] == ADMIN} == {"Group"}


def test_a_private_api_server_has_a_name_that_every_network_finds() -> None:
    private = cluster_of(made(GENERAL, apiEndpoint={"privateFrom": ["10.8.0.0/16"]}))["apiServerAccessProfile"]
    assert (private["enablePrivateCluster"], private["enablePrivateClusterPublicFQDN"]) == (True, True)
    assert private["privateDNSZone"] == "none"
    public = cluster_of(made(GENERAL))["apiServerAccessProfile"]
    assert (public["enablePrivateCluster"], public["authorizedIPRanges"]) == (False, ["203.0.113.0/24"])
    assert not {"enablePrivateClusterPublicFQDN", "privateDNSZone"} & public.keys()


@pytest.mark.parametrize(
    ("machine", "needed"),
    [
        ("Standard_NC4as_T4_v3", True),
        ("Standard_ND96isr_H100_v5", True),
        ("Standard_NV8as_v4", False),
        ("Standard_ND96isr_MI300X_v5", False),
        ("Standard_NP10s", False),
        ("Standard_D4ds_v5", False),
    ],
)
def test_gpus_of_nvidias_are_offered_to_pods(machine: str, needed: bool) -> None:
    gpus = {"name": "gpu", "machineType": machine, "architecture": "amd64", "nodes": {"min": 0, "max": 2}}
    assert (f"DaemonSet {PLUGIN}" in made(GENERAL, gpus)) is needed


def test_premium_has_long_term_support() -> None:
    plans = [cluster_of(made(GENERAL, tier=tier))["supportPlan"] for tier in ("Free", "Standard", "Premium")]
    assert plans == ["KubernetesOfficial", "KubernetesOfficial", "AKSLongTermSupport"]


def test_the_systems_own_pool_counts_in_what_the_network_has_to_hold() -> None:
    cluster = spec(GENERAL).cluster
    assert isinstance(cluster, AksSpec)
    assert [pool.name for pool in cluster.pools] == ["general", "system"]


def test_the_names_of_akss_own_storage_classes_are_not_free_and_one_class_is_the_default() -> None:
    assert {each.name: each.default for each in CLASSES} == STORAGE_CLASSES
    ours = {"storageClasses": [{"name": "standard", "default": True}]}
    stack = spec(GENERAL).model_copy(update={"platform": PlatformSpec.model_validate(ours)})
    (demoted,) = (each for each in registered(stack).values() if each.type.endswith(":StorageClassPatch"))
    assert demoted.inputs["metadata"]["name"] == "default"
    assert demoted.inputs["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "false"}


def test_the_namespaces_that_a_subscription_needs_are_those_of_what_is_made() -> None:
    ids = {each: rules.id for each, rules in rule_book("azure_native").types.items()}
    everything = {each.type for each in made(GENERAL).values() if each.type in ids}
    of_types = {
        ids[each].rpartition("/Microsoft.")[2].partition("/")[0] for each in everything if "/Microsoft." in ids[each]
    }
    needed = {each.removeprefix("Microsoft.") for each in RESOURCE_PROVIDERS}
    assert of_types <= needed
    assert needed - of_types == {"Compute", "Storage"}  # of the nodes, and of backups


def test_the_internet_gets_as_far_as_the_nodes_own_firewall_and_to_nobodys_ssh() -> None:
    resources = made(GENERAL, apiEndpoint={"privateFrom": ["10.8.0.0/16"]})
    (nodes,) = resources["NetworkSecurityGroup a-nodes"].inputs["securityRules"]
    assert (nodes["sourceAddressPrefix"], nodes["access"], nodes["direction"]) == ("Internet", "Allow", "Inbound")
    assert nodes["destinationPortRanges"] == ["1-21", "23-65535"]
    (api,) = resources["NetworkSecurityGroup a-api"].inputs["securityRules"]
    assert (api["sourceAddressPrefixes"], api["destinationPortRange"]) == (["10.8.0.0/16"], "443")


def test_the_nodes_subnet_has_the_endpoint_that_the_driver_of_shares_would_add() -> None:
    assert made(GENERAL)["Subnet a-nodes"].inputs["serviceEndpoints"] == [{"service": "Microsoft.Storage"}]


def test_a_cluster_of_one_letter_has_a_network_with_a_name_that_azure_takes() -> None:
    assert made(GENERAL)["VirtualNetwork a"].inputs["virtualNetworkName"] == "a-network"
    assert made(GENERAL, name="ab")["VirtualNetwork ab"].inputs["virtualNetworkName"] == "ab"
