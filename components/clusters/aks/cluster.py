"""AKS: control plane, access, nodes (rules C1 to C6 of the contract).

Entra alone says who gets in (no local accounts), Azure CNI overlay with Cilium enforces network policies, Secrets
are encrypted by a key of its own. Azure has no deletion protection for clusters: `protect` is the engine's.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_azure_native as azure
import yaml

from components.clusters.aks.control_plane import keep_logs, make_control_plane, schedule_upgrades
from components.clusters.aks.facts import (
    CLUSTER_ADMIN,
    CLUSTER_USER,
    DNS_CONTRIBUTOR,
    KEY_USER,
    NETWORK_CONTRIBUTOR,
    READER,
)
from components.clusters.aks.identity import Identities
from components.clusters.aks.keys import make_key
from components.clusters.aks.pools import make_pools
from components.clusters.aks.storage import make_container
from components.clusters.exec_kubeconfig import Login, exec_kubeconfig
from components.clusters.managed import ManagedCluster
from components.contract import Grant, Identity, LoadBalancerAnnotations, ObjectStore, Storage
from components.facilities import PROVER, Dns
from components.naming import digest
from components.networks.azure import AzureNetwork

if TYPE_CHECKING:
    from components.clusters.aks.spec import AksSpec

_INTERNAL: Final = "service.beta.kubernetes.io/azure-load-balancer-internal"
_ENTRA_SERVER: Final = "6dae42f8-4368-4678-94ff-3960e28e3630"  # AKS's own application, the same for everybody
_KUBELOGIN: Final = "kubelogin is missing: az aks install-cli"


class AksCluster(ManagedCluster):
    """The `Cluster` contract on Azure Kubernetes Service."""

    block_storage = Storage("disk.csi.azure.com", {"skuName": "Premium_LRS"})  # Azure encrypts every disk
    load_balancing = LoadBalancerAnnotations(internal={_INTERNAL: "true"}, external={})

    def __init__(self, spec: AksSpec, *, protect: bool) -> None:
        super().__init__(spec, protect=protect)
        self._spec = spec
        provider = azure.Provider(
            spec.name,
            subscription_id=spec.subscription,
            tenant_id=spec.tenant,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._place = self.place(spec, provider)
        self._group = self._make_group(spec)
        self._identities = Identities(spec, self._group, self._place)
        self.network = AzureNetwork(
            spec.network, spec.region, self._group, self._place, clients=spec.api_endpoint.private_from
        )
        self.control_plane = self.deleted_with = self._make_control_plane(spec)
        access = self._let_in(spec)
        make_pools(spec, self.control_plane, self._group, self.network.nodes.id, self._place)
        keep_logs(spec, self._group, self.control_plane, self._place)
        schedule_upgrades(spec, self._group, self.control_plane, self._place)
        self.facilities = {Dns: lambda: Dns("azure", {"tenant": spec.tenant}, dns_grants)}
        # A cluster of the same name in the same resource group is the same cluster to Azure as well.
        self.connect(self._make_kubeconfig(), self.control_plane.id, after=access)
        self.complete()

    def _make_group(self, spec: AksSpec) -> pulumi.Output[str]:
        group = azure.resources.ResourceGroup(
            spec.name,
            resource_group_name=spec.name,
            location=spec.region,
            tags=self._place.tags,
            opts=self._place.options(keep=True),
        )
        name: pulumi.Output[str] = group.name
        return name

    def _make_control_plane(self, spec: AksSpec) -> azure.containerservice.ManagedCluster:
        identity = self._identities.make(f"{self.name}-control-plane")
        vault, key = make_key(spec, self._group, self._place)
        rights = [
            self._identities.assign(f"{self.name}-{name}", role, identity.principal_id, on)
            for name, role, on in (
                ("network", NETWORK_CONTRIBUTOR, self.network.network.id),
                ("key", KEY_USER, vault.id),
            )
        ]
        return make_control_plane(
            spec, self._group, self.network, identity, key, self._place, after=[self.network, *rights]
        )

    def _let_in(self, spec: AksSpec) -> Sequence[pulumi.Resource]:
        """Roles on the cluster: all of it for administrators, a kubeconfig for them and for members."""
        admins = {principal.id for principal in spec.administrators}
        everybody = {principal.id: principal for principal in (*spec.members, *spec.administrators)}
        return [
            self._identities.assign(
                f"{self.name}-{name}-{principal.id}", role, principal.id, self.control_plane.id, principal.type
            )
            for principal in everybody.values()  # who is both has each role once
            for name, role in (("user", CLUSTER_USER), ("admin", CLUSTER_ADMIN))
            if name == "user" or principal.id in admins
        ]

    def _make_kubeconfig(self) -> pulumi.Output[str]:
        """Address and authority as Azure hands them out, which it does by this call alone; it holds no credential.

        It is no look-up of facts: it comes after the cluster, and what it answers belongs to the cluster.
        """
        answer = azure.containerservice.list_managed_cluster_user_credentials_output(
            resource_group_name=self._group,
            resource_name=self.control_plane.name,
            opts=pulumi.InvokeOutputOptions(parent=self, provider=self._place.provider),
        )
        theirs = answer.kubeconfigs.apply(
            lambda found: yaml.safe_load(base64.b64decode(found[0].value))["clusters"][0]["cluster"]
        )
        arguments = ("get-token", "--login", "azurecli", "--server-id", _ENTRA_SERVER)
        return exec_kubeconfig(
            self.name,
            theirs.apply(lambda cluster: str(cluster["server"])),
            theirs.apply(lambda cluster: cluster.get("certificate-authority-data")),
            Login("kubelogin", arguments, _KUBELOGIN),
        )

    def make_shared_storage(self) -> Storage:
        """Azure Files by NFS; its driver is part of the cluster."""
        return Storage("file.csi.azure.com", {"protocol": "nfs", "skuName": "Premium_LRS"})

    def identity_for(self, service_account: str, grants: Sequence[Grant]) -> Identity:
        return self._identities.for_pods(service_account, grants, self.control_plane)

    def make_object_store(self, name: str) -> ObjectStore:
        return make_container(name, self._spec, self._group, self._place)


def dns_grants(user: str, zones: Sequence[str]) -> Sequence[Grant]:
    """Rights on each zone, and to find it in its resource group for who looks for it there. Zones say in their ids
    which subscription they are in."""
    groups = sorted({zone.partition("/providers/")[0] for zone in zones} if user != PROVER else ())
    wanted = [*((DNS_CONTRIBUTOR, zone) for zone in zones), *((READER, group) for group in groups)]
    return [Grant(role, on, digest({"role": role, "on": on})) for role, on in wanted]
