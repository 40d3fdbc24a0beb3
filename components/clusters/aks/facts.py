"""What Azure offered on the day in `FACTS.dated`: Kubernetes versions of AKS, machine sizes, regions with zones."""

from collections.abc import Mapping
from typing import Final

from components.clusters.managed import Facts
from components.clusters.pools import MachineType

_A: Final = "arm64"
_REGIONS: Final = (
    *("westeurope", "northeurope", "germanywestcentral", "francecentral", "swedencentral", "uksouth"),
    *("switzerlandnorth", "eastus", "eastus2", "centralus", "westus2", "westus3", "canadacentral"),
    *("southeastasia", "japaneast", "australiaeast", "centralindia", "brazilsouth"),
)

FACTS: Final = Facts(
    dated="2026-08",
    versions=("1.34", "1.35", "1.36"),
    machines={
        "Standard_B2s": MachineType(2, 4),
        "Standard_B2ms": MachineType(2, 8),
        "Standard_B4ms": MachineType(4, 16),
        "Standard_D2s_v5": MachineType(2, 8),
        "Standard_D4s_v5": MachineType(4, 16),
        "Standard_D2ds_v5": MachineType(2, 8),
        "Standard_D4ds_v5": MachineType(4, 16),
        "Standard_D8ds_v5": MachineType(8, 32),
        "Standard_D2ps_v5": MachineType(2, 8, _A),
        "Standard_D4ps_v5": MachineType(4, 16, _A),
        "Standard_D2pds_v5": MachineType(2, 8, _A),
        "Standard_D4pds_v5": MachineType(4, 16, _A),
        "Standard_E4ds_v5": MachineType(4, 32),
        "Standard_NC4as_T4_v3": MachineType(4, 28, gpus=1, gpu_model="nvidia-t4"),
        "Standard_NC24ads_A100_v4": MachineType(24, 220, gpus=1, gpu_model="nvidia-a100"),
    },
    zones=dict.fromkeys(_REGIONS, ("1", "2", "3")),
)

LOCAL_DISK_GIB: Final[Mapping[str, int]] = {
    "Standard_D2ds_v5": 75,
    "Standard_D4ds_v5": 150,
    "Standard_D8ds_v5": 300,
    "Standard_D2pds_v5": 75,
    "Standard_D4pds_v5": 150,
    "Standard_E4ds_v5": 150,
    "Standard_NC4as_T4_v3": 176,
    "Standard_NC24ads_A100_v4": 64,
}
"""The machine's own disk, which a node's system can be on: faster, free of charge, and gone with the node."""

TAKEN_BY_AZURE: Final = 5
"""Addresses of every subnet."""

POD_BLOCK: Final = 256
"""The addresses that each node takes for its pods in an overlay, whatever it runs
(learn.microsoft.com/azure/aks/concepts-network-azure-cni-overlay)."""

# Role definitions have the same ids everywhere (learn.microsoft.com/azure/role-based-access-control/built-in-roles).
NETWORK_CONTRIBUTOR: Final = "4d97b98b-1d4f-4787-a291-c67834d212e7"
KEY_USER: Final = "12338af0-0e69-4776-bea7-57ae8d297424"  # Key Vault Crypto User
CLUSTER_ADMIN: Final = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"  # Azure Kubernetes Service RBAC Cluster Admin
CLUSTER_USER: Final = "4abbcc35-e782-43d8-92c5-2d3f1bd2253f"  # Azure Kubernetes Service Cluster User Role
DNS_CONTRIBUTOR: Final = "befefa01-2a29-4197-83a8-272ff33ce314"  # DNS Zone Contributor
READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
BLOB_CONTRIBUTOR: Final = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"  # Storage Blob Data Contributor

STORAGE_CLASSES: Final = {
    "default": True,
    **dict.fromkeys(("managed", "managed-premium", "managed-csi", "managed-csi-premium"), False),
    **dict.fromkeys(("azurefile", "azurefile-premium", "azurefile-csi", "azurefile-csi-premium"), False),
}
"""Those that AKS makes in every cluster with its disk and file drivers, and whether they are the default
(learn.microsoft.com/azure/aks/concepts-storage, November 2026)."""

RESOURCE_PROVIDERS: Final = (
    *("Microsoft.Authorization", "Microsoft.ContainerService", "Microsoft.Insights", "Microsoft.KeyVault"),
    *("Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.OperationalInsights", "Microsoft.Resources"),
    *("Microsoft.Storage", "Microsoft.Compute"),
)
"""The namespaces that a subscription has to be registered for (`az provider register --namespace`): those of what we
make, and of the machines that AKS makes. azure-native registers them by itself where whoever runs it may, all but
Microsoft.Insights (pulumi/pulumi-azure-native#3479)."""
