"""GKE's node pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi_gcp import container, serviceaccount

from components.cloud import CloudPlace
from components.clusters.gke.facts import FACTS
from components.clusters.pools import WINDOWS, generation

if TYPE_CHECKING:
    from components.clusters.gke.spec import GkePoolSpec

_IMAGES: Final = {"cos": "COS_CONTAINERD", "ubuntu": "UBUNTU_CONTAINERD", WINDOWS: "WINDOWS_LTSC_CONTAINERD"}
_EFFECTS: Final = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
_WINDOWS_VERSION: Final = "OS_VERSION_LTSC2022"
_ALL_SCOPES: Final = "https://www.googleapis.com/auth/cloud-platform"  # what nodes may do, IAM says
_SOAK: Final = "3600s"  # how long both sets of a blue-green upgrade are there


@dataclass(frozen=True)
class GkeNodePools:
    """What the pools of a cluster have in common; `after` has to be there before the first node."""

    cluster: container.Cluster
    zones: Sequence[str]
    account: serviceaccount.Account
    project: str
    place: CloudPlace
    after: Sequence[pulumi.Resource]

    def make(self, pool: GkePoolSpec) -> container.NodePool:
        """A pool. What cannot be changed in place is in its name: the new one comes up before the old one goes.

        Its version follows the control plane's: the release channel upgrades it, in the maintenance window.
        """
        unchangeable = {"machine": pool.machine_type, "image": pool.image, "spot": pool.spot, "disk": pool.disk_gib}
        name = f"{pool.name}-{generation(**unchangeable, max_pods=pool.max_pods)}"
        return container.NodePool(
            f"{self.place.cluster}-{pool.name}",
            name=name,
            project=self.project,
            location=self.cluster.location,
            cluster=self.cluster.name,
            node_locations=list(self.zones[: pool.spread(len(self.zones)).zones]),
            management=container.NodePoolManagementArgs(auto_repair=True, auto_upgrade=True),
            max_pods_per_node=pool.max_pods,
            upgrade_settings=_upgrade(pool),
            node_config=self._node_config(pool),
            # Only the first size: the autoscaler changes what there is, and a new one would replace the pool.
            opts=self.place.options(after=self.after, ignore_changes=["initialNodeCount"], new_first=True),
            **_size(pool, len(self.zones)),
        )

    def _node_config(self, pool: GkePoolSpec) -> container.NodePoolNodeConfigArgs:
        return container.NodePoolNodeConfigArgs(
            machine_type=pool.machine_type,
            image_type=_IMAGES[pool.image],
            disk_size_gb=pool.disk_gib,
            disk_type=pool.disk_type,
            spot=pool.spot,
            service_account=self.account.email,
            oauth_scopes=[_ALL_SCOPES],
            labels=pool.node_labels,
            resource_labels=dict(self.place.tags),
            taints=[  # but for the one of Windows nodes, which GKE puts there itself
                container.NodePoolNodeConfigTaintArgs(key=taint.key, value=taint.value, effect=_EFFECTS[taint.effect])
                for taint in pool.taints
            ],
            taint_config=_as_declared(pool),
            guest_accelerators=_accelerators(pool),
            shielded_instance_config=container.NodePoolNodeConfigShieldedInstanceConfigArgs(
                enable_secure_boot=True, enable_integrity_monitoring=True
            ),
            windows_node_config=_windows(pool),
            workload_metadata_config=container.NodePoolNodeConfigWorkloadMetadataConfigArgs(mode="GKE_METADATA"),
            metadata={"disable-legacy-endpoints": "true"},
        )


def _size(pool: GkePoolSpec, zones: int) -> Mapping[str, Any]:
    """How many nodes there are in each zone, and between which bounds of all zones the autoscaler may go."""
    for_each = pool.spread(zones).nodes
    if not pool.scales:
        return {"node_count": for_each}
    bounds = container.NodePoolAutoscalingArgs(
        total_min_node_count=pool.nodes.min,
        total_max_node_count=pool.nodes.max,
        location_policy="ANY" if pool.spot else "BALANCED",
    )
    return {"initial_node_count": for_each, "autoscaling": bounds}


def _as_declared(pool: GkePoolSpec) -> container.NodePoolNodeConfigTaintConfigArgs | None:
    """No taint but those of the stack file, as on other clouds: by itself, Google keeps pods off Arm nodes that do not
    ask for them (cloud.google.com/kubernetes-engine/docs/how-to/prepare-arm-workloads-for-deployment, November 2026).
    """
    if not pool.is_arm:
        return None
    return container.NodePoolNodeConfigTaintConfigArgs(architecture_taint_behavior="NONE")


def _windows(pool: GkePoolSpec) -> container.NodePoolNodeConfigWindowsNodeConfigArgs | None:
    if not pool.is_windows:
        return None
    return container.NodePoolNodeConfigWindowsNodeConfigArgs(osversion=_WINDOWS_VERSION)


def _accelerators(pool: GkePoolSpec) -> list[container.NodePoolNodeConfigGuestAcceleratorArgs] | None:
    machine = FACTS.machines.get(pool.machine_type)
    if not machine or not machine.gpus:
        return None
    driver = container.NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfigArgs(gpu_driver_version="DEFAULT")
    return [
        container.NodePoolNodeConfigGuestAcceleratorArgs(
            type=machine.gpu_model, count=machine.gpus, gpu_driver_installation_config=driver
        )
    ]


def _upgrade(pool: GkePoolSpec) -> container.NodePoolUpgradeSettingsArgs:
    if pool.upgrade.strategy == "surge":
        return container.NodePoolUpgradeSettingsArgs(
            strategy="SURGE", max_surge=pool.upgrade.max_surge, max_unavailable=pool.upgrade.max_unavailable
        )
    rollout = container.NodePoolUpgradeSettingsBlueGreenSettingsStandardRolloutPolicyArgs(
        batch_percentage=1.0, batch_soak_duration=_SOAK
    )
    settings = container.NodePoolUpgradeSettingsBlueGreenSettingsArgs(
        standard_rollout_policy=rollout, node_pool_soak_duration=_SOAK
    )
    return container.NodePoolUpgradeSettingsArgs(strategy="BLUE_GREEN", blue_green_settings=settings)
