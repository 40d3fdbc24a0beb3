"""What Google refuses of what it is asked for; cloud.google.com, November 2026."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from itertools import chain
from typing import Any, Final

from rehearsal.providers.clouds.behaviour import Behaviour, Refused, refuse
from rehearsal.providers.clouds.gcp import maintenance
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.store import Resource, Store

SUBNETWORK: Final = "gcp:compute/subnetwork:Subnetwork"
_CLUSTER: Final = "gcp:container/cluster:Cluster"
# vpc/docs/subnets: prohibited ranges; load-balancing/docs/proxy-only-subnets
_PROHIBITED: Final = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "199.36.153.4/30", "199.36.153.8/30", "224.0.0.0/3")
_SMALLEST: Final = {"REGIONAL_MANAGED_PROXY": 26}
# kubernetes-engine/docs/concepts/alias-ips: pods and services of a cluster
_RANGES: Final = {"clusterSecondaryRangeName": (9, 24), "servicesSecondaryRangeName": (16, 28)}
_DISKS: Final = {"WINDOWS_LTSC_CONTAINERD": 50}
_SMALLEST_DISK, _LARGEST_DISK = 10, 65536
_RESERVED: Final = ("kubernetes.io", "k8s.io", "cloud.google.com")
_SURGE: Final = 20
_LABELS: Final = 64
_KEY: Final = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/")


class Subnetwork(Behaviour):
    """`compute.Subnetwork`: its ranges are fit for their purpose; they grow, and do not move while a cluster uses them
    (vpc/docs/create-modify-vpc-networks#expand-subnet)."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        network = IPv4Network(new.inputs["ipCidrRange"])
        if network.prefixlen > (smallest := _SMALLEST.get(str(new.inputs.get("purpose")), 29)):
            raise Refused("refused", reason=f"Invalid IPCidrRange: {network} is smaller than /{smallest}")
        for each in (network, *_secondary(new).values()):
            if any(each.overlaps(IPv4Network(taken)) for taken in _PROHIBITED):
                raise Refused("refused", reason=f"Invalid IPCidrRange: {each} is a reserved range")
        if new.inputs.get("purpose") == "REGIONAL_MANAGED_PROXY" and not new.inputs.get("role"):
            # load-balancing/docs/proxy-only-subnets
            raise Refused("refused", reason="Invalid value for field 'role': a proxy-only subnet is ACTIVE or BACKUP")
        _check_neighbours(new, store)
        if not old:
            return
        if not IPv4Network(old.inputs["ipCidrRange"]).subnet_of(network):
            raise Refused("refused", reason=f"New subnet range {network} must contain the old one")
        moved = [name for name, each in _secondary(old).items() if _secondary(new).get(name) != each]
        if moved and any(old.id == cluster.inputs.get("subnetwork") for cluster in store.all(_CLUSTER)):
            raise Refused("refused", reason=f"Secondary range {moved[0]} is in use by a cluster")


def _check_neighbours(new: Resource, store: Store) -> None:
    """No range of a subnet overlaps another one of the network (vpc/docs/subnets#valid-ranges)."""
    near = [each for each in store.all(SUBNETWORK) if each.inputs.get("network") == new.inputs.get("network", "")]
    taken = [(each.id, range_) for each in near if each.id != new.id for range_ in _ranges(each)]
    own = list(_ranges(new))
    taken += [(new.id, range_) for range_ in own]
    for range_ in own:
        for id_, other in taken:
            if range_ is not other and range_.overlaps(other):
                raise Refused("refused", reason=f"Invalid IPCidrRange: {range_} conflicts with subnetwork '{id_}'")


def _ranges(subnet: Resource) -> Iterator[IPv4Network]:
    yield from (IPv4Network(subnet.inputs[name]) for name in ("ipCidrRange",) if name in subnet.inputs)
    yield from _secondary(subnet).values()


def check_cluster(cluster: Resource, store: Store) -> None:
    """Refused when GKE does not take a cluster with these properties."""
    inputs = cluster.inputs
    reasons = (_of_policy(inputs), _of_labels(inputs), _of_ranges(inputs, store), _of_combinations(cluster))
    refuse(chain(*reasons))
    group = cluster.inputs.get("authenticatorGroupsConfig", {}).get("securityGroup", "gke-security-groups@")
    if not str(group).startswith("gke-security-groups@"):
        raise Refused("refused", reason=f"Invalid security group {group}: it must be gke-security-groups@DOMAIN")
    for limit in cluster.inputs.get("clusterAutoscaling", {}).get("resourceLimits", ()):
        if limit["maximum"] < 1:
            raise Refused("refused", reason=f"expected maximum of {limit['resourceType']} to be at least (1)")


def check_pool(pool: Resource, cluster: Resource) -> None:
    """Refused when GKE does not take a node pool with these properties, in this cluster."""
    channel = value_at(cluster.inputs, "releaseChannel.channel")
    if channel not in (None, "UNSPECIFIED"):  # hivemq-mqtt-tensorflow-kafka #47, 2021; terraform-google-gke #682
        off = [name for name in ("autoUpgrade", "autoRepair") if value_at(pool.inputs, f"management.{name}") is False]
        if off:
            reason = f"Auto_upgrade and auto_repair cannot be false when release_channel {channel} is set."
            raise Refused("refused", reason=reason)
    served = value_at(pool.inputs, "nodeConfig.workloadMetadataConfig.mode") == "GKE_METADATA"
    if served and "workloadIdentityConfig" not in cluster.inputs:  # cloud-foundation-fabric #2236, April 2024
        reason = "GKE_METADATA can only be used when workload identity is enabled at the cluster level"
        raise Refused("refused", reason=reason)
    config, upgrade = pool.inputs.get("nodeConfig", {}), pool.inputs.get("upgradeSettings", {})
    smallest = _DISKS.get(str(config.get("imageType")), _SMALLEST_DISK)
    if not smallest <= config.get("diskSizeGb", 100) <= _LARGEST_DISK:
        raise Refused(
            "refused", reason=f"disk size {config['diskSizeGb']} GB is not within {smallest}..{_LARGEST_DISK}"
        )
    for key in config.get("labels", {}):
        if any(key.partition("/")[0] == each for each in _RESERVED):
            raise Refused("refused", reason=f"Node label {key}: the prefix is reserved and cannot be specified")
    if upgrade.get("strategy", "SURGE") == "SURGE":
        at_a_time = upgrade.get("maxSurge", 1) + upgrade.get("maxUnavailable", 0)
        if not 1 <= at_a_time <= _SURGE:
            raise Refused(
                "refused", reason=f"max_surge and max_unavailable are {at_a_time} together, not 1 to {_SURGE}"
            )


def _of_combinations(cluster: Resource) -> Iterator[str]:
    inputs = cluster.inputs
    enforced = value_at(inputs, "networkPolicy.enabled")
    if enforced and inputs.get("datapathProvider") == "ADVANCED_DATAPATH":  # bridgecrewio/checkov #1874, 2021
        yield "Enabling NetworkPolicy for clusters with DatapathProvider=ADVANCED_DATAPATH is not allowed."
    if enforced and value_at(inputs, "addonsConfig.networkPolicyConfig.disabled") is not False:
        yield "The network policy addon must be enabled before network policy can be."
    pool = value_at(inputs, "workloadIdentityConfig.workloadPool")
    home = cluster.id.split("/")[1] if cluster.id.startswith("projects/") else None
    if pool and home and pool != f"{home}.svc.id.goog":  # FairwindsOps/terraform-gke #30, December 2020
        yield f"workload pool {pool}: only the project's own is supported, {home}.svc.id.goog"
    key, place = _KEY.match(value_at(inputs, "databaseEncryption.keyName") or ""), str(inputs.get("location", ""))
    if key and place and not place.startswith(key["location"]):  # kubernetes-engine/docs/how-to/encrypting-secrets
        yield f"Cloud KMS key in location {key['location']} must be in the same location as the cluster, {place}"


def _of_policy(inputs: Mapping[str, Any]) -> Iterator[str]:
    yield from maintenance.problems(inputs.get("maintenancePolicy", {}))
    for block in inputs.get("masterAuthorizedNetworksConfig", {}).get("cidrBlocks", ()):
        if ":" in block["cidrBlock"]:
            yield f"Invalid CIDR block {block['cidrBlock']}: it must be IPv4"


def _of_labels(inputs: Mapping[str, Any]) -> Iterator[str]:
    labels = inputs.get("resourceLabels", {})
    if len(labels) > _LABELS:
        yield f"{len(labels)} labels, at most {_LABELS} are allowed"
    yield from (f"label {key}: the prefix goog is reserved" for key in labels if key.startswith("goog-"))


def _of_ranges(inputs: Mapping[str, Any], store: Store) -> Iterator[str]:
    subnet = store.get(SUBNETWORK, str(inputs.get("subnetwork")))
    secondary = _secondary(subnet) if subnet else {}
    names = [str(name) for key in _RANGES if (name := value_at(inputs, f"ipAllocationPolicy.{key}"))]
    if len(names) > len(set(names)):  # gruntwork-io/terraform-google-gke #118, March 2021
        yield f"Pod secondary range name ({names[0]}) should not be the same as service secondary range name."
    # fabianlee/gcp-gke-clusters-ingress #2, April 2024; terraform-google-kubernetes-engine #681
    lacking = [name for name in names if subnet and name not in secondary]
    yield from (f'Secondary range "{name}" not found in subnetwork "{inputs["subnetwork"]}".' for name in lacking)
    for key, (largest, smallest) in _RANGES.items():
        network = secondary.get(str(inputs.get("ipAllocationPolicy", {}).get(key)))
        if network and not largest <= network.prefixlen <= smallest:
            yield f"Secondary range {network} has not the size of /{largest} to /{smallest}"


def _secondary(subnet: Resource) -> dict[str, IPv4Network]:
    ranges = subnet.inputs.get("secondaryIpRanges", ())
    return {each["rangeName"]: IPv4Network(each["ipCidrRange"]) for each in ranges}
