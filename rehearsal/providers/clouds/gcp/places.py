"""Where a cluster of GKE and its nodes are: its subnet, its zones, and how nodes without addresses get out.

Of networks that others made nothing is known, and nothing is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rehearsal.providers.clouds.gcp.values import KEY, NAT
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.store import Resource, Store

_SUBNETWORK: Final = "gcp:compute/subnetwork:Subnetwork"
_ALL: Final = ("ALL_SUBNETWORKS_ALL_IP_RANGES", "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES")
_PODS: Final = range(8, 257)  # kubernetes-engine/docs/how-to/flexible-pod-cidr
# compute/docs/general-purpose-machines: what boots from Hyperdisk alone, and what does not at all
_HYPERDISK_ALONE: Final = ("n4", "n4a", "n4d", "c4", "c4a", "c4d")
_NO_HYPERDISK: Final = ("e2", "n1", "n2", "n2d", "t2a", "t2d", "f1", "g1")


def of_cluster(cluster: Resource, store: Store) -> Iterator[str]:
    """Why a cluster cannot be where it is to be."""
    inputs = cluster.inputs
    location, subnet = str(cluster.outputs.get("location") or inputs.get("location") or ""), _subnet(cluster, store)
    region = _region(location)
    its_own = str(subnet.outputs.get("region") or region) if subnet else region
    if region and its_own != region:
        yield f"Subnetwork {inputs['subnetwork']} is in region {its_own}, and the cluster in {region}"
    yield from _of_zones(inputs.get("nodeLocations"), location)
    private = value_at(inputs, "privateClusterConfig.enablePrivateNodes")
    if private and inputs.get("networkingMode") == "ROUTES":  # kubernetes-engine/docs/concepts/alias-ips
        yield "Private nodes want a VPC-native cluster: networking_mode ROUTES cannot be used with them"
    for key in store.all(KEY):
        purpose = key.inputs.get("purpose", "ENCRYPT_DECRYPT")
        if key.id == value_at(inputs, "databaseEncryption.keyName") and purpose != "ENCRYPT_DECRYPT":
            yield f"Cloud KMS key {key.id} has the purpose {purpose}: it must be a symmetric key, ENCRYPT_DECRYPT"


def of_pool(pool: Resource, cluster: Resource, store: Store) -> Iterator[str]:
    """Why the nodes of a pool cannot be where they are to be, or would not get out of there."""
    inputs, location = pool.inputs, str(cluster.outputs.get("location") or cluster.inputs.get("location") or "")
    yield from _of_zones(inputs.get("nodeLocations"), location)
    if inputs.get("maxPodsPerNode", _PODS[0]) not in _PODS:
        yield f"max_pods_per_node is {inputs['maxPodsPerNode']}, not between {_PODS[0]} and {_PODS[-1]}"
    yield from _of_disk(inputs.get("nodeConfig") or {})
    subnet = _subnet(cluster, store)
    private = value_at(cluster.inputs, "privateClusterConfig.enablePrivateNodes")
    if private and subnet and not subnet.inputs.get("privateIpGoogleAccess") and not _is_translated(subnet, store):
        # kubernetes-engine/docs/troubleshooting/node-registration
        yield (
            "All cluster resources were brought up, but: only 0 nodes out of 1 have registered; this is likely due to "
            f"Nodes failing to start correctly ({subnet.id} has neither Cloud NAT nor Private Google Access)"
        )


def _of_zones(zones: Any, location: str) -> Iterator[str]:
    for zone in zones or ():
        if location and not str(zone).startswith(f"{_region(location)}-"):
            yield f"Location {zone} is not in the cluster's region, {_region(location)}"


def _of_disk(config: Mapping[str, Any]) -> Iterator[str]:
    machine, disk = str(config.get("machineType", "")), str(config.get("diskType", ""))
    family, hyper = machine.partition("-")[0], disk.startswith("hyperdisk")
    if disk and family in (_NO_HYPERDISK if hyper else _HYPERDISK_ALONE):
        yield f"{disk} disk type cannot be used by {machine} machine type"


def _is_translated(subnet: Resource, store: Store) -> bool:
    """Whether a Cloud NAT of its region is for the subnet."""
    nats = [each for each in store.all(NAT) if each.outputs.get("region") in (None, subnet.outputs.get("region"))]
    everywhere = any(each.inputs.get("sourceSubnetworkIpRangesToNat") in _ALL for each in nats)
    return everywhere or any(
        subnet.id == one.get("name") for each in nats for one in each.inputs.get("subnetworks") or ()
    )


def _region(location: str) -> str:
    return location.rpartition("-")[0] if location[-2:-1] == "-" else location


def _subnet(cluster: Resource, store: Store) -> Resource | None:
    return store.get(_SUBNETWORK, str(cluster.inputs.get("subnetwork")))
