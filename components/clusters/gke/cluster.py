"""GKE, Standard and Autopilot: control plane, access, nodes (rules C1 to C6 of the contract).

Private nodes, Dataplane V2 with enforced network policies, Secrets encrypted by a key of its own, workload
identity, the release channel REGULAR.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_gcp import kms, projects
from pulumi_gcp.provider import Provider as GoogleProvider

from components.clusters.exec_kubeconfig import Login, exec_kubeconfig
from components.clusters.gke.apis import Apis
from components.clusters.gke.control_plane import make_control_plane
from components.clusters.gke.identity import grant_in_project, make_identity, make_node_account
from components.clusters.gke.pools import GkeNodePools
from components.clusters.gke.storage import make_bucket
from components.clusters.managed import ManagedCluster
from components.contract import Gateways, Grant, Identity, LoadBalancerAnnotations, ObjectStore, Storage
from components.facilities import Dns
from components.networks.gcp import GcpNetwork

if TYPE_CHECKING:
    from components.clusters.gke.spec import GkeSpec

_LOAD_BALANCER: Final = "networking.gke.io/load-balancer-type"
_PLUGIN: Final = "gke-gcloud-auth-plugin is missing: gcloud components install gke-gcloud-auth-plugin"
_OPEN_ALREADY: Final = {443, 10250}  # webhooks on the usual port, kubelets
_FRONT_ENDS: Final = ("35.191.0.0/16", "130.211.0.0/22")  # from which Google's load balancers and health checks come
_ROTATION: Final = "7776000s"  # 90 days
_ENCRYPT: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


class GkeCluster(ManagedCluster):
    """The `Cluster` contract on Google Kubernetes Engine."""

    # GKE's metadata server, in clusters with Dataplane V2 and in others.
    credential_sources = (("169.254.169.254/32", 80), ("169.254.169.252/32", 988))
    load_balancing = LoadBalancerAnnotations(internal={_LOAD_BALANCER: "Internal"}, external={})
    network_plugins = "/home/kubernetes/bin"  # the rest of a node's disk is read-only

    def __init__(self, spec: GkeSpec, *, protect: bool) -> None:
        super().__init__(spec, protect=protect)
        self._spec = spec
        self._proxies: pulumi.Resource | None = None
        self.block_storage = Storage("pd.csi.storage.gke.io", {"type": spec.volume_type})  # Google encrypts every disk
        provider = GoogleProvider(
            spec.name, project=spec.project, region=spec.region, opts=pulumi.ResourceOptions(parent=self)
        )
        place = self.place(spec, provider)
        self._apis = Apis(spec.project, place)
        self._place = place.following(self._apis.always)
        self.network = GcpNetwork(spec.network, spec.region, self._place)
        account, rights = make_node_account(spec.project, self._place)
        self._node_account = account.email
        key, may_encrypt = self._make_key(spec)
        self.control_plane = self.deleted_with = make_control_plane(
            spec, self.network, account, key, self._place, protect=self.protect, after=[may_encrypt, *rights]
        )
        access = [
            grant_in_project(member, "roles/container.admin", member, spec.project, self._place)
            for member in spec.administrators
        ]
        pools = GkeNodePools(
            self.control_plane, spec.own_zones(), account, spec.project, self._place, after=[self.network, *rights]
        )
        for pool in spec.node_pools:
            pools.make(pool)
        self.facilities = {Dns: self._dns}
        # A cluster of the same name in the same project and region is the same cluster to Google as well.
        self.connect(self._make_kubeconfig(), self.control_plane.id, after=access)
        self.complete()

    def _make_key(self, spec: GkeSpec) -> tuple[kms.CryptoKey, pulumi.Resource]:
        """The key for Secrets, and GKE's right to use it.

        No key ring and no key can ever be deleted, so that their names stay taken: the engine makes them up, and a
        cluster that was destroyed can be brought up again.
        """
        name = f"{self.name}-secrets"
        ring = kms.KeyRing(name, project=spec.project, location=spec.region, opts=self._place.options(keep=True))
        key = kms.CryptoKey(
            name,
            key_ring=ring.id,
            rotation_period=_ROTATION,
            labels=dict(self._place.tags),
            opts=self._place.options(keep=True),
        )
        # GKE's own account comes some time after its API is on, and no right can be given to it before
        # (GoogleCloudPlatform/gke-enterprise-mt #2).
        agent = projects.ServiceIdentity(
            f"{self.name}-container",
            project=spec.project,
            service="container.googleapis.com",
            opts=self._place.options(),
        )
        member = f"serviceAccount:service-{spec.project_number}@container-engine-robot.iam.gserviceaccount.com"
        right = kms.CryptoKeyIAMMember(
            name, crypto_key_id=key.id, role=_ENCRYPT, member=member, opts=self._place.options(after=[agent])
        )
        return key, right

    def _make_kubeconfig(self) -> pulumi.Output[str]:
        """By address, where the stack file opens a public one, and else by the name that Google answers: a private
        address leads nowhere before its network is connected."""
        login = Login("gke-gcloud-auth-plugin", (), _PLUGIN, wants_cluster=True)
        if self._spec.api_endpoint.public_from or not self._spec.dns_endpoint:
            server = pulumi.Output.concat("https://", self.control_plane.endpoint)
            authority = self.control_plane.master_auth.apply(lambda auth: auth.cluster_ca_certificate)
            return exec_kubeconfig(self.name, server, authority, login)
        endpoints = self.control_plane.control_plane_endpoints_config
        server = endpoints.dns_endpoint_config.apply(lambda config: f"https://{config.endpoint if config else ''}")
        return exec_kubeconfig(self.name, server, None, login)

    def make_shared_storage(self) -> Storage:
        """Filestore, an instance for each volume; its driver is part of the cluster."""
        self._apis.enable("file")
        parameters: dict[str, pulumi.Input[str]] = {"tier": "standard", "network": self.network.network.name}
        return Storage("filestore.csi.storage.gke.io", parameters)

    def gateways(self, *, internal: bool) -> Gateways:
        """Application load balancers: global ones, or such of the VPC, which come from a subnet of their own.

        Google opens its firewall for either by itself (cloud.google.com/kubernetes-engine/docs/concepts/gateway-api).
        """
        if not internal:
            return Gateways("gke-l7-global-external-managed", _FRONT_ENDS)
        if self._proxies is None:
            self._proxies = self.network.make_proxy_subnet()
        return Gateways("gke-l7-rilb", (*_FRONT_ENDS, str(self._spec.network.proxies)), after=[self._proxies])

    def let_api_server_reach(self, ports: Collection[int]) -> Sequence[pulumi.Resource]:
        """By a firewall rule: of a private cluster's nodes, Google lets the API server reach two ports only."""
        closed = {*ports, *self._spec.network.webhook_ports} - _OPEN_ALREADY
        return [self.network.let_api_server_in(sorted(closed), self._node_account)] if closed else []

    def identity_for(self, service_account: str, grants: Sequence[Grant]) -> Identity:
        return make_identity(service_account, grants, self._spec.project, self._place, self.control_plane)

    def _dns(self) -> Dns:
        """Cloud DNS of the cluster's project, all zones of it: it knows no rights to find a single one."""
        return Dns("google", {"project": self._spec.project}, lambda _, __: [Grant("roles/dns.admin")])

    def make_object_store(self, name: str) -> ObjectStore:
        return make_bucket(name, self._spec.project, self._spec.region, self._place)
