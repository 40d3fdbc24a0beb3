"""The cluster resource of GKE: what both modes have, and what only Standard can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi_gcp import container, kms, serviceaccount

from components.cloud import CloudPlace
from components.networks.gcp import PODS, SERVICES, GcpNetwork

if TYPE_CHECKING:
    from components.clusters.gke.spec import GkeSpec
    from components.clusters.maintenance import Maintenance

_SUNDAY: Final = date(2026, 1, 4)  # the windows count from a week that is past
_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_LOGS: Final = ["SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER", "WORKLOADS"]
_GIB: Final = 2**30 * 10**9
_FIRST_POOL: Final = ("initialNodeCount", "nodeConfig")
"""What only the pool that goes at once is made of. Google's answers lack it afterwards, or tell of another pool, and a
difference would replace the cluster (terraform-provider-google-beta, resource_container_cluster.go: `node_config` and
`initial_node_count` are ForceNew and read from the live cluster; cloud-foundation-fabric #1275)."""


def make_control_plane(  # noqa: PLR0913 - what the cluster is made of
    spec: GkeSpec,
    network: GcpNetwork,
    account: serviceaccount.Account,
    key: kms.CryptoKey,
    place: CloudPlace,
    *,
    protect: bool,
    after: Sequence[pulumi.Resource],
) -> container.Cluster:
    """The cluster, without any node."""
    by_mode = _autopilot(account) if spec.is_autopilot else _standard(spec, account)
    return container.Cluster(
        spec.name,
        name=spec.name,
        project=spec.project,
        location=spec.region,
        min_master_version=spec.version,
        release_channel=container.ClusterReleaseChannelArgs(channel="REGULAR"),
        deletion_protection=protect,
        network=network.network.id,
        subnetwork=network.subnet.id,
        ip_allocation_policy=container.ClusterIpAllocationPolicyArgs(
            cluster_secondary_range_name=PODS, services_secondary_range_name=SERVICES
        ),
        private_cluster_config=container.ClusterPrivateClusterConfigArgs(
            enable_private_nodes=True, enable_private_endpoint=not spec.api_endpoint.public_from
        ),
        master_authorized_networks_config=_authorised(spec),
        control_plane_endpoints_config=container.ClusterControlPlaneEndpointsConfigArgs(
            dns_endpoint_config=container.ClusterControlPlaneEndpointsConfigDnsEndpointConfigArgs(
                allow_external_traffic=spec.dns_endpoint
            ),
        ),
        database_encryption=container.ClusterDatabaseEncryptionArgs(state="ENCRYPTED", key_name=key.id),
        gateway_api_config=container.ClusterGatewayApiConfigArgs(channel="CHANNEL_STANDARD"),
        logging_config=container.ClusterLoggingConfigArgs(enable_components=_LOGS),
        security_posture_config=container.ClusterSecurityPostureConfigArgs(mode="BASIC"),
        authenticator_groups_config=_groups(spec),
        maintenance_policy=_maintenance(spec.maintenance),
        resource_labels=dict(place.tags),
        opts=place.options(keep=True, after=after, ignore_changes=_FIRST_POOL),
        **by_mode,
    )


def _autopilot(account: serviceaccount.Account) -> Mapping[str, Any]:
    defaults = container.ClusterClusterAutoscalingAutoProvisioningDefaultsArgs(service_account=account.email)
    return {
        "enable_autopilot": True,
        "cluster_autoscaling": container.ClusterClusterAutoscalingArgs(auto_provisioning_defaults=defaults),
    }


def _standard(spec: GkeSpec, account: serviceaccount.Account) -> Mapping[str, Any]:
    """What Autopilot has without being asked, and the pool that every cluster starts with and this one drops."""
    calico = spec.network.dataplane == "iptables"
    return {
        "node_locations": list(spec.own_zones()),
        "remove_default_node_pool": True,
        "initial_node_count": 1,
        "node_config": container.ClusterNodeConfigArgs(service_account=account.email),
        "networking_mode": "VPC_NATIVE",
        "dns_config": container.ClusterDnsConfigArgs(
            cluster_dns="CLOUD_DNS", cluster_dns_scope="CLUSTER_SCOPE", cluster_dns_domain="cluster.local"
        ),
        "enable_shielded_nodes": True,
        "workload_identity_config": container.ClusterWorkloadIdentityConfigArgs(
            workload_pool=f"{spec.project}.svc.id.goog"
        ),
        "addons_config": container.ClusterAddonsConfigArgs(
            gce_persistent_disk_csi_driver_config=(
                container.ClusterAddonsConfigGcePersistentDiskCsiDriverConfigArgs(enabled=True)
            ),
            gcp_filestore_csi_driver_config=container.ClusterAddonsConfigGcpFilestoreCsiDriverConfigArgs(enabled=True),
            network_policy_config=(
                container.ClusterAddonsConfigNetworkPolicyConfigArgs(disabled=False) if calico else None
            ),
        ),
        "cluster_autoscaling": _auto_provisioning(spec, account),
        "datapath_provider": "LEGACY_DATAPATH" if calico else "ADVANCED_DATAPATH",
        "network_policy": (container.ClusterNetworkPolicyArgs(enabled=True, provider="CALICO") if calico else None),
    }


def _auto_provisioning(
    spec: GkeSpec, account: serviceaccount.Account
) -> container.ClusterClusterAutoscalingArgs | None:
    bounds = spec.auto_provisioning
    if not bounds:
        return None
    limits = {"cpu": bounds.max_cpus, "memory": bounds.max_memory.nanos // _GIB}  # memory counts in GiB
    return container.ClusterClusterAutoscalingArgs(
        enabled=True,
        resource_limits=[
            container.ClusterClusterAutoscalingResourceLimitArgs(resource_type=kind, maximum=limit)
            for kind, limit in limits.items()
        ],
        auto_provisioning_defaults=container.ClusterClusterAutoscalingAutoProvisioningDefaultsArgs(
            service_account=account.email
        ),
    )


def _authorised(spec: GkeSpec) -> container.ClusterMasterAuthorizedNetworksConfigArgs:
    """Who reaches the addresses of the API server: nobody but the nodes, where nobody is named."""
    return container.ClusterMasterAuthorizedNetworksConfigArgs(
        gcp_public_cidrs_access_enabled=False,  # or whoever has a machine at Google is let in
        cidr_blocks=[
            container.ClusterMasterAuthorizedNetworksConfigCidrBlockArgs(cidr_block=str(each))
            for each in (*spec.api_endpoint.public_from, *spec.api_endpoint.private_from)
        ],
    )


def _groups(spec: GkeSpec) -> container.ClusterAuthenticatorGroupsConfigArgs | None:
    if spec.security_group is None:
        return None
    return container.ClusterAuthenticatorGroupsConfigArgs(security_group=spec.security_group)


def _maintenance(window: Maintenance) -> container.ClusterMaintenancePolicyArgs:
    first = _SUNDAY + timedelta(days=_DAYS.index(window.day))
    start = datetime(first.year, first.month, first.day, window.start_hour, tzinfo=UTC)
    return container.ClusterMaintenancePolicyArgs(
        recurring_window=container.ClusterMaintenancePolicyRecurringWindowArgs(
            start_time=_timestamp(start),
            end_time=_timestamp(start + timedelta(hours=window.hours)),
            recurrence=f"FREQ=WEEKLY;BYDAY={window.day[:2].upper()}",
        ),
        maintenance_exclusions=[
            container.ClusterMaintenancePolicyMaintenanceExclusionArgs(
                exclusion_name=freeze.name,
                start_time=f"{freeze.first}T00:00:00Z",
                end_time=f"{freeze.last}T23:59:59Z",
                exclusion_options=container.ClusterMaintenancePolicyMaintenanceExclusionExclusionOptionsArgs(
                    scope="NO_UPGRADES"
                ),
            )
            for freeze in window.freezes
        ],
    )


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
