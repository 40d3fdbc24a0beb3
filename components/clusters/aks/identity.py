"""Identities of Azure and their roles, for the cluster and for pods (azure.github.io/azure-workload-identity)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_URL, uuid5

import pulumi
import pulumi_azure_native as azure

from components.cloud import CloudPlace
from components.contract import Grant, Identity, by_name

if TYPE_CHECKING:
    from components.clusters.aks.spec import AksSpec

_AUDIENCE: Final = "api://AzureADTokenExchange"
_ROLES: Final = "/providers/Microsoft.Authorization/roleDefinitions/"


@dataclass(frozen=True)
class Identities:
    """Makes identities in the cluster's resource group, and gives roles to them and to others."""

    spec: AksSpec
    group: pulumi.Output[str]
    place: CloudPlace

    def make(self, name: str) -> azure.managedidentity.UserAssignedIdentity:
        """An identity without any rights."""
        return azure.managedidentity.UserAssignedIdentity(
            name,
            resource_name_=name,
            resource_group_name=self.group,
            location=self.spec.region,
            tags=self.place.tags,
            opts=self.place.options(),
        )

    def assign(
        self,
        name: str,
        role: pulumi.Input[str],
        principal: pulumi.Input[str],
        on: pulumi.Input[str],
        principal_type: str = "ServicePrincipal",
        was: str = "",
    ) -> azure.authorization.RoleAssignment:
        """Give a principal the role with this id on `on`. The assignment's own id follows from its name.

        Azure looks for the role in the subscription that `on` is in, which is another one for the zones of DNS. `was`
        is its former name: Azure takes no second assignment of the same, so that one of that name has to go first.
        """
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=was)] if was else None)
        subscription = f"/subscriptions/{self.spec.subscription}"
        there = pulumi.Output.from_input(on).apply(lambda scope: "/".join(scope.split("/")[:3]))
        return azure.authorization.RoleAssignment(
            name,
            role_assignment_name=str(uuid5(NAMESPACE_URL, f"{subscription}/{name}")),
            role_definition_id=pulumi.Output.concat(there, _ROLES, role),
            principal_id=principal,
            principal_type=principal_type,
            scope=on,
            opts=pulumi.ResourceOptions.merge(self.place.options(), former),
        )

    def for_pods(
        self, service_account: str, grants: Sequence[Grant], cluster: azure.containerservice.ManagedCluster
    ) -> Identity:
        """Let the pods of `namespace/name` be an identity with these roles, by the cluster's own tokens."""
        namespace, _, pods = service_account.partition("/")
        name = f"{self.place.cluster}-{namespace}-{pods}"
        identity = self.make(name)
        for number, (each, grant) in enumerate(by_name(grants).items()):
            scope = grant.on or f"/subscriptions/{self.spec.subscription}"
            was = f"{name}-{number}" if grant.name else ""
            self.assign(f"{name}-{each}", grant.role, identity.principal_id, scope, was=was)
        azure.managedidentity.FederatedIdentityCredential(
            name,
            federated_identity_credential_resource_name=name,
            resource_name_=identity.name,
            resource_group_name=self.group,
            issuer=cluster.oidc_issuer_profile.apply(lambda profile: profile.issuer_url if profile else ""),
            subject=f"system:serviceaccount:{namespace}:{pods}",
            audiences=[_AUDIENCE],
            opts=self.place.options(),
        )
        return Identity(
            {"azure.workload.identity/client-id": identity.client_id}, {"azure.workload.identity/use": "true"}
        )
