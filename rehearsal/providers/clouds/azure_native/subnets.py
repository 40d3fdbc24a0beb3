"""Subnets of Azure: their addresses stay while something is in them, and AKS' driver of shares adds to them."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.rules import at_path
from rehearsal.providers.clouds.store import Resource, Store

SUBNET: Final = "azure-native:network:Subnet"
_NETWORK: Final = "azure-native:network:VirtualNetwork"
_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_HAS: Final = {
    "azure-native:network:NatGateway": "natGateway.id",
    "azure-native:network:NetworkSecurityGroup": "networkSecurityGroup.id",
}
_STORAGE: Final = "Microsoft.Storage"
_FILES: Final = "file.csi.azure.com"
_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"


class Subnet(Behaviour):
    """`network.Subnet`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        _check_place(new, store)
        _check_region(new, store)
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


def prefixes(subnet: Resource) -> list[IPv4Network | IPv6Network]:
    """The ranges of a subnet."""
    one = subnet.inputs.get("addressPrefix")
    return [ip_network(each) for each in (subnet.inputs.get("addressPrefixes") or ([one] if one else []))]


def _check_place(new: Resource, store: Store) -> None:
    """Within the network, and beside its other subnets (virtual-network/virtual-network-manage-subnet)."""
    home = new.id.partition("/subnets/")[0]
    network = store.get(_NETWORK, home)
    space = [ip_network(each) for each in at_path(network.inputs, "addressSpace.addressPrefixes")] if network else []
    others = [each for each in store.all(SUBNET) if each.id != new.id and each.id.startswith(f"{home}/")]
    for each in prefixes(new):
        if space and not any(each.subnet_of(whole) for whole in space):  # type: ignore[arg-type]
            reason = f"NetcfgInvalidSubnet: Subnet '{new.id}' is not valid in virtual network '{home}'."
            raise Refused("refused", reason=reason)
        if any(each.overlaps(theirs) for other in others for theirs in prefixes(other)):
            reason = f"NetcfgSubnetRangesOverlap: Subnet '{new.id}' is not valid because its IP address range overlaps"
            raise Refused("refused", reason=f"{reason} with that of an existing subnet in virtual network '{home}'.")


def _check_region(new: Resource, store: Store) -> None:
    """What a subnet has is in the region of its network (virtual-network/manage-network-security-group)."""
    network = store.get(_NETWORK, new.id.partition("/subnets/")[0])
    for type_, path in _HAS.items():
        each = store.get(type_, str(next(at_path(new.inputs, path), "")))
        if each and network and _place(each) != _place(network):
            reason = f"{each.id} is in {_place(each)}, and the virtual network of subnet {new.id} in {_place(network)}"
            raise Refused("refused", reason=f"InvalidResourceReference: {reason}.")


def _place(resource: Resource) -> str:
    return str(resource.outputs.get("location", "")).lower().replace(" ", "")


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
