"""The cluster resource of AKS, its logs, and when it may be upgraded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pulumi
import pulumi_azure_native as azure
import pulumi_random as random

from components.cloud import CloudPlace
from components.clusters.aks.pools import inline_pool

if TYPE_CHECKING:
    from components.clusters.aks.spec import AksSpec
    from components.networks.azure import AzureNetwork

_WORKSPACE_SHORTEST: Final = 4  # characters of a workspace's name
_LOGS: Final = (
    "kube-apiserver",
    "kube-audit-admin",  # of changes; all of kube-audit costs many times as much, and is mostly reading
    "kube-controller-manager",
    "kube-scheduler",
    "cluster-autoscaler",
    "guard",  # who was let in
)
_SCHEDULES: Final = ("aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")  # names that Azure looks for
_POLICY_ENGINES: Final = {"cilium": "cilium", "azure": "calico"}  # by dataplane
_PASSWORD: Final = 32  # characters
_DNS_SERVICE: Final = 10  # the address of Services that DNS gets, as everywhere
_CLEANING: Final = 168  # hours between removals of images that nobody uses and that have flaws


def make_control_plane(  # noqa: PLR0913 - what the cluster is made of
    spec: AksSpec,
    group: pulumi.Output[str],
    network: AzureNetwork,
    identity: azure.managedidentity.UserAssignedIdentity,
    key: azure.keyvault.Key,
    place: CloudPlace,
    *,
    after: Sequence[pulumi.Resource],
) -> azure.containerservice.ManagedCluster:
    """The cluster with its first pool; the others are agent pools, which can come and go."""
    service = azure.containerservice
    return service.ManagedCluster(
        spec.name,
        resource_name_=spec.name,
        resource_group_name=group,
        location=spec.region,
        kubernetes_version=spec.version,
        dns_prefix=spec.name,
        node_resource_group=f"{spec.name}-nodes",
        sku=service.ManagedClusterSKUArgs(name="Base", tier=spec.tier),
        support_plan="AKSLongTermSupport" if spec.tier == "Premium" else "KubernetesOfficial",
        identity=service.ManagedClusterIdentityArgs(type="UserAssigned", user_assigned_identities=[identity.id]),
        agent_pool_profiles=[inline_pool(spec, network.nodes.id, place)],
        network_profile=_network(spec),
        windows_profile=_windows_profile(place) if spec.network.dataplane == "azure" else None,
        api_server_access_profile=_access(spec, network),
        aad_profile=service.ManagedClusterAADProfileArgs(managed=True, enable_azure_rbac=True, tenant_id=spec.tenant),
        disable_local_accounts=True,
        enable_rbac=True,
        auto_upgrade_profile=service.ManagedClusterAutoUpgradeProfileArgs(
            upgrade_channel="patch", node_os_upgrade_channel="NodeImage"
        ),
        oidc_issuer_profile=service.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
        security_profile=_security(key),
        storage_profile=_storage(),
        tags=place.tags,
        # Azure tells all pools of a cluster here, and a refresh brings them into the state (azure-native#1532). They
        # are changed by calls of their own.
        opts=place.options(keep=True, after=after, ignore_changes=["agentPoolProfiles"]),
    )


def _security(key: azure.keyvault.Key) -> azure.containerservice.ManagedClusterSecurityProfileArgs:
    service = azure.containerservice
    return service.ManagedClusterSecurityProfileArgs(
        workload_identity=service.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
        image_cleaner=service.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=_CLEANING),
        azure_key_vault_kms=service.AzureKeyVaultKmsArgs(
            enabled=True, key_id=key.key_uri_with_version, key_vault_network_access="Public"
        ),
    )


def _storage() -> azure.containerservice.ManagedClusterStorageProfileArgs:
    service = azure.containerservice
    return service.ManagedClusterStorageProfileArgs(
        disk_csi_driver=service.ManagedClusterStorageProfileDiskCSIDriverArgs(enabled=True),
        file_csi_driver=service.ManagedClusterStorageProfileFileCSIDriverArgs(enabled=True),
        snapshot_controller=service.ManagedClusterStorageProfileSnapshotControllerArgs(enabled=True),
    )


def _network(spec: AksSpec) -> azure.containerservice.ContainerServiceNetworkProfileArgs:
    return azure.containerservice.ContainerServiceNetworkProfileArgs(
        network_plugin="azure",
        network_plugin_mode="overlay",
        network_dataplane=spec.network.dataplane,
        network_policy=_POLICY_ENGINES[spec.network.dataplane],
        pod_cidr=str(spec.network.pods),
        service_cidr=str(spec.network.services),
        dns_service_ip=str(spec.network.services[_DNS_SERVICE]),
        load_balancer_sku="standard",
        outbound_type="userAssignedNATGateway",
    )


def _windows_profile(place: CloudPlace) -> azure.containerservice.ManagedClusterWindowsProfileArgs:
    """The administrator that every Windows machine has to have: nobody is told, and no port is open to log in by.

    It cannot be added to a cluster later, so it is there wherever there can be Windows nodes.
    """
    password = random.RandomPassword(
        f"{place.cluster}-windows",
        length=_PASSWORD,
        min_lower=1,
        min_upper=1,
        min_numeric=1,
        min_special=1,
        opts=pulumi.ResourceOptions(parent=place.parent),
    )
    return azure.containerservice.ManagedClusterWindowsProfileArgs(
        admin_username="polykube", admin_password=password.result, enable_csi_proxy=True
    )


def _access(spec: AksSpec, network: AzureNetwork) -> azure.containerservice.ManagedClusterAPIServerAccessProfileArgs:
    """The API server in the cluster's own subnet, and on the internet only for those who are named.

    A private one has a name in public DNS that leads to its private address: networks that are connected with the
    cluster's find it without being linked to a zone of Azure's (learn.microsoft.com/azure/aks/private-clusters).
    """
    public = [str(each) for each in spec.api_endpoint.public_from]
    return azure.containerservice.ManagedClusterAPIServerAccessProfileArgs(
        enable_vnet_integration=True,
        subnet_id=network.api.id,
        enable_private_cluster=not public,
        enable_private_cluster_public_fqdn=None if public else True,
        private_dns_zone=None if public else "none",
        authorized_ip_ranges=public or None,
        disable_run_command=True,  # commands by way of Azure's own API go past who may do what in the cluster
    )


def keep_logs(
    spec: AksSpec, group: pulumi.Output[str], cluster: azure.containerservice.ManagedCluster, place: CloudPlace
) -> None:
    """The control plane's logs, in a workspace of the cluster's own."""
    workspace = azure.operationalinsights.Workspace(
        place.cluster,
        workspace_name=place.cluster if len(place.cluster) >= _WORKSPACE_SHORTEST else f"{place.cluster}-logs",
        resource_group_name=group,
        location=spec.region,
        retention_in_days=spec.log_days,
        sku=azure.operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
        tags=place.tags,
        opts=place.options(),
    )
    azure.monitor.DiagnosticSetting(
        place.cluster,
        name="control-plane",
        resource_uri=cluster.id,
        workspace_id=workspace.id,
        logs=[azure.monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in _LOGS],
        opts=place.options(),
    )


def schedule_upgrades(
    spec: AksSpec, group: pulumi.Output[str], cluster: azure.containerservice.ManagedCluster, place: CloudPlace
) -> None:
    """The weekly window, for Kubernetes and for the nodes' images."""
    window = spec.maintenance
    for name in _SCHEDULES:
        azure.containerservice.MaintenanceConfiguration(
            f"{place.cluster}-{name}",
            config_name=name,
            resource_group_name=group,
            resource_name_=cluster.name,
            maintenance_window=azure.containerservice.MaintenanceWindowArgs(
                schedule=azure.containerservice.ScheduleArgs(
                    weekly=azure.containerservice.WeeklyScheduleArgs(day_of_week=window.day, interval_weeks=1)
                ),
                start_time=f"{window.start_hour:02}:00",
                utc_offset="+00:00",
                duration_hours=window.hours,
                not_allowed_dates=[
                    azure.containerservice.DateSpanArgs(start=freeze.first, end=freeze.last)
                    for freeze in window.freezes
                ]
                or None,
            ),
            opts=place.options(),
        )
