"""What clusters of every kind have: the model in the stack file, and the connection to what runs."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final

import pulumi
import pulumi_kubernetes as kubernetes
from pydantic import BeforeValidator, Field, ValidationInfo

from components.contract import (
    AnyFacility,
    BuiltIn,
    Capability,
    CapabilityMissing,
    Facility,
    Gateways,
    Grant,
    Identity,
    LoadBalancerAnnotations,
    NodePool,
    ObjectStore,
    Storage,
)
from components.kubernetes_versions import KubernetesVersions
from components.naming import component_type
from spec.model import Origin, StackModel
from spec.problems import Code, Finding, listed, quoted
from spec.text import DnsLabel, KubernetesVersion

# Stock limits (50 and 120) make the client the slowest part of every preview (docs/performance.md).
_QUERIES_PER_SECOND: Final = 1000
_QUERIES_AT_ONCE: Final = 2000
_API_GROUPS: Final = {
    BuiltIn.SNAPSHOTS: "snapshot.storage.k8s.io",
    BuiltIn.GATEWAY_API: "gateway.networking.k8s.io",
}


def _stack_unless_named(name: Any, info: ValidationInfo) -> Any:
    return info.context.stack if name is None and isinstance(info.context, Origin) else name


def minor_of(version: str) -> int:
    """36 of `1.36`."""
    return int(version.split(".")[1])


class ClusterSpec(StackModel):
    """The base of the cluster kinds' models; each adds its `kind` and what only it needs."""

    goes_up: ClassVar[bool] = False  # whether it is this program that brings it to another version, one minor at a time
    cloud: ClassVar[str] = ""  # the Pulumi package whose resources the kind is made of, if it is one of a cloud
    parts: ClassVar[Mapping[str, KubernetesVersions]] = MappingProxyType({})
    """What the program itself puts into clusters of the kind, with the versions of Kubernetes that upstream names."""

    kind: str
    name: Annotated[DnsLabel, BeforeValidator(_stack_unless_named)] = Field(
        default=None,
        validate_default=True,
        description="Names the cluster and what belongs to it. The default is the stack's name.",
    )
    version: KubernetesVersion = Field(
        description='The minor version that the cluster runs, in quotes: "1.36". It is stated rather than looked up, '
        "so that a preview says tomorrow what it says today."
    )
    deletion_protection: bool | None = Field(
        default=None,
        description="Whether the stack and each of its tenants are kept from being deleted, with cluster, network, "
        "keys and backups. The default is true in stage prod, and false elsewhere. To take a protected stack down, "
        "write false, set `protect-cluster: disabled` in polykube:policy.levels, and bring it up once more.",
    )

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the cluster can do; what needs more is refused before anything is registered."""
        return frozenset()

    @property
    def built_in(self) -> frozenset[BuiltIn]:
        """What the cluster provides itself, without the program."""
        return frozenset()

    @property
    def own_storage_classes(self) -> Mapping[str, bool]:
        """The storage classes that are in every cluster of the kind, by name, and whether each is the default."""
        return {}

    @property
    def bundles(self) -> Sequence[str]:
        """Manifests of upstream's that the cluster itself consists of, by their names in addons.lock."""
        return ()

    @property
    def wanted_nodes(self) -> Mapping[str, tuple[int, int]]:
        """The fewest and the most nodes of each pool, by its name; nothing where something else makes nodes."""
        return {}

    @property
    def minor(self) -> int:
        """The minor version: 36 of 1.36."""
        return minor_of(self.version)

    @property
    def own_api_groups(self) -> frozenset[str]:
        """API groups beside those of Kubernetes that every cluster of the kind serves."""
        return frozenset(group for part, group in _API_GROUPS.items() if part in self.built_in)

    def immutable_fields(self) -> dict[str, str]:
        """What is immutable once the cluster exists: values by key path, below `cluster`.

        For another value a cloud would replace the cluster, its network or its keys, or refuse.
        """
        return {"kind": self.kind, "name": self.name}

    def keeps(self, key: str, had: str) -> bool:
        """Whether a cluster that was created with `had` in the immutable field `key` can have its present value."""
        return self.immutable_fields().get(key) == had

    def warnings(self) -> Iterator[Finding]:
        """What may be meant but should be looked at; nothing is refused for it."""
        for name, versions in self.parts.items():
            for finding in versions.warnings(self.minor, name):
                yield finding.below("version")


def version_findings(version: str, offered: Sequence[str], dated: str) -> Iterator[Finding]:
    """A finding for a version that was not `offered` on the day `dated`, relative to the cluster."""
    if isinstance(version, str) and version not in offered:
        allowed = f"{listed(offered)}, as of {dated}"
        yield Finding(Code.NOT_OFFERED, quoted(version), allowed, "Write one of them.", at=("version",))


class ClusterBase(pulumi.ComponentResource):
    """The part of the `Cluster` contract that is the same for every kind.

    A kind calls `connect` when it has a kubeconfig. What it can do beyond that, its spec says in `capabilities`,
    and it overrides the attribute or the method that goes with the capability.
    """

    load_balancing: LoadBalancerAnnotations = LoadBalancerAnnotations(internal={}, external={})
    credential_sources: ClassVar[tuple[tuple[str, int], ...]] = ()

    name: str
    kind: str
    version: str
    capabilities: frozenset[Capability]
    built_in: frozenset[BuiltIn]
    block_storage: Storage | None = None
    network_plugins: str = "/opt/cni/bin"
    own_default_classes: tuple[str, ...] = ()
    node_pools: tuple[NodePool, ...] = ()
    facilities: Mapping[type[Facility], Callable[[], Facility]] = MappingProxyType({})
    """How each facility that the cluster has is made, by its class."""
    kubeconfig: pulumi.Output[str]
    deleted_with: pulumi.Resource | None = None
    """What takes everything in the cluster with it when it is deleted; None where the program does not make it."""

    def __init__(self, spec: ClusterSpec, *, protect: bool) -> None:
        super().__init__(component_type("clusters", type(self).__name__), spec.name)
        self.name, self.kind, self.version = spec.name, spec.kind, spec.version
        self.protect = protect
        self.capabilities, self.built_in = spec.capabilities, spec.built_in
        self.own_default_classes = tuple(name for name, default in spec.own_storage_classes.items() if default)

    def connect(
        self,
        kubeconfig: pulumi.Input[str],
        identifier: pulumi.Input[str],
        context: str | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        """Say how everything in the cluster is reached, by a context of the kubeconfig or its current one.

        `after` is what has to be there before the kubeconfig lets anybody in.

        `identifier` names the cluster for its whole life: only when it changes is what is in the cluster
        replaced, whatever happens to endpoint, certificates or credentials in the kubeconfig.
        """
        self.kubeconfig = pulumi.Output.secret(kubeconfig)
        self._make_provider: Callable[[], kubernetes.Provider] = lambda: kubernetes.Provider(
            self.name,
            kubeconfig=self.admitted(self.kubeconfig, after),
            context=context,
            cluster_identifier=identifier,
            # What the stack file declares wins over whoever changed it in the cluster; what it leaves out
            # (replicas under an autoscaler) stays as it is.
            enable_patch_force=True,
            # Content that changes is updated in place. Else the object is replaced, and as its name is given, there
            # would be none for a moment: no certificate, no configuration of the mesh.
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            kube_client_settings=kubernetes.KubeClientSettingsArgs(qps=_QUERIES_PER_SECOND, burst=_QUERIES_AT_ONCE),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )

    @cached_property
    def kubernetes(self) -> kubernetes.Provider:
        """The provider for everything in the cluster, made for the first thing that goes there: without any, nobody has
        to reach the API server."""
        return self._make_provider()

    def admitted(self, kubeconfig: pulumi.Output[str], rights: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
        """The kubeconfig, once whoever runs the program is let in; by default that needs no waiting."""
        del rights
        return kubeconfig

    def complete(self) -> None:
        """Register the component's outputs; a kind calls it when everything of the cluster is registered."""
        self.register_outputs(
            {"name": self.name, "kind": self.kind, "version": self.version, "kubeconfig": self.kubeconfig}
        )

    def in_cluster(self, *, outside_effects: bool = False) -> pulumi.ResourceOptions:
        """Options for an object in the cluster; `outside_effects` where it must not just go with the cluster."""
        deleted_with = None if outside_effects else self.deleted_with
        return pulumi.ResourceOptions(provider=self.kubernetes, deleted_with=deleted_with)

    def gateways(self, *, internal: bool) -> Gateways:
        """The cloud's own gateways; CapabilityMissing where it has none."""
        del internal
        raise CapabilityMissing(self.kind, Capability.GATEWAYS, "a gateway of the cloud's")

    def gateway_parameters(
        self, *, internal: bool, certificates: Mapping[str, tuple[str, str]]
    ) -> Mapping[str, Any] | None:
        """Nothing where the cloud's gateways take certificates from Secrets."""
        del internal, certificates
        return None

    def shared_storage(self) -> Storage:
        """Volumes that many nodes mount at once; CapabilityMissing where nothing makes them."""
        raise CapabilityMissing(self.kind, Capability.SHARED_STORAGE, "shared storage")

    def let_api_server_reach(self, ports: Collection[int]) -> Sequence[pulumi.Resource]:
        """Nothing needs to be opened where API server and nodes reach each other on all ports."""
        del ports
        return ()

    def identity_for(self, service_account: str, grants: Sequence[Grant]) -> Identity:
        """Cloud rights for the pods of `namespace/name`; CapabilityMissing where there is no cloud."""
        del grants
        raise CapabilityMissing(self.kind, Capability.WORKLOAD_IDENTITY, service_account)

    def facility(self, kind: type[AnyFacility]) -> AnyFacility:
        """What an add-on needs of the cloud, by its class; CapabilityMissing where the cluster has no such thing."""
        if kind not in self.facilities:
            raise CapabilityMissing(self.kind, kind.capability, kind.__name__)
        made = self.facilities[kind]()
        assert isinstance(made, kind)
        return made

    def object_store(self, name: str) -> ObjectStore:
        """A bucket for backups; CapabilityMissing where there is no cloud."""
        raise CapabilityMissing(self.kind, Capability.OBJECT_STORE, name)
