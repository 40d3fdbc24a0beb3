"""GKE: a cluster is a real API server, a node pool its nodes; an Autopilot cluster has nodes by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address, ip_network
from itertools import cycle
from typing import Any, Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters, doors, machines
from rehearsal.providers.clouds.behaviour import Behaviour, Refused, refuse
from rehearsal.providers.clouds.definitions import define_snapshots
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.gcp import autopilot, limits, places, project, values
from rehearsal.providers.clouds.gcp.gateway_api import bring_gateway_api
from rehearsal.providers.clouds.gcp.storage_classes import CLASSES
from rehearsal.providers.clouds.left_behind import leave_behind
from rehearsal.providers.clouds.nodes import OS_LABEL, Node, converge, names
from rehearsal.providers.clouds.rules import value_at
from rehearsal.providers.clouds.storage_classes import bring
from rehearsal.providers.clouds.store import Resource, Store
from rehearsal.providers.clouds.versions import check_control_plane, check_nodes

CLUSTER: Final = "gcp:container/cluster:Cluster"
NODE_POOL: Final = "gcp:container/nodePool:NodePool"
FORWARDING_RULE: Final = "gcp:compute/forwardingRule:ForwardingRule"
DISK: Final = "gcp:compute/disk:Disk"
_OFFERED: Final = ("1.33", "1.34", "1.35", "1.36")  # November 2026
_POOL_LABEL: Final = "cloud.google.com/gke-nodepool"
_EFFECTS: Final = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
_BY_NAME: Final = "controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint"
_HOST_INSIDE: Final = clusters.INSIDE.removeprefix("https://")
_INTERNAL: Final = tuple(ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_DEFAULT_MACHINE: Final = "e2-medium"
_AUTOPILOT_MACHINE: Final = "e2-standard-4"


class GkeClusterBehaviour(Behaviour):
    """`container.Cluster`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        check_control_plane(str(old.outputs["masterVersion"]) if old else None, _wanted(new), _OFFERED)
        if not (new.inputs.get("enableAutopilot") or new.inputs.get("initialNodeCount")):
            raise Refused("refused", reason="Cluster.initial_node_count must be greater than zero")
        limits.check_cluster(new, store)
        refuse(places.of_cluster(new, store))
        if value_at(new.inputs, "dnsConfig.clusterDns") == "CLOUD_DNS":  # kubernetes-engine/docs/how-to/cloud-dns
            project.check_enabled(new.id.split("/")[1], "dns", store)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        access = clusters.start(str(resource.outputs["name"]))
        self._own_nodes(resource, store)
        _define(resource)
        return {
            **_reached(resource, store),
            "masterAuth.clusterCaCertificate": access.authority,
            "masterVersion": _full(_wanted(resource)),
        }

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        self._own_nodes(new, store)
        _define(new)
        reached, name = {}, str(new.outputs["name"])
        if doors.address(name):
            reached = _reached(new, store)
        elif _HOST_INSIDE in (old.outputs.get("endpoint"), value_at(old.outputs, _BY_NAME)):
            host = clusters.access(name).endpoint.removeprefix("https://")
            reached = _endpoints(host, host)
        return {**reached, "masterVersion": _full(_wanted(new))}

    def deleted(self, resource: Resource, store: Store) -> None:
        if resource.outputs.get("deletionProtection"):
            raise Refused("refused", reason="Cannot destroy cluster because deletion_protection is set to true")
        name, labels = str(resource.outputs["name"]), {"goog-k8s-cluster-name": str(resource.outputs["name"])}
        balancer = (FORWARDING_RULE, {"labels": labels, "network": resource.inputs.get("network")})
        leave_behind(name, store, balancer, (DISK, {"labels": labels}))
        clusters.stop(name)

    def _own_nodes(self, cluster: Resource, store: Store) -> None:
        """The nodes of an Autopilot cluster, or of the default pool, unless that is to go."""
        inputs, name = cluster.inputs, str(cluster.outputs["name"])
        if inputs.get("removeDefaultNodePool"):
            return
        autopilot = bool(inputs.get("enableAutopilot"))
        pool = "pool-1" if autopilot else "default-pool"
        config = {"machineType": _AUTOPILOT_MACHINE} if autopilot else inputs.get("nodeConfig", {})
        zones = _zones(cluster, None)
        count = len(zones) * (1 if autopilot else inputs["initialNodeCount"])
        nodes = list(_nodes(pool, config, _full(_wanted(cluster)), zones, count))
        converge(name, {_POOL_LABEL: pool}, nodes, store)


class NodePoolBehaviour(Behaviour):
    """`container.NodePool`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        cluster = _cluster(new, store)
        if cluster.inputs.get("enableAutopilot"):
            raise Refused("refused", reason="Autopilot clusters do not support mutating node pools")
        check_nodes(_version(new, cluster), str(cluster.outputs["masterVersion"]))
        config = new.inputs.get("nodeConfig", {})
        machines.known(machines.gcp, config.get("machineType", _DEFAULT_MACHINE))
        if _is_windows(config) and cluster.inputs.get("datapathProvider") == "ADVANCED_DATAPATH":
            raise Refused("refused", reason="Windows node pools are not supported with Dataplane V2")
        limits.check_pool(new, cluster)
        refuse(places.of_pool(new, cluster, store))

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        cluster, inputs, pool = _cluster(resource, store), resource.inputs, str(resource.outputs["name"])
        zones = _zones(cluster, inputs.get("nodeLocations"))
        version, config = _version(resource, cluster), inputs.get("nodeConfig", {})
        nodes = list(_nodes(pool, config, version, zones, _count(inputs, len(zones))))
        converge(str(cluster.outputs["name"]), {_POOL_LABEL: pool}, nodes, store, fault)
        groups = [f"https://www.googleapis.com/compute/v1/zones/{zone}/instanceGroups/{pool}" for zone in zones]
        return {"version": version, "instanceGroupUrls": groups}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        return self.created(new, store, fault)

    def deleted(self, resource: Resource, store: Store) -> None:
        cluster = str(_cluster(resource, store).outputs["name"])
        converge(cluster, {_POOL_LABEL: str(resource.outputs["name"])}, [], store)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    **values.BEHAVIOURS,
    **project.BEHAVIOURS,
    limits.SUBNETWORK: limits.Subnetwork(),
    CLUSTER: GkeClusterBehaviour(),
    NODE_POOL: NodePoolBehaviour(),
}


def _cluster(pool: Resource, store: Store) -> Resource:
    wanted = pool.inputs["cluster"]
    for cluster in store.all(CLUSTER):
        if wanted in (cluster.id, cluster.outputs["name"]):
            return cluster
    raise Refused("missing", target=f"cluster {wanted}")


def _define(cluster: Resource) -> None:
    """The kinds that Google defines in the cluster."""
    with clusters.api(str(cluster.outputs["name"])) as api:
        if api is None:
            return
        define_snapshots(api)
        bring(api, CLASSES)
        if cluster.inputs.get("enableAutopilot"):
            autopilot.guard(api)
        if cluster.inputs.get("gatewayApiConfig", {}).get("channel") == "CHANNEL_STANDARD":
            bring_gateway_api(api)


def lets_in(cluster: Resource, store: Store, who: IPv4Address) -> bool:
    """Whether `who` reaches the address of the API server: from an authorized network, and from none on the internet
    where the endpoint is private (kubernetes-engine/docs/concepts/network-isolation, November 2026)."""
    del store
    named = value_at(cluster.inputs, "masterAuthorizedNetworksConfig.cidrBlocks") or ()
    inside = any(who in each for each in _INTERNAL)
    return (inside or not _is_private(cluster)) and any(who in ip_network(each["cidrBlock"]) for each in named)


def _is_private(cluster: Resource) -> bool:
    return bool(value_at(cluster.inputs, "privateClusterConfig.enablePrivateEndpoint"))


def _reached(cluster: Resource, store: Store) -> Properties:
    """Where a cluster is reached. From outside, a private endpoint leads nowhere in the run that makes its network, and
    the name that Google answers only leads there where it lets in who is outside (concepts/network-isolation)."""
    name = str(cluster.outputs["name"])
    host = clusters.access(name).endpoint.removeprefix("https://")
    by_address = _HOST_INSIDE if _is_private(cluster) else host
    door = clusters.endpoint(name, by_address, partial(lets_in, cluster, store)).removeprefix("https://")
    by_name = bool(value_at(cluster.inputs, "controlPlaneEndpointsConfig.dnsEndpointConfig.allowExternalTraffic"))
    return _endpoints(door, host if by_name else _HOST_INSIDE)


def _endpoints(by_address: str, by_name: str) -> Properties:
    return {
        "endpoint": by_address,
        _BY_NAME: by_name,
        "controlPlaneEndpointsConfig.ipEndpointsConfig.publicEndpoint": by_address,
        "controlPlaneEndpointsConfig.ipEndpointsConfig.privateEndpoint": by_address,
    }


def _wanted(cluster: Resource) -> str:
    return str(cluster.inputs.get("minMasterVersion") or _OFFERED[-1])


def _full(version: str) -> str:
    """`1.35.0-gke.1000` of `1.35`, as GKE names what it runs."""
    return version if "-gke." in version else f"{version}{'.0' * (version.count('.') < 2)}-gke.1000"  # noqa: PLR2004


def _version(pool: Resource, cluster: Resource) -> str:
    """What is asked for; else what the nodes have, as only Google upgrades them then; else the control plane's."""
    return _full(str(pool.inputs.get("version") or pool.outputs.get("version") or cluster.outputs["masterVersion"]))


def _zones(cluster: Resource, chosen: Sequence[str] | None) -> Sequence[str]:
    """Where nodes are: as chosen for the pool or the cluster, or in three zones of the region."""
    location = str(cluster.outputs["location"])
    if location[-2] == "-":
        return [location]
    return chosen or cluster.inputs.get("nodeLocations") or [f"{location}-{letter}" for letter in "abc"]


def _count(inputs: Mapping[str, Any], zones: int) -> int:
    """How many nodes a pool begins with: counts are for each zone, unless they say total."""
    scaling = inputs.get("autoscaling", {})
    for_each_zone = inputs.get("nodeCount") or inputs.get("initialNodeCount") or scaling.get("minNodeCount")
    return int(for_each_zone * zones if for_each_zone else scaling.get("totalMinNodeCount", 0))


def _is_windows(config: Mapping[str, Any]) -> bool:
    return str(config.get("imageType", "")).startswith("WINDOWS")


def _has_driver(config: Mapping[str, Any]) -> bool:
    """Whether GKE installs the driver of GPUs, as it does unless told not to; its device plugin is on every node.

    cloud.google.com/kubernetes-engine/docs/how-to/gpus, November 2026.
    """
    drivers = [each.get("gpuDriverInstallationConfig", {}) for each in config.get("guestAccelerators", ())]
    return all(driver.get("gpuDriverVersion") != "INSTALLATION_DISABLED" for driver in drivers)


def _nodes(pool: str, config: Mapping[str, Any], version: str, zones: Sequence[str], count: int) -> Iterator[Node]:
    machine = machines.known(machines.gcp, config.get("machineType", _DEFAULT_MACHINE))
    labels = {**config.get("labels", {}), _POOL_LABEL: pool, "cloud.google.com/gke-os-distribution": "cos"}
    taints = [
        {"key": taint["key"], "value": taint.get("value", ""), "effect": _EFFECTS[taint["effect"]]}
        for taint in config.get("taints", ())
    ]
    if _is_windows(config):
        labels |= {OS_LABEL: "windows", "cloud.google.com/gke-os-distribution": "windows_ltsc"}
        taints.append({"key": "node.kubernetes.io/os", "value": "windows", "effect": "NoSchedule"})
    if machine.architecture == "arm64" and config.get("taintConfig", {}).get("architectureTaintBehavior") != "NONE":
        # cloud.google.com/kubernetes-engine/docs/how-to/prepare-arm-workloads-for-deployment, November 2026
        taints.append({"key": "kubernetes.io/arch", "value": "arm64", "effect": "NoSchedule"})
    if config.get("spot"):
        labels["cloud.google.com/gke-spot"] = "true"
    if machine.gpus or config.get("guestAccelerators"):
        taints.append({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"})
    for name, zone in zip(names(pool, [version, config.get("imageType")], count), cycle(zones), strict=False):
        made = Node(f"gke-{name}", zone, zone[:-2], machine, version, f"gce:///{zone}/gke-{name}", labels, taints)
        yield replace(made, brings_devices=_has_driver(config))
