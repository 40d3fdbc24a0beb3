"""Subnets of Azure: their addresses stay while something is in them, and AKS' driver of shares adds to them."""

from typing import Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.store import Resource, Store

SUBNET: Final = "azure-native:network:Subnet"
_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_STORAGE: Final = "Microsoft.Storage"
_FILES: Final = "file.csi.azure.com"
_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"


class Subnet(Behaviour):
    """`network.Subnet`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        changed = old is not None and old.inputs.get("addressPrefix") != new.inputs.get("addressPrefix")
        if changed and list(_clusters_in(new, store)):
            raise Refused("refused", reason=f"InUsePrefixCannotBeDeleted: the addresses of {new.id} are in use.")

    def observed(self, resource: Resource, store: Store) -> Properties:
        """With the endpoint that the driver adds for shares by NFS (kubernetes-sigs/azurefile-csi-driver#2277)."""
        endpoints = list(resource.outputs.get("serviceEndpoints") or ())
        reached = any(each["service"].startswith(_STORAGE) for each in endpoints)
        if reached or not any(_mounts_nfs(name) for name in _clusters_in(resource, store)):
            return {}
        return {"serviceEndpoints": [*endpoints, {"service": _STORAGE, "provisioningState": "Succeeded"}]}


def _clusters_in(subnet: Resource, store: Store) -> list[str]:
    """The clusters whose nodes are in the subnet."""
    return [
        str(cluster.outputs["name"])
        for cluster in store.all(_CLUSTER)
        if any(pool.get("vnetSubnetID") == subnet.id for pool in cluster.outputs.get("agentPoolProfiles", ()))
    ]


def _mounts_nfs(cluster: str) -> bool:
    """Whether the cluster has a class of shares by NFS; the driver acts when the first claim asks for one."""
    with clusters.api(cluster) as api:
        classes = api.list(_CLASSES) if api else ()
        return any(
            each["provisioner"] == _FILES and (each.get("parameters") or {}).get("protocol") == "nfs"
            for each in classes
        )
