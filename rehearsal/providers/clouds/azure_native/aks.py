"""AKS: a cluster is a real API server, an agent pool its nodes.

What a cluster makes (load balancers, disks) is in a resource group of its own, which goes with it: nothing is
left behind.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Final

from common.wire import Properties
from rehearsal.providers.clouds import clusters, machines
from rehearsal.providers.clouds.behaviour import Behaviour, Refused
from rehearsal.providers.clouds.definitions import define_snapshots
from rehearsal.providers.clouds.devices import offer_in
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.nodes import OS_LABEL, Node, converge, names
from rehearsal.providers.clouds.store import Resource, Store
from rehearsal.providers.clouds.versions import check_control_plane, check_nodes

CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
AGENT_POOL: Final = "azure-native:containerservice:AgentPool"
_OFFERED: Final = ("1.33", "1.34", "1.35", "1.36")  # November 2026
_POOL_LABEL: Final = "kubernetes.azure.com/agentpool"
_ENTRA_SERVER: Final = "6dae42f8-4368-4678-94ff-3960e28e3630"  # the application that every AKS API server is to Entra
_WINDOWS_NAME: Final = 6  # characters
_FOR_GOOD: Final = ("vmSize", "maxPods", "osDiskSizeGB", "osDiskType", "availabilityZones", "vnetSubnetID")
_DEFAULT_PODS: Final = 250  # with Azure CNI overlay


class Cluster(Behaviour):
    """`containerservice.ManagedCluster`, with the agent pools that are part of it."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        check_control_plane(str(old.outputs["currentKubernetesVersion"]) if old else None, _version(new), _OFFERED)
        pools = new.inputs.get("agentPoolProfiles", ())
        if not any(pool.get("mode") == "System" and pool.get("count", 1) for pool in pools):
            raise Refused("refused", reason="Must define at least one system pool.")
        for pool in pools:
            machines.known(machines.azure, pool["vmSize"])
        if old:
            _check_kept(_pools(old), pools)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        host = clusters.start(str(resource.outputs["name"])).endpoint.removeprefix("https://")
        self._own_nodes(resource, store, fault)
        with clusters.api(str(resource.outputs["name"])) as api:
            if api is not None:
                define_snapshots(api)
        return {"fqdn": host, "privateFQDN": host, "currentKubernetesVersion": _version(resource)}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        gone = [pool for pool in _pools(old) if pool["name"] not in {each["name"] for each in _pools(new)}]
        self._own_nodes(new, store, fault)
        for pool in gone:
            converge(str(new.outputs["name"]), {_POOL_LABEL: pool["name"]}, [], store)
        return {"currentKubernetesVersion": _version(new)}

    def deleted(self, resource: Resource, store: Store) -> None:
        clusters.stop(str(resource.outputs["name"]))

    def _own_nodes(self, cluster: Resource, store: Store, fault: Fault | None) -> None:
        for pool in _pools(cluster):
            _bring_up(pool["name"], pool, cluster, store, fault)


class AgentPool(Behaviour):
    """`containerservice.AgentPool`."""

    def accept(self, old: Resource | None, new: Resource, store: Store) -> None:
        cluster = _cluster(new, store)
        control_plane = _version(cluster)
        check_nodes(str(new.inputs.get("orchestratorVersion") or control_plane), control_plane)
        machines.known(machines.azure, new.inputs["vmSize"])
        if new.inputs.get("osType") == "Windows":
            _check_windows(new, cluster)

    def created(self, resource: Resource, store: Store, fault: Fault | None) -> Properties:
        cluster = _cluster(resource, store)
        _bring_up(str(resource.outputs["name"]), resource.inputs, cluster, store, fault)
        return {"currentOrchestratorVersion": resource.inputs.get("orchestratorVersion") or _version(cluster)}

    def updated(self, old: Resource, new: Resource, store: Store, fault: Fault | None) -> Properties:
        return self.created(new, store, fault)

    def observed(self, resource: Resource, store: Store) -> Properties:
        offer_in(str(_cluster(resource, store).outputs["name"]))
        return {}

    def deleted(self, resource: Resource, store: Store) -> None:
        cluster = str(_cluster(resource, store).outputs["name"])
        converge(cluster, {_POOL_LABEL: str(resource.outputs["name"])}, [], store)


BEHAVIOURS: Final[Mapping[str, Behaviour]] = {CLUSTER: Cluster(), AGENT_POOL: AgentPool()}


def user_credentials(arguments: Mapping[str, Any]) -> Properties:
    """What `listManagedClusterUserCredentials` answers: a kubeconfig that asks kubelogin for a token."""
    name = str(arguments["resourceName"])
    access = clusters.access(name)
    login = ["get-token", "--login", "devicecode", "--server-id", _ENTRA_SERVER]
    command = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": login}
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": access.endpoint, "certificate-authority-data": access.authority}}
        ],
        "users": [{"name": name, "user": {"exec": {**command, "provideClusterInfo": False}}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    value = base64.b64encode(json.dumps(kubeconfig).encode()).decode()
    return {"kubeconfigs": [{"name": "clusterUser", "value": value}]}


def _cluster(pool: Resource, store: Store) -> Resource:
    for cluster in store.all(CLUSTER):
        if pool.inputs["resourceName"] == cluster.outputs["name"]:
            return cluster
    raise Refused("missing", target=f"cluster {pool.inputs['resourceName']}")


def _check_windows(pool: Resource, cluster: Resource) -> None:
    """Refused where Azure has no pools of Windows (learn.microsoft.com/azure/aks/windows-faq)."""
    wrong = {
        "Windows agent pool names must be 6 characters or less": len(str(pool.outputs["name"])) > _WINDOWS_NAME,
        "Windows agent pools cannot be in mode System": pool.inputs.get("mode") == "System",
        "Windows agent pools need a cluster with a Windows profile": not cluster.inputs.get("windowsProfile"),
        "The network dataplane cilium does not support Windows agent pools": (
            cluster.inputs.get("networkProfile", {}).get("networkDataplane") == "cilium"
        ),
    }
    for reason, is_so in wrong.items():
        if is_so:
            raise Refused("refused", reason=reason)


def _version(cluster: Resource) -> str:
    return str(cluster.inputs.get("kubernetesVersion") or _OFFERED[-1])


def _pools(cluster: Resource) -> Sequence[Mapping[str, Any]]:
    pools: Sequence[Mapping[str, Any]] = cluster.inputs.get("agentPoolProfiles", ())
    return pools


def _check_kept(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> None:
    """Refused when a pool of the cluster's own is to be what Azure cannot make of it."""
    before = {pool["name"]: pool for pool in old}
    for pool in new:
        was = before.get(pool["name"], pool)
        for name in _FOR_GOOD:
            if was.get(name) != pool.get(name):
                raise Refused("for-good", target=f"agentPoolProfiles.{name}")


def _bring_up(pool: str, inputs: Mapping[str, Any], cluster: Resource, store: Store, fault: Fault | None) -> None:
    nodes = list(_nodes(pool, inputs, cluster))
    converge(str(cluster.outputs["name"]), {_POOL_LABEL: pool}, nodes, store, fault)


def _nodes(pool: str, inputs: Mapping[str, Any], cluster: Resource) -> Iterator[Node]:
    machine = machines.known(machines.azure, inputs["vmSize"])
    version = str(inputs.get("orchestratorVersion") or _version(cluster))
    region = str(cluster.outputs["location"]).lower().replace(" ", "")
    zones = [f"{region}-{zone}" for zone in inputs.get("availabilityZones", ())] or ["0"]
    spot = inputs.get("scaleSetPriority") == "Spot"
    labels = {
        **inputs.get("nodeLabels", {}),
        _POOL_LABEL: pool,
        "agentpool": pool,
        "kubernetes.azure.com/mode": str(inputs.get("mode", "User")).lower(),
        OS_LABEL: str(inputs.get("osType", "Linux")).lower(),
        **({"kubernetes.azure.com/scalesetpriority": "spot"} if spot else {}),
    }
    taints = [_taint(text) for text in inputs.get("nodeTaints", ())]
    if spot and not any(taint["key"] == "kubernetes.azure.com/scalesetpriority" for taint in taints):
        taints.append(_taint("kubernetes.azure.com/scalesetpriority=spot:NoSchedule"))
    count, pods = int(inputs.get("count", 1)), int(inputs.get("maxPods", _DEFAULT_PODS))
    for name, zone in zip(names(pool, [version, inputs.get("osSKU")], count), cycle(zones), strict=False):
        full = f"aks-{name}"
        machine_id = f"azure://{cluster.id}/virtualMachines/{full}"
        # AKS leaves the device plugin to the cluster (learn.microsoft.com/azure/aks/use-nvidia-gpu, November 2026).
        yield Node(full, zone, region, machine, _patch(version), machine_id, labels, taints, pods, brings_devices=False)


def _taint(text: str) -> dict[str, str]:
    """`key=value:NoSchedule`."""
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, "value": value, "effect": effect}


def _patch(version: str) -> str:
    return version if version.count(".") > 1 else f"{version}.0"
