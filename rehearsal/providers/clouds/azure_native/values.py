"""Values that Azure does not take, of what is around a cluster: learn.microsoft.com, November 2026, where not said."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final

from rehearsal.providers.clouds.behaviour import Behaviour, CheckedValues, Refused
from rehearsal.providers.clouds.one_of_a_kind import OneOfAKind, same
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.store import Resource, Store

_ADDRESS: Final = "azure-native:network:PublicIPAddress"
_PRIORITIES: Final = range(100, 4097)
_WINDOW: Final = range(4, 25)  # hours
_SCHEDULES: Final = {"default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule"}
_KEPT: Final = range(7, 91)  # days of a deleted vault
_LOGS: Final = range(30, 731)  # days
_LOGGED: Final = {  # azure-monitor/reference/supported-logs/microsoft-containerservice-managedclusters-logs
    *("kube-apiserver", "kube-audit", "kube-audit-admin", "kube-controller-manager", "kube-scheduler"),
    *("cluster-autoscaler", "cloud-controller-manager", "guard"),
    *("csi-azuredisk-controller", "csi-azurefile-controller", "csi-snapshot-controller"),
    *("fleet-member-agent", "fleet-member-net-controller-manager", "fleet-mcs-controller-manager"),
}


class FederatedCredential(OneOfAKind):
    """`managedidentity.FederatedIdentityCredential`: of an issuer, and one for each that it speaks of
    (Azure/bicep-types-az #2029, January 2024)."""

    def __init__(self) -> None:
        says = "Issuer and subject combination already exists for this Managed Identity."
        super().__init__(same("resourceName", "issuer", "subject"), says, kind="refused")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        if not str(new.inputs.get("issuer", "")).startswith("https://"):
            raise Refused("refused", reason=f"The issuer '{new.inputs.get('issuer')}' is not a valid URL.")
        super().accept(old, new, store)


def _of_firewall(group: Resource, _: Store) -> Iterator[str]:
    rules = group.inputs.get("securityRules") or ()
    for rule in rules:
        if rule["priority"] not in _PRIORITIES:
            yield f"SecurityRuleInvalidPriority: Security rule {rule['name']} has the priority {rule['priority']}."
    for one, other in combinations(rules, 2):
        if (one["priority"], one["direction"]) == (other["priority"], other["direction"]):
            names = f"{one['name']} and {other['name']}"
            yield f"SecurityRuleConflict: Security rules {names} conflict: they have the same Priority and Direction."


def _of_address(address: Resource, _: Store) -> Iterator[str]:
    if _is_standard(address.inputs) and address.inputs.get("publicIPAllocationMethod") != "Static":
        yield f"Standard sku publicIp {address.id} must have AllocationMethod set to Static."


def _of_nat(gateway: Resource, store: Store) -> Iterator[str]:
    for each in gateway.inputs.get("publicIpAddresses") or ():
        address = store.get(_ADDRESS, str(each["id"]))
        if address and not _is_standard(address.inputs):
            yield f"NatGateway {gateway.id} cannot be used with the Basic SKU of {address.id}."


def _is_standard(address: Mapping[str, Any]) -> bool:
    return value_at(address, "sku.name") in ("Standard", "StandardV2")


def _of_vault(vault: Resource, _: Store) -> Iterator[str]:
    properties = vault.inputs["properties"]
    if properties.get("enablePurgeProtection") is False:
        yield 'The property "enablePurgeProtection" cannot be set to false.'
    if properties.get("softDeleteRetentionInDays", _KEPT[-1]) not in _KEPT:
        yield f"softDeleteRetentionInDays is {properties['softDeleteRetentionInDays']}, not between 7 and 90."
    if not properties.get("enableRbacAuthorization") and properties.get("accessPolicies") is None:
        yield "The parameter accessPolicies is not specified."


def _of_workspace(workspace: Resource, _: Store) -> Iterator[str]:
    by_amount = value_at(workspace.inputs, "sku.name") == "PerGB2018"
    if by_amount and workspace.inputs.get("retentionInDays", _LOGS[0]) not in _LOGS:
        yield "'RetentionInDays' property doesn't match the SKU limits."


def _of_window(window: Resource, _: Store) -> Iterator[str]:
    name, hours = window.inputs["configName"], value_at(window.inputs, "maintenanceWindow.durationHours")
    if name not in _SCHEDULES:
        yield f"InvalidParameter: {name} is no maintenance configuration: {', '.join(sorted(_SCHEDULES))}."
    if hours is not None and hours not in _WINDOW:
        yield f"InvalidParameter: durationHours is {hours}, not between 4 and 24."


def _of_account(account: Resource, _: Store) -> Iterator[str]:
    """learn.microsoft.com/azure/storage/common/storage-account-overview"""
    sku, kind = str(value_at(account.inputs, "sku.name")), account.inputs.get("kind")
    if sku == "Premium_ZRS" and kind not in ("BlockBlobStorage", "FileStorage"):
        yield f"InvalidValuesForRequestParameters: the SKU {sku} goes with no account of the kind {kind}."


def _of_policy(policy: Resource, _: Store) -> Iterator[str]:
    """pulumi/pulumi-azure-native #1336, #2164"""
    if policy.inputs["managementPolicyName"] != "default":
        yield f"HttpResourceNotFound: the policy {policy.inputs['managementPolicyName']}; there is one, called default."


def wrong_logs(setting: Resource) -> Iterator[str]:
    """What a diagnostic setting asks of a cluster and AKS does not log."""
    workspace = setting.inputs.get("workspaceId")
    if workspace and not re.fullmatch(r"/subscriptions/.+/workspaces/[^/]+", workspace, re.IGNORECASE):
        yield f"Resource ID '{workspace}' is not a workspace's."
    if re.search("/managedClusters/[^/]+$", setting.inputs["resourceUri"]):
        asked = [str(each["category"]) for each in setting.inputs.get("logs") or () if each.get("category")]
        yield from (f"Category '{each}' is not supported." for each in asked if each not in _LOGGED)


VALUES: Final[Mapping[str, Behaviour]] = {
    "azure-native:network:NetworkSecurityGroup": CheckedValues(_of_firewall),
    _ADDRESS: CheckedValues(_of_address),
    "azure-native:network:NatGateway": CheckedValues(_of_nat),
    "azure-native:keyvault:Vault": CheckedValues(_of_vault),
    "azure-native:operationalinsights:Workspace": CheckedValues(_of_workspace),
    "azure-native:storage:StorageAccount": CheckedValues(_of_account),
    "azure-native:storage:ManagementPolicy": CheckedValues(_of_policy),
    "azure-native:containerservice:MaintenanceConfiguration": CheckedValues(_of_window),
    "azure-native:managedidentity:FederatedIdentityCredential": FederatedCredential(),
}
