"""Role assignments: whom Azure knows, what there can be one of, and whom AKS lets in by its own roles."""

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


class RoleAssignment(OneOfAKind):
    """`authorization.RoleAssignment`: rights in a cluster are there a moment after they were given."""

    def __init__(self) -> None:
        super().__init__(same("principalId", "roleDefinitionId", "scope"), kind="assigned")

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        """What kind of principal it is has to be said of one that is not known everywhere yet
        (learn.microsoft.com/azure/role-based-access-control/troubleshooting; Azure/azure-cli #8530)."""
        super().accept(old, new, store)
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
