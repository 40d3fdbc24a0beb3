"""What the parts of polykube promise each other.

A **cluster** is one component of some kind (`components/clusters`); everything that goes into it, from
storage classes to add-ons, sees this contract and never the kind. An **add-on** is one installable part
(`components/addons`). It is a plan first: what it needs, exempts and opens is answered from its class and its options,
so that order, errors, policies and documentation are worked out rather than written twice; then it is installed.

Rules (each has a test of its own in tests/contract, run over every registered kind and add-on):

C1  A cluster is a component; everything that the kind creates is its child, so that one URN prefix tells
    a cluster's resources from those of the platform.
C2  `kubeconfig` is a secret output and authenticates by exec plugin or by reference to files; no token or
    key of ours is in it.
C3  `kubernetes` carries a cluster identifier: a new kubeconfig never replaces what is in the cluster.
C4  `capabilities` says what the kind can do. What needs more is an error before anything is registered.
C5  `in_cluster()` gives the options of every object in the cluster. With `outside_effects=True` the
    object is deleted one by one on destroy; otherwise it may go with the cluster.
C6  Two programs of one spec register the same resources under the same names.
C7  A cluster has a facility exactly when it has the facility's capability, which the add-on states that asks for it.
A1  An add-on says which `capabilities` of the cluster it needs, which add-ons it `depends_on`, is to `install_after`
    or `conflicts` with, by their classes, and by which built-in parts of a cluster it is `superseded_by`.
A2  Every namespace that an add-on uses is in `namespaces`, with the Pod Security level that it needs.
A3  Every exemption has a reason, an owner and an expiry date.
A4  Every port that the API server must reach is in `ports_from_control_plane`.
A5  Every workload of an add-on, and every Service of it that the API server calls, is among what its `health()` names.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol, TypeVar

import pulumi
import pulumi_kubernetes as kubernetes


class Capability(StrEnum):
    """Something that not every kind of cluster can do, named as an error message would name it."""

    NODE_POOLS = "node pools"
    NETWORK_POLICIES = "enforced network policies"
    LOAD_BALANCERS = "load balancers"
    INTERNAL_LOAD_BALANCERS = "load balancers without an address on the internet"
    GATEWAYS = "gateways of the cloud's own"
    BLOCK_STORAGE = "dynamically provisioned block storage"
    VOLUME_SNAPSHOTS = "snapshots of volumes by its storage driver"
    SHARED_STORAGE = "dynamically provisioned shared storage"
    WORKLOAD_IDENTITY = "workload identity"
    OBJECT_STORE = "an object store for backups"
    NETWORK_PLUGINS = "network plugins besides its own"
    GATEWAY_SECRETS = "certificates out of Secrets for its gateways"
    MACHINES = "machines made by Karpenter"
    SCALABLE_POOLS = "node pools that wait for an autoscaler"
    LOAD_BALANCER_CONTROLLER = "load balancers made by AWS's controller"
    NODE_DIRECTORIES = "directories of nodes for pods"
    AGGREGATED_APIS = "aggregated APIs"
    CONTROL_PLANE_METRICS = "metrics of its control plane"


class BuiltIn(StrEnum):
    """What some kinds of clusters provide themselves, so that a second one would be in its way."""

    SNAPSHOTS = "the controller of volume snapshots"
    METRICS = "metrics of pods and nodes"
    NODE_CHECKS = "checks of nodes"
    GATEWAY_API = "the Gateway API's definitions"


class CapabilityMissing(Exception):
    """A part needs what this kind of cluster cannot do."""

    def __init__(self, kind: str, capability: Capability, needed_for: str) -> None:
        super().__init__(f"a cluster of kind {kind!r} has no {capability}, which {needed_for} needs")
        self.kind, self.capability, self.needed_for = kind, capability, needed_for


class PodSecurity(StrEnum):
    """Levels of the Pod Security Standards."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


@dataclass(frozen=True)
class Taint:
    """A taint as nodes carry it; `effect` is NoSchedule, PreferNoSchedule or NoExecute."""

    key: str
    effect: str
    value: str = ""


@dataclass(frozen=True)
class NodePool:
    """A set of alike nodes. `minimum` and `maximum` are equal where nothing scales the pool."""

    name: str
    minimum: int
    maximum: int
    labels: Mapping[str, str]
    taints: Sequence[Taint] = ()


@dataclass(frozen=True)
class LoadBalancerAnnotations:
    """Annotations that make a Service's load balancer internal or external."""

    internal: Mapping[str, str]
    external: Mapping[str, str]


@dataclass(frozen=True)
class Gateways:
    """Gateways of the cloud's own: their GatewayClass, where they reach pods from, and what has to be there before."""

    gateway_class: str
    sources: Sequence[str]
    after: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class Identity:
    """What a pod carries to act in the cloud: for its ServiceAccount and for its own metadata. It starts after `after`,
    without which it would get no credentials."""

    annotations: Mapping[str, pulumi.Input[str]]
    labels: Mapping[str, pulumi.Input[str]]
    after: Sequence[pulumi.Resource] = ()


NO_IDENTITY: Final = Identity({}, {})
"""That of pods that do nothing in a cloud."""


@dataclass(frozen=True)
class Grant:
    """A role by the cloud's own name (on AWS the ARN of a policy), on one thing of the cloud or on all of it.

    `name` tells it from others of its identity where their number may change: a grant that takes the place of another
    is made while that one is still there, or deleted with it.
    """

    role: pulumi.Input[str]
    on: pulumi.Input[str] | None = None
    name: str = ""


def by_name(grants: Sequence[Grant]) -> dict[str, Grant]:
    """The grants of an identity by their names, or by their number where they have none."""
    return {grant.name or str(number): grant for number, grant in enumerate(grants)}


class Facility:
    """What one add-on needs of a cluster's cloud, and nothing else asks for; the cluster has it if it has `capability`.

    `Cluster.facility` gives it by its class, of which `components/facilities.py` has all.
    """

    capability: ClassVar[Capability]


AnyFacility = TypeVar("AnyFacility", bound=Facility)


@dataclass(frozen=True)
class ObjectStore:
    """A bucket for backups; whoever gets `grant` from `identity_for` may read and write it.

    `protocol` is what it speaks: s3, gcs or blobs. `at` is what a client has to know besides: the `region` of s3,
    the storage `account` of blobs.
    """

    name: pulumi.Output[str]
    endpoint: pulumi.Input[str]
    grant: Grant
    protocol: str
    at: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Storage:
    """A driver that makes volumes, and what a storage class tells it to have them encrypted."""

    driver: str
    parameters: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class Cluster(Protocol):
    """What every kind of cluster is to the rest of the program (rules C1 to C6)."""

    @property
    def name(self) -> str:
        """The cluster's name, unique among a person's clusters."""
        ...

    @property
    def kind(self) -> str:
        """The kind, as stack files say it."""
        ...

    @property
    def version(self) -> str:
        """The minor version of Kubernetes: `1.36`."""
        ...

    @property
    def kubeconfig(self) -> pulumi.Output[str]:
        """A kubeconfig as text; a secret."""
        ...

    @property
    def kubernetes(self) -> kubernetes.Provider:
        """The provider for everything in the cluster."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the kind can do."""
        ...

    @property
    def node_pools(self) -> Sequence[NodePool]:
        """The pools that the program declares; none where something else does."""
        ...

    @property
    def own_default_classes(self) -> Sequence[str]:
        """The storage classes that its cloud makes the default in every cluster."""
        ...

    @property
    def block_storage(self) -> Storage | None:
        """What makes volumes for one node at a time, if the cluster brings something that does."""
        ...

    def shared_storage(self) -> Storage:
        """What makes volumes that many nodes mount at once, made on first use."""
        ...

    @property
    def network_plugins(self) -> str:
        """The directory of every node that holds its network plugins."""
        ...

    @property
    def built_in(self) -> frozenset[BuiltIn]:
        """What the cluster provides itself, without the program."""
        ...

    @property
    def credential_sources(self) -> Collection[tuple[str, int]]:
        """Addresses (CIDR) and ports of the nodes' own at which pods get the credentials of their identity."""
        ...

    @property
    def load_balancing(self) -> LoadBalancerAnnotations:
        """How Services say what load balancer they want."""
        ...

    def gateways(self, *, internal: bool) -> Gateways:
        """The cloud's own gateways, with what they need, which is made on first use."""
        ...

    def gateway_parameters(
        self, *, internal: bool, certificates: Mapping[str, tuple[str, str]]
    ) -> Mapping[str, Any] | None:
        """The object that such a gateway refers to, if they take one; it brings `certificates` with keys, by host."""
        ...

    def in_cluster(self, *, outside_effects: bool = False) -> pulumi.ResourceOptions:
        """Options for an object in the cluster; `outside_effects` where it creates something outside."""
        ...

    def let_api_server_reach(self, ports: Collection[int]) -> Sequence[pulumi.Resource]:
        """Open `ports` of pods to the API server where a cloud keeps it away; what webhooks have to wait for."""
        ...

    def identity_for(self, service_account: str, grants: Sequence[Grant]) -> Identity:
        """Cloud rights for the pods of `namespace/name`."""
        ...

    def facility(self, kind: type[AnyFacility]) -> AnyFacility:
        """What the one add-on that needs such a facility is told; the cluster makes it when it is asked."""
        ...

    def object_store(self, name: str) -> ObjectStore:
        """A bucket of the cluster's cloud, made on first use."""
        ...


@dataclass(frozen=True)
class Namespace:
    """A namespace that an add-on uses, with the Pod Security level that its pods need.

    `quota` bounds all of them together, by the keys of a ResourceQuota; several times what the add-on uses in
    a large cluster, so that it stops a mistake and not a rollout. Volumes, load balancers and node ports that it
    does not name there are none.
    """

    name: str
    pod_security: PodSecurity
    quota: Mapping[str, str]


@dataclass(frozen=True)
class Exemption:
    """A standing leave to break a policy rule, for the resources of one add-on only."""

    rule: str
    reason: str
    owner: str
    expires: date

    def as_input(self) -> dict[str, Any]:
        """The exemption as a component is given it, where the policy pack finds it."""
        return asdict(self) | {"expires": self.expires.isoformat()}
