"""Agent pools of AKS: what Azure refuses of them, and the nodes that they bring.

Azure knows the pools of a cluster by name, whoever made them: by the cluster's own call (`agentPoolProfiles`), by a
call for the pool (`AgentPool`), or by a template (`Deployment`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, cycle
from typing import Any, Final

from rehearsal.providers.clouds import machines
from rehearsal.providers.clouds.behaviour import Refused, refuse
from rehearsal.providers.clouds.faults import Fault
from rehearsal.providers.clouds.nodes import OS_LABEL, Node, converge, names
from rehearsal.providers.clouds.store import Resource, Store
from rehearsal.providers.clouds.versions import check_nodes, minor

Pool = Mapping[str, Any]

POOL_LABEL: Final = "kubernetes.azure.com/agentpool"
_AZURE: Final = "kubernetes.azure.com/"
_SPOT: Final = f"{_AZURE}scalesetpriority=spot:NoSchedule"
_RESERVED: Final = ("accelerator", "agentpool", "storageprofile", "storagetier")  # aks/use-labels
_OF_KUBELET: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")
_WINDOWS_NAME: Final = 6  # characters
_FOR_GOOD: Final = (
    *("vmSize", "maxPods", "osDiskSizeGB", "osDiskType", "osType", "availabilityZones", "vnetSubnetID"),
    *("scaleSetPriority", "enableEncryptionAtHost"),
)
_DEFAULT_PODS: Final = 250  # with Azure CNI overlay
_FEWEST_PODS: Final = 30
_DISKS: Final = (30, 2048)  # GiB
_SYSTEM_CPUS: Final = 2
_SIZE: Final = re.compile(r"Standard_[DE](?P<cpus>\d+)(?P<has>[a-z]*)_v5")
_LOCAL_GIB: Final = 37.5  # for each vCPU
_PLACE: Final = "agentPoolProfile"
_ZONES: Final = ("1", "2", "3")


def check(pool: Pool, cluster: Mapping[str, Any], was: Pool | None = None) -> None:
    """Refused when AKS does not take a pool with these inputs, in a cluster with those, in place of `was`."""
    machines.known(machines.azure, pool["vmSize"])
    own = (_of_place(pool), _of_spot(pool), _of_numbers(pool), _of_labels(pool))
    refuse(chain(*own, _of_windows(pool, cluster)))
    for name in _FOR_GOOD if was else ():
        if was and name in pool and was.get(name) not in (None, pool[name]):
            raise Refused("for-good", target=f"{_PLACE}.{name}")


def check_version(pool: Pool, control_plane: str, was: Pool | None = None) -> None:
    """Refused when the nodes' version does not go with the control plane's, or is older than it was."""
    version = str(pool.get("orchestratorVersion") or (was or {}).get("orchestratorVersion") or control_plane)
    check_nodes(version, control_plane)
    had = str((was or {}).get("orchestratorVersion") or version)
    if minor(version) < minor(had):
        reason = f"Node pool version {version} is older than {had}: downgrading a node pool is not allowed."
        raise Refused("refused", reason=reason)


def counted(pool: Pool, was: Pool | None = None) -> dict[str, Any]:
    """The pool with a number of nodes: as stated, or as it was, within the autoscaler's bounds (Azure/AKS#1627)."""
    count = pool.get("count", (was or {}).get("count", pool.get("minCount", 1)))
    if pool.get("enableAutoScaling"):
        count = max(int(pool["minCount"]), min(int(count), int(pool["maxCount"])))
    return {**pool, "count": int(count)}


def bring_up(name: str, pool: Pool, cluster: Resource, store: Store, fault: Fault | None = None) -> None:
    """Bring the nodes of a pool to what it says."""
    converge(str(cluster.outputs["name"]), {POOL_LABEL: name}, list(_nodes(name, pool, cluster)), store, fault)


def take_down(name: str, cluster: str, store: Store) -> None:
    """Let the nodes of a pool go."""
    converge(cluster, {POOL_LABEL: name}, [], store)


def version_of(cluster: Resource) -> str:
    """The control plane's version."""
    return str(cluster.inputs["kubernetesVersion"])


def _of_place(pool: Pool) -> Iterator[str]:
    """learn.microsoft.com/azure/aks/availability-zones and /spot-node-pool, November 2026"""
    for zone in pool.get("availabilityZones") or ():
        if zone not in _ZONES:
            yield f"The zone(s) '{zone}' for resource '{_PLACE}' is not supported. The supported zones are '1,2,3'."
    price = pool.get("spotMaxPrice")
    if price is not None and price != -1 and price <= 0:
        yield f"The value of parameter {_PLACE}.spotMaxPrice is {price}: it is -1 or greater than zero."


def _of_spot(pool: Pool) -> Iterator[str]:
    """hashicorp/terraform-provider-azurerm#19355 and #31129 (November 2025)."""
    settings = pool.get("upgradeSettings") or {}
    if pool.get("scaleSetPriority") == "Spot":
        for name, said in (("maxSurge", "max surge"), ("maxUnavailable", "maxUnavailable")):
            if settings.get(name):
                place = f"{_PLACE}.upgradeSettings.{name}"
                yield f"The value of parameter {place} is invalid. Error details: Spot pools can't set {said}."
        if pool.get("mode") == "System":
            yield "System node pools cannot be spot pools."


def _of_numbers(pool: Pool) -> Iterator[str]:
    count, least, most = (pool.get(name) for name in ("count", "minCount", "maxCount"))
    if pool.get("enableAutoScaling") and (least is None or most is None or least > most):
        yield f"The value of parameter {_PLACE}.minCount is invalid: minCount {least}, maxCount {most}."
    elif pool.get("enableAutoScaling") and count is not None and not least <= count <= most:
        # kubernetes-sigs/cluster-api-provider-azure#5947 (October 2025)
        yield (
            f"{_PLACE}.count was {count}. It must be greater or equal to minCount:{least} and less than or equal to "
            f"maxCount:{most}."
        )
    smallest, largest = _DISKS
    if not smallest <= pool.get("osDiskSizeGB", smallest) <= largest:
        yield f"The value of parameter {_PLACE}.osDiskSizeGB must be between {smallest} and {largest}."
    if pool.get("osDiskType") == "Ephemeral" and (local := _local_disk(str(pool["vmSize"]))) is not None:
        wanted = pool.get("osDiskSizeGB", 0)
        if not local or wanted > local:  # learn.microsoft.com/azure/aks/concepts-storage#ephemeral-os-disk
            yield (
                f"The virtual machine size {pool['vmSize']} has a temp disk size of {local} GB, but the OS disk "
                f"requires {wanted or 'more'} GB. Use a VM size with larger cache/temp disk or disable ephemeral OS."
            )
    if pool.get("mode") == "System" and machines.known(machines.azure, pool["vmSize"]).cpus < _SYSTEM_CPUS:
        yield f"The VM size {pool['vmSize']} is not allowed for system node pools: they need {_SYSTEM_CPUS} vCPUs."
    nodes, pods = counted(pool)["count"], int(pool.get("maxPods", _DEFAULT_PODS))
    if 0 < nodes * pods < _FEWEST_PODS:
        yield f"InsufficientMaxPods: {nodes} × {pods} pods; a node pool must have room for {_FEWEST_PODS}."
    if pool.get("mode") == "System" and not nodes:
        yield "System node pools must have at least one node."


def _local_disk(size: str) -> int | None:
    """GiB of a machine's own disk, of the series D and E of which it is known by name
    (learn.microsoft.com/azure/virtual-machines/sizes/overview); None of others."""
    found = _SIZE.fullmatch(size)
    return int(int(found["cpus"]) * _LOCAL_GIB) if found and "d" in found["has"] else 0 if found else None


def _of_labels(pool: Pool) -> Iterator[str]:
    """Azure/AKS#2578 (system pools), #2866 and #4613 (labels of Kubernetes)."""
    for key in pool.get("nodeLabels") or ():
        domain, slash, _ = key.partition("/")
        if key in _RESERVED or key.startswith(_AZURE):
            yield f"Label key {key} is reserved for use by AKS."
        if slash and domain.endswith(("kubernetes.io", "k8s.io")) and not domain.endswith(_OF_KUBELET):
            yield (
                "For Kubernetes version greater than or equal to 1.16, node label keys in the 'kubernetes.io' or "
                f"'k8s.io' namespace must begin with an allowed prefix ({', '.join(_OF_KUBELET)})."
            )
    for text in pool.get("nodeTaints") or ():
        if text.startswith(_AZURE) and not (text == _SPOT and pool.get("scaleSetPriority") == "Spot"):
            yield f"Taint {text} is reserved for use by AKS."
        soft = text.startswith("CriticalAddonsOnly=") or text.endswith(":PreferNoSchedule")
        if pool.get("mode") == "System" and not soft:
            yield (
                "SystemPoolHasRestrictedTaint: Placing custom taints on system pool is not supported(except "
                "'CriticalAddonsOnly' taint or taint effect is 'PreferNoSchedule')."
            )


def _of_windows(pool: Pool, cluster: Mapping[str, Any]) -> Iterator[str]:
    """learn.microsoft.com/azure/aks/windows-faq"""
    if pool.get("osType") != "Windows":
        return
    wrong = {
        "Windows agent pool names must be 6 characters or less": len(str(pool["name"])) > _WINDOWS_NAME,
        "Windows agent pools cannot be in mode System": pool.get("mode") == "System",
        "Windows agent pools need a cluster with a Windows profile": not cluster.get("windowsProfile"),
        "The network dataplane cilium does not support Windows agent pools": (
            cluster.get("networkProfile", {}).get("networkDataplane") == "cilium"
        ),
    }
    yield from (reason for reason, is_so in wrong.items() if is_so)


def _nodes(name: str, pool: Pool, cluster: Resource) -> Iterator[Node]:
    machine = machines.known(machines.azure, pool["vmSize"])
    version = str(pool.get("orchestratorVersion") or version_of(cluster))
    region = str(cluster.outputs["location"]).lower().replace(" ", "")
    zones = [f"{region}-{zone}" for zone in pool.get("availabilityZones") or ()] or ["0"]
    spot = pool.get("scaleSetPriority") == "Spot"
    labels = {
        **(pool.get("nodeLabels") or {}),
        POOL_LABEL: name,
        "agentpool": name,
        f"{_AZURE}mode": str(pool.get("mode", "User")).lower(),
        OS_LABEL: str(pool.get("osType", "Linux")).lower(),
        **({f"{_AZURE}scalesetpriority": "spot"} if spot else {}),
    }
    texts: Sequence[str] = pool.get("nodeTaints") or ()
    taints = [_taint(text) for text in (*texts, *([_SPOT] if spot and _SPOT not in texts else ()))]
    count, pods = int(pool["count"]), int(pool.get("maxPods", _DEFAULT_PODS))
    for node, zone in zip(names(name, [version, pool.get("osSKU")], count), cycle(zones), strict=False):
        full = f"aks-{node}"
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
