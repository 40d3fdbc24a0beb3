"""AKS's node pools: the one that the cluster is made with, and agent pools for the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_azure_native as azure

from components.cloud import CloudPlace
from components.clusters.pools import WINDOWS, generation

if TYPE_CHECKING:
    from components.clusters.aks.spec import AksPoolSpec, AksSpec

_IMAGES: Final = {"azure-linux": "AzureLinux", "ubuntu": "Ubuntu", WINDOWS: "Windows2022"}
_API_VERSION: Final = "2025-09-01"  # the one that pulumi-azure-native 3.29 has for pools
_TEMPLATE: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_ODD_NAMES: Final = {
    "osSku": "osSKU",
    "osDiskSizeGb": "osDiskSizeGB",
    "vnetSubnetId": "vnetSubnetID",
    "enableNodePublicIp": "enableNodePublicIP",
}
_HASH: Final = {False: 4, True: 3}  # characters of a pool's name in Azure, by whether it runs Windows


def inline_pool(
    spec: AksSpec, subnet: pulumi.Input[str], place: CloudPlace
) -> azure.containerservice.ManagedClusterAgentPoolProfileArgs:
    """The pool that Azure wants a cluster to be made with. It is part of the cluster for good, name included: a call
    for the cluster may not bring another (pulumi/pulumi-azure-native#2719)."""
    pool = spec.system_pool
    return azure.containerservice.ManagedClusterAgentPoolProfileArgs(
        name=pool.name, mode="System", type="VirtualMachineScaleSets", **_properties(pool, spec, subnet, place)
    )


def make_pools(
    spec: AksSpec,
    cluster: azure.containerservice.ManagedCluster,
    group: pulumi.Output[str],
    subnet: pulumi.Input[str],
    place: CloudPlace,
) -> None:
    """The pools as they are to be, one after the other: Azure changes one pool of a cluster at a time, and answers
    others with 409 OperationNotAllowed (Azure/terraform-azurerm-avm-ptn-aks-production#25)."""
    before: list[pulumi.Resource] = [_keep_system_pool(spec, cluster, group, subnet, place)]
    for pool in spec.node_pools:
        if pool is not spec.system_pool:
            before = [_make_pool(pool, spec, cluster, group, subnet, place, after=before)]


def _keep_system_pool(
    spec: AksSpec,
    cluster: azure.containerservice.ManagedCluster,
    group: pulumi.Output[str],
    subnet: pulumi.Input[str],
    place: CloudPlace,
) -> azure.resources.Deployment:
    """Changes of the pool that the cluster was made with, as Azure wants them: by a call for the pool.

    azure-native takes no AgentPool that exists already, a template does; there, a text that begins with [ is code.
    """
    pool = spec.system_pool
    properties = {_on_the_wire(key): value for key, value in _properties(pool, spec, subnet, place).items()}
    properties["upgradeSettings"] = {"maxSurge": f"{pool.max_surge_percentage}%"}
    given = {key: value for key, value in properties.items() if value is not None}
    given["tags"] = {name: f"[{value}" if value.startswith("[") else value for name, value in place.tags.items()}
    resource = {
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "apiVersion": _API_VERSION,
        "name": pulumi.Output.concat(cluster.name, "/", pool.name),
        "properties": {**given, "mode": "System", "type": "VirtualMachineScaleSets"},
    }
    return azure.resources.Deployment(
        f"{place.cluster}-{pool.name}-pool",
        deployment_name=f"{pool.name}-pool",
        resource_group_name=group,
        properties=azure.resources.DeploymentPropertiesArgs(
            mode="Incremental",
            template={"$schema": _TEMPLATE, "contentVersion": "1.0.0.0", "resources": [resource]},
        ),
        tags=place.tags,
        opts=place.options(),
    )


def _on_the_wire(name: str) -> str:
    """A property's name in Azure's API."""
    first, *rest = name.split("_")
    camel = first + "".join(part.capitalize() for part in rest)
    return _ODD_NAMES.get(camel, camel)


def _make_pool(  # noqa: PLR0913 - what the pool is in
    pool: AksPoolSpec,
    spec: AksSpec,
    cluster: azure.containerservice.ManagedCluster,
    group: pulumi.Output[str],
    subnet: pulumi.Input[str],
    place: CloudPlace,
    *,
    after: Sequence[pulumi.Resource],
) -> azure.containerservice.AgentPool:
    """A further pool. What cannot be changed in place is in its name: the new one comes up before the old one goes."""
    unchangeable = {"machine": pool.machine_type, "image": pool.image, "spot": pool.spot, "max_pods": pool.max_pods}
    disk = {"disk": pool.disk_gib, "zones": spec.own_zones()}
    return azure.containerservice.AgentPool(
        f"{place.cluster}-{pool.name}",
        agent_pool_name=f"{pool.name}{generation(**unchangeable, **disk)[: _HASH[pool.is_windows]]}",
        resource_group_name=group,
        resource_name_=cluster.name,
        mode=pool.mode,
        scale_set_priority="Spot" if pool.spot else "Regular",
        scale_set_eviction_policy="Delete" if pool.spot else None,
        spot_max_price=-1.0 if pool.spot else None,  # never more than the full price
        opts=place.options(after=after, new_first=True),
        **_properties(pool, spec, subnet, place),
    )


def _properties(pool: AksPoolSpec, spec: AksSpec, subnet: pulumi.Input[str], place: CloudPlace) -> dict[str, Any]:
    """What both kinds of pool are told in the same words.

    Where an autoscaler counts the nodes, nobody else does: azure-native sends all inputs with every change, and a
    number that is old takes nodes away, or is refused when it is outside the new bounds. Without one, Azure keeps what
    there is within the bounds (Azure/AKS#1627). Spot pools take no surge (hashicorp/terraform-provider-azurerm#31129).
    """
    surge = azure.containerservice.AgentPoolUpgradeSettingsArgs(max_surge=f"{pool.max_surge_percentage}%")
    return {
        "upgrade_settings": None if pool.spot else surge,
        "vm_size": pool.machine_type,
        "orchestrator_version": spec.version,
        "os_type": "Windows" if pool.is_windows else "Linux",
        "os_sku": _IMAGES[pool.image],
        "os_disk_size_gb": pool.disk_gib,
        "os_disk_type": pool.disk_type,
        "availability_zones": list(spec.own_zones()),
        "vnet_subnet_id": subnet,
        "max_pods": pool.max_pods,
        "count": None if pool.scales else pool.nodes.min,
        "enable_auto_scaling": pool.scales,
        "min_count": pool.nodes.min if pool.scales else None,
        "max_count": pool.nodes.max if pool.scales else None,
        "enable_encryption_at_host": True,
        "enable_node_public_ip": False,
        "node_labels": pool.node_labels,
        "node_taints": [f"{taint.key}={taint.value}:{taint.effect}" for taint in pool.all_taints] or None,
        "tags": place.tags,
    }
