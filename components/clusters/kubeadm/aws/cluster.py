"""kubeadm on AWS: the order in which everything comes (rules C1 to C6 of the contract).

Network, balancers, authorities; then the first control plane, which begins the cluster; with that, the token by which
all other machines join, and the cluster's own parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi_aws import autoscaling, iam
from pulumi_aws.provider import Provider as AwsProvider

from components.clusters.eks.facts import architecture
from components.clusters.exec_kubeconfig import API, Login, exec_kubeconfig
from components.clusters.kubeadm.authorities import Authorities, encoded
from components.clusters.kubeadm.aws.add_ons import DRIVER, know_machines, make_volumes
from components.clusters.kubeadm.aws.balancers import ApiBalancer, make_balancer
from components.clusters.kubeadm.aws.etcd import SHELL, EtcdOnAws
from components.clusters.kubeadm.aws.firewalls import Firewalls, make_firewalls
from components.clusters.kubeadm.aws.leaving import leaving_files
from components.clusters.kubeadm.aws.machines import Group, MachineKind, make_group, make_template
from components.clusters.kubeadm.aws.replacement import in_its_place
from components.clusters.kubeadm.aws.rights import (
    control_plane_policy,
    controller_policy,
    driver_policy,
    report_policy,
)
from components.clusters.kubeadm.aws.secrets import make_secret, only_for, set_value
from components.clusters.kubeadm.aws.snapshots import SnapshotBucket
from components.clusters.kubeadm.boot import CONTROL_PLANE, FIRST, WORKER, Machine, user_data
from components.clusters.kubeadm.core_add_ons import CoreAddOns
from components.clusters.kubeadm.documents import (
    ClusterFacts,
    NodeFacts,
    control_plane_documents,
    join_document,
    node_taints,
)
from components.clusters.kubeadm.etcd_metrics import give_metrics
from components.clusters.kubeadm.ports import PORT
from components.clusters.kubeadm.releases import release
from components.clusters.kubeadm.runtime_classes import make_runtime_classes
from components.clusters.kubeadm.snapshots import take_snapshots
from components.clusters.kubeadm.tokens import let_join, make_token
from components.clusters.managed import ManagedCluster
from components.clusters.pools import generation
from components.contract import LoadBalancerAnnotations, Storage
from components.naming import GENERATION_LABEL, MACHINE_GROUP_LABEL
from components.networks.aws import AwsNetwork
from components.networks.aws_iam import MANAGED, ServiceRole, allow, service_role

if TYPE_CHECKING:
    from components.cloud import CloudPlace
    from components.clusters.kubeadm.aws.spec import KubeadmAwsPoolSpec, KubeadmAwsSpec
    from components.clusters.kubeadm.v1beta4 import Document

_AWS_CLI: Final = "The AWS CLI is missing: docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
_BALANCER: Final = "service.beta.kubernetes.io/aws-load-balancer"
_NODE_NAMES: Final = r"^ip-[0-9-]+\.[-a-z0-9.]+$"  # of machines that are named after their address
_WITH_SUCCESSOR: Final = 2  # machines of a control plane's group, while one takes the place of the other
_IMAGES: Final = f"{MANAGED}AmazonEC2ContainerRegistryPullOnly"


@dataclass(frozen=True)
class Told:
    """What machines are told that is known when the cluster's parts are: the endpoint's host, further names, the hash
    of the authority, the token, the endpoints of an etcd on other machines, the address of the bucket for snapshots."""

    host: str
    names: Sequence[str]
    authority: str
    token: str
    etcd: Sequence[str]
    snapshots: str


class KubeadmAwsCluster(ManagedCluster):
    """The `Cluster` contract on machines of AWS."""

    block_storage = Storage(DRIVER, {"type": "gp3", "encrypted": "true"})
    load_balancing = LoadBalancerAnnotations(
        internal={f"{_BALANCER}-type": "nlb", f"{_BALANCER}-internal": "true"},
        external={f"{_BALANCER}-type": "nlb"},
    )
    admission_patience = 900.0  # the first machine has just begun to be one

    def __init__(self, spec: KubeadmAwsSpec, *, protect: bool) -> None:
        super().__init__(spec, protect=protect)
        self._spec = spec
        provider = AwsProvider(spec.name, region=spec.region, opts=pulumi.ResourceOptions(parent=self))
        self._place = self.place(spec, provider)
        self.network = AwsNetwork(
            spec.network, spec.region, spec.own_zones(), self._place, nat_zone=min(spec.own_zones())
        )
        self._balancers = self._make_balancers()
        self._firewalls = self._make_firewalls()
        self.authorities = Authorities(
            self.name, self, protect=protect, external_etcd=spec.etcd is not None, own=spec.authorities
        )
        credential = self.authorities.administrator(spec.credential_days)
        given = spec.bootstrap_token.text if spec.bootstrap_token else None
        self._token = make_token(self.name, given, credential.until, self)
        self._snapshots = SnapshotBucket(spec.etcd_snapshots, spec.region, self._place)
        self._etcd = self._make_etcd()
        self._secrets = _Secrets(self.authorities.files(), self._place)
        access = self._let_in(credential.as_exec(API))
        self._profile, rights = self._make_profile(CONTROL_PLANE)
        members = self._etcd.ready if self._etcd else []
        before = [*rights, *self._secrets.ready, *members, *self._firewalls.rules, self.network]
        first = self._make_control_plane(0, before)
        self.deleted_with = first
        # Its authority is what makes a cluster another one, as its own machines see it.
        self.connect(self._make_kubeconfig(), self.authorities.hash, after=[access, first])
        joining = let_join(self._token, self._inside())
        self._make_others(first, joining)
        self._make_parts()
        self.complete()

    # Ways in ---------------------------------------------------------------------------------------

    def _make_balancers(self) -> dict[str, ApiBalancer]:
        """The one for machines, and if somebody on the internet is let in, one for them; by side."""
        endpoint, network = self._spec.api_endpoint, self._spec.network
        from_: dict[str, list[IPv4Network | IPv6Network]] = {
            "private": [network.range, *endpoint.private_from],
            "public": list(endpoint.public_from),
        }
        return {side: make_balancer(side, who, self.network, self._place) for side, who in from_.items() if who}

    def _make_firewalls(self) -> Firewalls:
        network = self._spec.network
        groups = {side: balancer.group for side, balancer in self._balancers.items()}
        external = self._spec.etcd is not None
        return make_firewalls(
            self.network.vpc, network.encapsulation, groups, str(network.range), self._place, external_etcd=external
        )

    def _let_in(self, credential: pulumi.Output[str]) -> pulumi.Resource:
        """The administrator's credential, for those who may read it."""
        policy = only_for(self._spec.administrators)
        secret = make_secret("administrator", "What kubectl says to the API server", self._place, policy=policy)
        return set_value("administrator", secret, credential, self._place)

    def _make_kubeconfig(self) -> pulumi.Output[str]:
        read = ("secretsmanager", "get-secret-value", "--secret-id", f"{self.name}/administrator")
        shown = ("--region", self._spec.region, "--query", "SecretString", "--output", "text")
        host = self._balancers.get("public", self._balancers["private"]).host
        server = host.apply(lambda name: f"https://{name}:{PORT}")
        authority = self.authorities.certificate.apply(encoded)
        return exec_kubeconfig(self.name, server, authority, Login("aws", (*read, *shown), _AWS_CLI))

    # Machines --------------------------------------------------------------------------------------

    def _make_profile(self, role: str) -> tuple[iam.InstanceProfile, Sequence[pulumi.Resource]]:
        """What machines of a role may do; the rights have to be there before the first of them."""
        name = f"{self.name}-{role}"
        made = service_role(name, "ec2.amazonaws.com", self._place, policies=[SHELL, _IMAGES])
        groups = f"arn:aws:autoscaling:{self._spec.region}:*:autoScalingGroup:*:autoScalingGroupName/{self.name}-*"
        rights = [*made.rights, allow(f"{name}-report", made.role, report_policy(groups), self._place)]
        if role == CONTROL_PLANE:
            rights += self._control_plane_rights(name, made)
        profile = iam.InstanceProfile(
            name, role=made.role.name, tags=self._place.tagged(name), opts=self._place.options()
        )
        return profile, rights

    def _control_plane_rights(self, name: str, role: ServiceRole) -> list[pulumi.Resource]:
        secrets = pulumi.Output.all(self._secrets.authorities.arn, self._secrets.beginning.arn)
        policies: dict[str, pulumi.Input[str]] = {
            "authorities": secrets.apply(lambda arns: control_plane_policy(*arns)),
            "controller": controller_policy(self.name, self._spec.region),
            "volumes": driver_policy(),
            "snapshots": self._snapshots.policy,
        }
        return [allow(f"{name}-{what}", role.role, policy, self._place) for what, policy in policies.items()]

    def _make_etcd(self) -> EtcdOnAws | None:
        """The members of etcd, where they have machines of their own."""
        spec = self._spec
        if spec.etcd is None:
            return None
        return EtcdOnAws(spec.etcd, self.authorities, self.network, self._firewalls, self._snapshots, self._place)

    def _make_control_plane(
        self, number: int, after: Sequence[pulumi.Resource], in_place: pulumi.Output[None] | None = None
    ) -> autoscaling.Group:
        """A control plane: a group of one, so that a lost machine has a successor, in a zone of its own.

        It is told nothing new before the one that comes before it is `in_place`.
        """
        planes, logical = self._spec.control_planes, _control_plane(number)
        name = f"{self.name}-{logical}"
        role = FIRST if number == 0 else CONTROL_PLANE
        kind = MachineKind(
            planes.machine_type,
            planes.image,
            architecture(planes.machine_type, planes.architecture),
            planes.disk_gib,
            self._profile,
            [self._firewalls.nodes, self._firewalls.control_planes],
            self._told(lambda told: self._control_plane_data(told, role, number), in_place),
        )
        subnets = self.network.private_subnets
        group = Group(
            name,
            1,
            _WITH_SUCCESSOR,
            [subnets[number % len(subnets)].id],
            [balancer.targets for balancer in self._balancers.values()],
        )
        template = make_template(logical, kind, self._place, name=f"{name}-{self._generation}")
        return make_group(logical, group, template, self._place, after=after, new_first=False)

    @property
    def _generation(self) -> str:
        """What control planes cannot be told later: another one is another machine in place of each."""
        planes = self._spec.control_planes
        return generation(
            type=planes.machine_type,
            architecture=architecture(planes.machine_type, planes.architecture),
            image=planes.image,
            disk=planes.disk_gib,
            takes_pods=planes.takes_pods,
            version=release(self.version),
        )

    def _make_others(self, first: autoscaling.Group, joining: pulumi.Resource) -> None:
        """The other control planes, one after the other, as etcd takes them; and the workers, all at once."""
        before = first
        in_place = self._in_its_place(0, first)
        for number in range(1, self._spec.control_planes.count):
            before = self._make_control_plane(number, [joining, before], in_place)
            in_place = self._in_its_place(number, before)
        profile, rights = self._make_profile(WORKER)
        for pool in self._spec.node_pools:
            self._make_pool(pool, profile, [*rights, joining, before], in_place)

    def _in_its_place(self, number: int, group: autoscaling.Group) -> pulumi.Output[None]:
        return in_its_place(self.kubeconfig, group, _control_plane(number), self._generation)

    def _make_pool(
        self,
        pool: KubeadmAwsPoolSpec,
        profile: iam.InstanceProfile,
        after: Sequence[pulumi.Resource],
        in_place: pulumi.Output[None],
    ) -> None:
        """The group of a pool. What its machines cannot be told later is in its name: the new one comes up first."""
        made_of = generation(
            type=pool.machine_type,
            architecture=pool.arch,
            image=pool.image,
            disk=pool.disk_gib,
            spot=pool.spot,
            labels=pool.node_labels,
            taints=[taint.model_dump() for taint in pool.all_taints],
            version=release(self.version),
        )
        name = f"{self.name}-{pool.name}-{made_of}"
        kind = MachineKind(
            pool.machine_type,
            pool.image,
            pool.arch,
            pool.disk_gib,
            profile,
            [self._firewalls.nodes],
            self._told(lambda told: self._worker_data(told, pool, name), in_place),
            spot=pool.spot,
        )
        group = Group(name, pool.nodes.min, pool.nodes.max, [each.id for each in self.network.private_subnets])
        make_group(
            pool.name, group, make_template(pool.name, kind, self._place), self._place, after=after, new_first=True
        )

    # What they are told ----------------------------------------------------------------------------

    def _told(self, data: Callable[[Told], str], in_place: pulumi.Output[None] | None) -> pulumi.Output[str]:
        """User data, of what is known when there are balancers, an authority and a token; a secret.

        It comes when the control planes before it are `in_place`.
        """
        hosts = pulumi.Output.all(*(balancer.host for balancer in self._balancers.values()))
        etcd: pulumi.Input[list[str]] = self._etcd.endpoints if self._etcd else []
        parts = pulumi.Output.all(self.authorities.hash, self._token.text, hosts, etcd, self._snapshots.url, in_place)

        def text(known: Sequence[Any]) -> str:
            authority, token, (host, *names), members, snapshots, _ = known
            return data(Told(host, names, authority, token, members, snapshots))

        return pulumi.Output.secret(parts.apply(text))

    def _facts(self, told: Told) -> ClusterFacts:
        spec = self._spec
        return ClusterFacts(
            name=self.name,
            minor=self.version,
            host=told.host,
            names=[*told.names, *spec.certificate_names],
            pods=str(spec.network.pods),
            services=str(spec.network.services),
            eviction_seconds=spec.eviction_seconds,
            etcd=told.etcd,
        )

    def _control_plane_data(self, told: Told, role: str, number: int) -> str:
        planes, facts, group = self._spec.control_planes, self._facts(told), _control_plane(number)
        labels = {MACHINE_GROUP_LABEL: group, GENERATION_LABEL: self._generation}
        node = NodeFacts(labels, [] if planes.takes_pods else None)
        documents = control_plane_documents(facts, node, told.token, told.authority, begins=role == FIRST)
        arch = architecture(planes.machine_type, planes.architecture)
        secrets = {"AUTHORITIES": self._secrets.name("authorities"), "BEGINNING": self._secrets.name("beginning")}
        settings = {"GROUP": f"{self.name}-{group}", "ETCD": " ".join(told.etcd), **secrets, **self._snapshots.settings}
        made = self._machine(role, arch, facts, documents, settings)
        restoring = {} if told.etcd else self._snapshots.restoring_files(told.snapshots, external=False)
        return user_data(replace(made, files={**made.files, **restoring}))

    def _worker_data(self, told: Told, pool: KubeadmAwsPoolSpec, group: str) -> str:
        facts = self._facts(told)
        node = NodeFacts(pool.node_labels, node_taints(pool.all_taints))
        join = join_document(facts, node, told.token, told.authority)
        return user_data(self._machine(WORKER, pool.arch, facts, {"join": [join]}, {"GROUP": group}, pool.runtime))

    def _machine(
        self,
        role: str,
        arch: str,
        facts: ClusterFacts,
        documents: Mapping[str, Sequence[Document]],
        settings: Mapping[str, str],
        runtime: str = "",
    ) -> Machine:
        return Machine(
            role=role,
            minor=self.version,
            architecture=arch,
            settings={"API_ENDPOINT": facts.endpoint, "REGION": self._spec.region, **settings},
            cloud=files(__package__).joinpath("cloud.sh").read_text(encoding="utf-8"),
            documents=documents,
            mirrors=[mirror.as_mirror() for mirror in self._spec.mirrors],
            runtime=runtime,
            issuer=self._spec.oidc.jwt() if self._spec.oidc else None,
            files=leaving_files(),
        )

    # In the cluster --------------------------------------------------------------------------------

    def _inside(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self.in_cluster(), pulumi.ResourceOptions(parent=self))

    def _make_parts(self) -> None:
        """What runs in the cluster from the beginning."""
        spec, redundant = self._spec, self._spec.control_planes.count > 1
        parts = CoreAddOns(self.name, self._inside())
        parts.connect_pods(spec.network.encapsulation, spec.network.mtu, redundant=redundant)
        parts.approve_certificates(spec.network.range, _NODE_NAMES)
        know_machines(parts, self.name)
        make_runtime_classes(parts, self.name, spec.node_pools)
        make_volumes(parts, self.name, redundant=redundant)
        take_snapshots(parts, spec.etcd_snapshots, self._snapshots.store, self._etcd.endpoints if self._etcd else None)
        give_metrics(parts, self._etcd.by_name() if self._etcd else {})


def _control_plane(number: int) -> str:
    """What a control plane is called within its cluster."""
    return f"control-plane-{number}"


class _Secrets:
    """The secrets that control planes use: the authorities, and whether the cluster has begun."""

    def __init__(self, authorities: pulumi.Output[str], place: CloudPlace) -> None:
        self._cluster = place.cluster
        self.authorities = make_secret("authorities", "The cluster's authorities, for its control planes", place)
        self.beginning = make_secret("beginning", "Which machine has begun the cluster, once one has", place)
        self.ready = [set_value("authorities", self.authorities, authorities, place), self.beginning]

    def name(self, which: str) -> str:
        """What one of them is called."""
        return f"{self._cluster}/{which}"
