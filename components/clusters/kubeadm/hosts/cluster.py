"""kubeadm on hosts given by address: the order in which everything comes (rules C1 to C6 of the contract).

Authorities, a look at all hosts; then the first control plane, which begins the cluster; with that, the token by which
all other hosts join, and the cluster's own parts. What a host is told goes there by ssh, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi_random as random
import yaml

from components.clusters.base import ClusterBase
from components.clusters.device_plugin import DevicePlugin
from components.clusters.exec_kubeconfig import API, Login, exec_kubeconfig
from components.clusters.kubeadm.authorities import Authorities, encoded
from components.clusters.kubeadm.boot import CONTROL_PLANE, ETCD, FIRST, WORKER, Machine, contents
from components.clusters.kubeadm.core_add_ons import CoreAddOns
from components.clusters.kubeadm.documents import (
    ClusterFacts,
    NodeFacts,
    control_plane_documents,
    join_document,
    node_taints,
)
from components.clusters.kubeadm.etcd import EtcdMember, endpoints, member_files
from components.clusters.kubeadm.etcd_metrics import give_metrics
from components.clusters.kubeadm.hosts.keepalived import PACKAGES, balancer_files
from components.clusters.kubeadm.hosts.load_balancers import give_addresses
from components.clusters.kubeadm.hosts.machines import (
    SPARE,
    ClusterMember,
    ControlPlaneHost,
    EtcdHost,
    HostInspection,
    HostNode,
    WorkerHost,
)
from components.clusters.kubeadm.hosts.metallb import announce_addresses
from components.clusters.kubeadm.hosts.spec import METALLB, PASSWORD
from components.clusters.kubeadm.hosts.ssh import SshHost, known_as, trusting
from components.clusters.kubeadm.hosts.virtual_ip import kube_vip
from components.clusters.kubeadm.releases import release
from components.clusters.kubeadm.runtime_classes import make_runtime_classes
from components.clusters.kubeadm.snapshots import SnapshotStore, restoring_files, store_of, take_snapshots
from components.clusters.kubeadm.tokens import let_join, make_token
from components.clusters.kubeadm.v1beta4 import Document, Taint

if TYPE_CHECKING:
    from components.clusters.kubeadm.hosts.spec import HostPoolSpec, KubeadmHostsSpec

_SSH: Final = "OpenSSH's client is missing, which fetches the administrator's credential from a control plane"
_ADMINISTRATOR: Final = "/etc/polykube/administrator.json"
_SECRET: Final = "0600"  # noqa: S105 - a mode


class KubeadmHostsCluster(ClusterBase):
    """The `Cluster` contract on hosts given by address."""

    def __init__(self, spec: KubeadmHostsSpec, *, protect: bool) -> None:
        super().__init__(spec, protect=protect)
        self._spec = spec
        self.node_pools = tuple(pool.as_contract() for pool in spec.node_pools)
        self.authorities = Authorities(
            self.name, self, protect=protect, external_etcd=spec.etcd is not None, own=spec.authorities
        )
        self._credential = self.authorities.administrator(spec.credential_days)
        given = spec.bootstrap_token.text if spec.bootstrap_token else None
        self._token = make_token(self.name, given, self._credential.until, self)
        self._password = self._make_password()
        planes, pools = self._members()
        etcd = [ClusterMember(host, ETCD, spec.etcd.architecture) for host in spec.etcd.hosts] if spec.etcd else []
        spares = (
            [ClusterMember(host, SPARE, spec.spares.architecture) for host in spec.spares.hosts] if spec.spares else []
        )
        everybody = [*planes, *etcd, *(member for _, members in pools for member in members), *spares]
        virtual = str(spec.virtual_ip or "")
        self._inspection = HostInspection(
            f"{self.name}-hosts", everybody, spec.ssh, self.authorities.hash, virtual, self._options()
        )
        keepers = [self._make_etcd_member(member) for member in etcd]
        first = self._make_control_plane(planes[0], [self._inspection, *keepers])
        self.deleted_with = first
        self.connect(self._make_kubeconfig(), self.authorities.hash, after=[first])
        joining = let_join(self._token, self._inside())
        before: pulumi.Resource = joining
        for member in planes[1:]:  # one after the other, as etcd takes them
            before = self._make_control_plane(member, [joining, before])
        for pool, members in pools:
            for member in members:
                self._make_worker(pool, member, [joining, before])
        self._make_parts()
        self.complete()

    def _members(self) -> tuple[list[ClusterMember], list[tuple[HostPoolSpec, list[ClusterMember]]]]:
        planes = self._spec.control_planes
        first, *others = planes.hosts
        balanced = self._spec.port if self._spec.keepalived else 0
        parts = [(first, FIRST), *((host, CONTROL_PLANE) for host in others)]
        members = [ClusterMember(host, part, planes.architecture, balanced_port=balanced) for host, part in parts]
        pools = [
            (pool, [ClusterMember(host, WORKER, pool.architecture, pool.runtime) for host in pool.hosts])
            for pool in self._spec.node_pools
        ]
        return members, pools

    # Hosts -----------------------------------------------------------------------------------------

    def _etcd_members(self) -> list[EtcdMember]:
        """The members of an etcd on hosts of its own."""
        etcd = self._spec.etcd
        return [EtcdMember(host.name, str(host.address)) for host in etcd.hosts] if etcd else []

    def _make_etcd_member(self, member: ClusterMember) -> HostNode:
        members = self._etcd_members()
        own = next(each for each in members if each.name == member.host.name)
        files = member_files(self.name, own, members) | self._restoring_files(external=True)
        told = contents(self._machine(member, files=files))

        def seed(known: Sequence[str]) -> str:
            authority, certificates = known
            secret = {path: (content, _SECRET) for path, content in json.loads(certificates).items()}
            return json.dumps(told | secret | {"/etc/polykube/cluster": (authority, "0644")}, sort_keys=True)

        certificates = self.authorities.etcd_member(own.name, own.address)
        parts = pulumi.Output.all(self.authorities.hash, certificates)
        return self._make_node(member, parts.apply(seed), [self._inspection])

    def _make_control_plane(self, member: ClusterMember, after: Sequence[pulumi.Resource]) -> HostNode:
        planes = self._spec.control_planes
        facts = self._facts()
        node = self._node_facts(member, {}, [] if planes.takes_pods else None)

        def seed(known: Sequence[str]) -> str:
            authority, token, authorities, administrator, password = known
            documents = control_plane_documents(facts, node, token, authority, begins=member.role == FIRST)
            told = contents(self._machine(member, documents))
            told |= {} if self._spec.etcd else self._restoring_files(external=False)
            told |= {path: (content, _SECRET) for path, content in json.loads(authorities).items()}
            told |= {_ADMINISTRATOR: (administrator, _SECRET), "/etc/polykube/cluster": (authority, "0644")}
            answers = self._spec.balancers == "kube-vip"
            virtual = None if self._spec.keepalived else self._spec.virtual_ip
            told |= self._balancer(password, member.host.name)
            if virtual or answers:
                pod = kube_vip(virtual, services=answers)
                told |= {"/etc/polykube/virtual-ip.yaml": (yaml.safe_dump(pod, sort_keys=False), _SECRET)}
            return json.dumps(told, sort_keys=True)

        secret = [self.authorities.files(), self._credential.as_exec(API), self._password]
        parts = pulumi.Output.all(self.authorities.hash, self._token.text, *secret)
        return self._make_node(member, parts.apply(seed), after)

    def _make_password(self) -> pulumi.Input[str]:
        """By which keepalived knows the others, where it is."""
        keepalived = self._spec.keepalived
        if keepalived is None:
            return ""
        if keepalived.password and keepalived.password.text:
            return keepalived.password.text
        return random.RandomPassword(
            f"{self.name}-keepalived", length=PASSWORD.longest, special=False, opts=self._options()
        ).result

    def _balancer(self, password: str, own: str) -> dict[str, tuple[str, str]]:
        """The files of keepalived and haproxy, where they are."""
        spec = self._spec
        if not (spec.keepalived and spec.virtual_ip):
            return {}
        hosts = {host.name: str(host.address) for host in spec.control_planes.hosts}
        router = spec.keepalived.router_id
        return balancer_files(spec.virtual_ip, hosts, own, router_id=router, password=password)

    def _make_worker(self, pool: HostPoolSpec, member: ClusterMember, after: Sequence[pulumi.Resource]) -> HostNode:
        facts = self._facts()
        node = self._node_facts(member, pool.node_labels, node_taints(pool.all_taints))

        def seed(known: Sequence[str]) -> str:
            authority, token = known
            join = join_document(facts, node, token, authority)
            told = contents(self._machine(member, {"join": [join]}, runtime=pool.runtime))
            return json.dumps(told | {"/etc/polykube/cluster": (authority, "0644")}, sort_keys=True)

        known = pulumi.Output.all(self.authorities.hash, self._token.text)
        return self._make_node(member, known.apply(seed), after, pool.name)

    def _make_node(
        self, member: ClusterMember, seed: pulumi.Output[str], after: Sequence[pulumi.Resource], pool: str = ""
    ) -> HostNode:
        """The node of a host, or a member of etcd. The first control plane has the cluster forget a node that goes, any
        other one a node that is lost."""
        name = member.host.name
        reached = member.reached(self._spec.ssh) | {"hostKey": self._key(name)}
        planes = [each.reached(self._spec.ssh) | {"hostKey": self._key(each.host.name)} for each in self._members()[0]]
        controller: Any = {} if member.role in (FIRST, ETCD) else planes[0]
        peers = [] if member.role == ETCD else [each for each in planes if each["name"] != name]
        virtual = str(self._spec.virtual_ip or "") if member.role in (FIRST, CONTROL_PLANE) else ""
        version = release(self.version) if member.role != ETCD else ""
        told = {"role": member.role, "pool": pool, "cluster": self.authorities.hash, "virtualIp": virtual}
        told |= {"version": version}
        timeouts = pulumi.CustomTimeouts(create="40m", delete="20m")
        keep = True if self.protect and member.role != WORKER else None
        options = pulumi.ResourceOptions(depends_on=list(after), custom_timeouts=timeouts, protect=keep)
        kinds = {WORKER: WorkerHost, ETCD: EtcdHost}
        return kinds.get(member.role, ControlPlaneHost)(
            f"{self.name}-{name}",
            reached,
            pulumi.Output.secret(seed),
            told | {"controller": controller, "peers": peers},
            pulumi.ResourceOptions.merge(self._options(), options),
        )

    def _key(self, name: str) -> pulumi.Output[str]:
        return self._inspection.keys.apply(lambda keys: keys[name])

    def _options(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    # What they are told ----------------------------------------------------------------------------

    def _facts(self) -> ClusterFacts:
        spec = self._spec
        return ClusterFacts(
            name=self.name,
            minor=self.version,
            host=str(spec.endpoint),
            names=[*(str(host.address) for host in spec.control_planes.hosts), *spec.certificate_names],
            pods=str(spec.network.pods),
            services=str(spec.network.services),
            eviction_seconds=spec.eviction_seconds,
            in_cloud=False,
            etcd=endpoints(self._etcd_members()),
            port=spec.port,
        )

    def _node_facts(self, member: ClusterMember, labels: dict[str, str], taints: Sequence[Taint] | None) -> NodeFacts:
        return NodeFacts(labels, taints, member.host.name, str(member.host.address))

    def _machine(
        self,
        member: ClusterMember,
        documents: Mapping[str, Sequence[Document]] = MappingProxyType({}),
        files: Mapping[str, tuple[str, str]] = MappingProxyType({}),
        runtime: str = "",
    ) -> Machine:
        spec, host = self._spec, member.host
        others = [str(each.address) for each in spec.control_planes.hosts if each.name != host.name]
        settings = {"API_ENDPOINT": self._facts().endpoint, "NODE_NAME": host.name, "ADDRESS": str(host.address)}
        settings |= {"CONTROL_PLANES": " ".join(others), "VIRTUAL_IP": str(spec.virtual_ip or "")}
        if spec.keepalived and member.role in (FIRST, CONTROL_PLANE):
            settings |= {"PACKAGES": PACKAGES}
        settings |= {"ETCD": " ".join(endpoints(self._etcd_members()))}
        if spec.etcd_snapshots and spec.etcd_snapshots.restore_from:
            settings |= {"RESTORE": spec.etcd_snapshots.restore_from}
        return Machine(
            role=member.role,
            minor=self.version,
            architecture=member.architecture,
            settings=settings,
            cloud=resources.files(__package__).joinpath("cloud.sh").read_text(encoding="utf-8"),
            documents=documents,
            files=files,
            mirrors=[mirror.as_mirror() for mirror in spec.mirrors],
            runtime=runtime,
            issuer=spec.oidc.jwt() if spec.oidc else None,
        )

    def _snapshot_store(self) -> SnapshotStore | None:
        spec = self._spec.etcd_snapshots
        return store_of(spec.store, self.name, spec.retention_days) if spec else None

    def _restoring_files(self, *, external: bool) -> dict[str, tuple[str, str]]:
        store = self._snapshot_store()
        return restoring_files(store, str(store.url), external=external) if store else {}

    # Ways in ---------------------------------------------------------------------------------------

    def _make_kubeconfig(self) -> pulumi.Output[str]:
        """One that fetches the administrator's credential from the control plane that has the API's address."""
        spec = self._spec
        authority = self.authorities.certificate.apply(encoded)
        server = f"https://{spec.endpoint}:{spec.port}"
        return self._inspection.keys.apply(
            lambda keys: exec_kubeconfig(self.name, server, authority, Login("ssh", self._fetch(keys), _SSH))
        )

    def _fetch(self, keys: Mapping[str, str]) -> list[str]:
        spec = self._spec
        planes = spec.control_planes.hosts
        identity = str(spec.ssh.identity_file or "")
        host = SshHost("", str(spec.endpoint), spec.ssh.user, planes[0].port, identity)
        trust = trusting(*((known_as(host.address, host.port), keys[plane.name]) for plane in planes))
        return host.arguments(host.as_root("cat", _ADMINISTRATOR), trust)

    # In the cluster --------------------------------------------------------------------------------

    def _inside(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self.in_cluster(), self._options())

    def _make_parts(self) -> None:
        """What runs in the cluster from the beginning."""
        spec = self._spec
        parts = CoreAddOns(self.name, self._inside())
        redundant = len(spec.control_planes.hosts) > 1
        parts.connect_pods(spec.network.encapsulation, spec.network.mtu, redundant=redundant)
        names = "|".join(host.name for host in spec.all_hosts)
        parts.approve_certificates(spec.network.range, f"^({names})$", resolve=False)
        make_runtime_classes(parts, self.name, spec.node_pools)
        if with_gpus := [pool.name for pool in spec.node_pools if pool.gpus]:
            DevicePlugin(self.name, with_gpus, self._inside())
        if spec.load_balancers:
            ranges = [str(each) for each in spec.load_balancers.addresses]
            if spec.balancers == METALLB:
                announce_addresses(parts, self, ranges, from_control_planes=spec.announces_from_control_planes)
            else:
                give_addresses(parts, ranges)
        if spec.etcd_snapshots and (store := self._snapshot_store()):
            take_snapshots(parts, spec.etcd_snapshots, store, endpoints(self._etcd_members()) or None)
        give_metrics(parts, {member.name: member.endpoint for member in self._etcd_members()})
