"""Containers for backups in Azure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_azure_native as azure

from components.cloud import CloudPlace
from components.clusters.aks.facts import BLOB_CONTRIBUTOR
from components.contract import Grant, ObjectStore

if TYPE_CHECKING:
    from components.clusters.aks.spec import AksSpec

_NAME_ROOM: Final = 14  # of the 24 letters and digits of an account's name; the rest makes it unique in the world
_OLD_VERSIONS: Final = 30  # days in which an overwritten or deleted backup can be had back


def make_container(name: str, spec: AksSpec, group: pulumi.Output[str], place: CloudPlace) -> ObjectStore:
    """A private, versioned container in an account of its own, in all zones; Azure encrypts all of them."""
    short = re.sub("[^a-z0-9]", "", f"{name}{place.cluster}")[:_NAME_ROOM]
    account = azure.storage.StorageAccount(
        short,
        resource_group_name=group,
        location=spec.region,
        kind="StorageV2",
        sku=azure.storage.SkuArgs(name="Standard_ZRS"),
        allow_blob_public_access=False,
        allow_shared_key_access=False,  # identities only
        enable_https_traffic_only=True,
        minimum_tls_version="TLS1_2",
        tags=place.tags,
        opts=place.options(keep=True),
    )
    retention = azure.storage.DeleteRetentionPolicyArgs(enabled=True, days=_OLD_VERSIONS)
    azure.storage.BlobServiceProperties(
        short,
        account_name=account.name,
        blob_services_name="default",
        resource_group_name=group,
        is_versioning_enabled=True,
        delete_retention_policy=retention,
        container_delete_retention_policy=retention,
        opts=place.options(),
    )
    _forget_old(short, account, group, place)
    container = azure.storage.BlobContainer(
        f"{place.cluster}-{name}",
        container_name=name,
        account_name=account.name,
        resource_group_name=group,
        public_access="None",
        opts=place.options(keep=True),
    )
    grant = Grant(BLOB_CONTRIBUTOR, on=account.id)
    endpoint = pulumi.Output.format("https://{}.blob.core.windows.net", account.name)
    return ObjectStore(container.name, endpoint, grant, "blobs", {"account": account.name})


def _forget_old(name: str, account: azure.storage.StorageAccount, group: pulumi.Output[str], place: CloudPlace) -> None:
    deletion = azure.storage.DateAfterCreationArgs(days_after_creation_greater_than=_OLD_VERSIONS)
    definition = azure.storage.ManagementPolicyDefinitionArgs(
        actions=azure.storage.ManagementPolicyActionArgs(
            version=azure.storage.ManagementPolicyVersionArgs(delete=deletion)
        ),
        filters=azure.storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"]),
    )
    rule = azure.storage.ManagementPolicyRuleArgs(
        name="forget-old", enabled=True, type="Lifecycle", definition=definition
    )
    azure.storage.ManagementPolicy(
        name,
        account_name=account.name,
        management_policy_name="default",
        resource_group_name=group,
        policy=azure.storage.ManagementPolicySchemaArgs(rules=[rule]),
        opts=place.options(),
    )
