"""The key that encrypts Secrets, in a vault of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_azure_native as azure

from components.cloud import CloudPlace

if TYPE_CHECKING:
    from components.clusters.aks.spec import AksSpec

_NAME_ROOM: Final = 15  # of the 24 characters of a vault's name; the rest makes it unique in the world
_KEPT: Final = 90  # days in which a deleted vault can be had back


def make_key(
    spec: AksSpec, group: pulumi.Output[str], place: CloudPlace
) -> tuple[azure.keyvault.Vault, azure.keyvault.Key]:
    """A vault that cannot be purged, and an RSA key in it. Without the key, no Secret can be read ever again."""
    name = _vault_name(place.cluster)
    vault = azure.keyvault.Vault(
        name,
        resource_group_name=group,
        location=spec.region,
        properties=azure.keyvault.VaultPropertiesArgs(
            tenant_id=spec.tenant,
            sku=azure.keyvault.SkuArgs(family="A", name="standard"),
            enable_rbac_authorization=True,
            enable_soft_delete=True,
            enable_purge_protection=True,
            soft_delete_retention_in_days=_KEPT,
        ),
        tags=place.tags,
        opts=place.options(keep=True),
    )
    key = azure.keyvault.Key(
        f"{place.cluster}-secrets",
        key_name="secrets",
        vault_name=vault.name,
        resource_group_name=group,
        properties=azure.keyvault.KeyPropertiesArgs(kty="RSA", key_size=3072, key_ops=["encrypt", "decrypt"]),
        tags=place.tags,
        opts=place.options(keep=True),
    )
    return vault, key


def _vault_name(cluster: str) -> str:
    """What a vault can be called of the cluster's name: a letter first, and no two dashes together (azure-dev#3496)."""
    lettered = re.sub("^(?=[0-9])", "k", re.sub("--+", "-", cluster))
    return lettered[:_NAME_ROOM].rstrip("-")
