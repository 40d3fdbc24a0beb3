"""Role assignments: whom Azure knows, what there can be one of, and whom AKS lets in by its own roles."""

import re
from typing import Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.behaviour import Refused
from rehearsal.providers.clouds.faults import Fault, late
from rehearsal.providers.clouds.one_of_a_kind import OneOfAKind, same
from rehearsal.providers.clouds.store import HIDDEN, Resource, Store

ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"
_IDENTITY: Final = "azure-native:managedidentity:UserAssignedIdentity"
_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
# Azure Kubernetes Service RBAC Cluster Admin (learn.microsoft.com/azure/role-based-access-control/built-in-roles)
_CLUSTER_ADMIN: Final = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# learn.microsoft.com/rest/api/authorization/role-assignments/create, November 2026: what has which form, or which error
_FORMS: Final = (
    ("principalId", _ID.pattern, "InvalidPrincipalId: A valid principal ID must be provided for role assignment"),
    ("roleAssignmentName", _ID.pattern, "InvalidRoleAssignmentId: The role assignment ID must be a GUID"),
    ("scope", "/.*", "InvalidScope: The scope must be the id of a resource"),
    ("roleDefinitionId", "/.*", "InvalidRoleDefinitionId: The role definition must be given by its whole id"),
)
# Those that clusters and what is around them are given; roles of one's own are not modelled.
_BUILT_IN: Final = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
    "12338af0-0e69-4776-bea7-57ae8d297424": "Key Vault Crypto User",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "befefa01-2a29-4197-83a8-272ff33ce314": "DNS Zone Contributor",
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f": "Private DNS Zone Contributor",
    "4abbcc35-e782-43d8-92c5-2d3f1bd2253f": "Azure Kubernetes Service Cluster User Role",
    _CLUSTER_ADMIN: "Azure Kubernetes Service RBAC Cluster Admin",
    "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
}


class RoleAssignment(OneOfAKind):
    """`authorization.RoleAssignment`: rights in a cluster are there a moment after they were given."""

    def __init__(self) -> None:
        super().__init__(same("principalId", "roleDefinitionId", "scope"), kind="assigned")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        """What kind of principal it is has to be said of one that is not known everywhere yet
        (learn.microsoft.com/azure/role-based-access-control/troubleshooting; Azure/azure-cli #8530)."""
        super().accept(old, new, store)
        for name, text, whole in _FORMS:
            if not re.fullmatch(text, str(new.inputs.get(name) or new.outputs.get(name, "")), re.IGNORECASE):
                raise Refused("refused", reason=f"{whole}: {name} is {new.inputs.get(name)}")
        role = str(new.inputs["roleDefinitionId"]).rpartition("/")[2].lower()
        if _ID.fullmatch(role) and role not in _BUILT_IN:
            reason = f"RoleDefinitionDoesNotExist: The specified role definition with ID '{role}' does not exist."
            raise Refused("refused", reason=reason)
        unseen = {each.outputs.get("principalId") for each in store.marked(HIDDEN, _IDENTITY)}
        if new.inputs["principalId"] in unseen and not new.inputs.get("principalType"):
            raise Refused("principal", target=str(new.inputs["principalId"]))

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        cluster = store.get(_CLUSTER, str(resource.inputs["scope"]))
        if cluster and str(resource.inputs["roleDefinitionId"]).endswith(_CLUSTER_ADMIN):
            clusters.admit(str(cluster.outputs["name"]), late(fault))
        return {}


def lets_in_by_roles(cluster: Resource) -> bool:
    """Whether nobody gets in but by a role of Azure's: no local accounts, and Azure's RBAC instead of Kubernetes'
    (learn.microsoft.com/azure/aks/manage-azure-rbac, November 2026)."""
    profile = cluster.inputs.get("aadProfile") or {}
    return bool(cluster.inputs.get("disableLocalAccounts") and profile.get("enableAzureRBAC"))
