"""An add-on as a plan: its options, and what follows from them before anything is registered.

Whatever the rest of the program asks of an add-on is answered from its class and its options. Only `install` registers
resources; what it has made comes back as an `Installed`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, TypeAlias, TypeVar

import pulumi
from pydantic.alias_generators import to_camel

from components.addons.health import Check
from components.addons.namespaces import make_add_on_namespace
from components.addons.renamed import former_options
from components.addons.spec import AnySpec, Selection, SpecType
from components.contract import BuiltIn, Capability, Cluster, Exemption, Namespace
from components.kubernetes_versions import KubernetesVersions
from components.naming import component_type
from components.platform.flows import ANY_ADDRESS, Flow, Pods
from components.platform.place import Place
from components.platform.tenants import TenantAdditions
from spec.problems import Finding


class Purpose(StrEnum):
    """What people have an add-on for, as the documentation lists them."""

    OBSERVE = "what happens in the cluster"
    CONNECT = "connections in it and into it"
    PRESERVE = "what must not be lost"
    SCALE = "as many nodes and pods as it takes"


CLUSTER: Final = ""
"""The name of the place for objects of no namespace."""
AddOnType: TypeAlias = "type[AddOn[Any]]"

_T = TypeVar("_T")


@dataclass(frozen=True)
class InstallContext:
    """Where an add-on is installed: the cluster, and what there is besides.

    `redundant` asks for copies of what must not stop with one node; all resources wait for `dependencies`. `selection`
    are the options of all add-ons that are on, those that come later too; `installed` are those that came before.
    """

    cluster: Cluster
    redundant: bool
    flows: Sequence[Flow]
    dependencies: Sequence[pulumi.Resource]
    selection: Selection
    installed: Mapping[SpecType, "Installed"]

    @property
    def replicas(self) -> int:
        """How many pods of what can have several."""
        return 2 if self.redundant else 1

    def components(self, add_ons: Collection[SpecType]) -> list[pulumi.Resource]:
        """Those of `add_ons` that are installed, to be waited for."""
        return [self.installed[each].component for each in add_ons if each in self.installed]

    def provided(self, kind: type[_T]) -> _T:
        """What an add-on that came before provides of this type; LookupError if none does."""
        for each in self.installed.values():
            if isinstance(each.created.provides, kind):
                return each.created.provides
        raise LookupError(kind.__name__)


@dataclass(frozen=True)
class Created:
    """What an add-on's resources mean to others; by default nothing.

    `outputs` are for stacks of other clusters. `tenant_prerequisites` are what tenants' objects wait for, if that is
    not all of the add-on. `provides` is what add-ons that come later may use. `finalize` registers what has to be
    deleted before all else in the cluster: it depends on the resources that it is given.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    tenant_prerequisites: Sequence[pulumi.Resource] | None = None
    provides: object = None
    finalize: Callable[[Sequence[pulumi.Resource]], object] | None = None


@dataclass(frozen=True)
class Installed:
    """An add-on with its component, whose children are all of its resources."""

    add_on: "AddOn[Any]"
    component: pulumi.ComponentResource
    created: Created

    @property
    def tenant_prerequisites(self) -> Sequence[pulumi.Resource]:
        """What tenants' objects wait for."""
        if not self.add_on.before_tenants:
            return ()
        named = self.created.tenant_prerequisites
        return [self.component] if named is None else named


class AddOn(Generic[AnySpec]):
    """An add-on with its options (rules A1 to A4 of the contract).

    An add-on sets the class attributes, answers those questions that depend on its options, and creates its resources.
    It names other add-ons by the type of their options, so that none needs the code of another.
    `kubernetes` are the versions of Kubernetes that upstream names for `version`.
    `superseded_by` are parts of a cluster that make it superfluous where they are built in. `provides` is what a
    cluster can do with it that it cannot by itself. `before_tenants` says that tenants' objects may be of its kinds, or
    meet its webhooks, and so have to wait for it. `defines` are the kinds that are there with it, by API group; of
    several add-ons that define the same ones, each names them. The exemptions stand among the component's inputs, so
    that the policy pack reads them there. `former_name` is what stacks called it before: a stack file that still does
    is refused, and the resources stay.
    """

    name: ClassVar[str]
    former_name: ClassVar[str] = ""
    version: ClassVar[str]
    kubernetes: ClassVar[KubernetesVersions]
    purpose: ClassVar[Purpose]
    spec_type: ClassVar[SpecType]
    defines: ClassVar[Mapping[str, str]] = MappingProxyType({})
    required_capabilities: ClassVar[Collection[Capability]] = ()
    superseded_by: ClassVar[Collection[BuiltIn]] = ()
    provides: ClassVar[Collection[Capability]] = ()
    conflicts: ClassVar[Collection[SpecType]] = ()
    before_tenants: ClassVar[bool] = False
    namespaces: ClassVar[Sequence[Namespace]] = ()
    exemptions: ClassVar[Sequence[Exemption]] = ()
    ports_from_control_plane: ClassVar[Collection[int]] = ()

    def __init__(self, spec: AnySpec) -> None:
        self.spec = spec

    @classmethod
    def key(cls) -> str:
        """Its key in the stack file: `certManager` for cert-manager."""
        return _key(cls.name)

    @classmethod
    def former_key(cls) -> str:
        """The key that it had before."""
        return _key(cls.former_name)

    @classmethod
    def is_in(cls, names: Collection[str]) -> bool:
        """Whether it is among `names`, the add-ons that a stack has exported as its own."""
        return cls.name in names or cls.former_name in names

    def capabilities(self) -> Collection[Capability]:
        """What the cluster has to be able to do: `required_capabilities`, and what the options need besides."""
        return self.required_capabilities

    def depends_on(self) -> Collection[SpecType]:
        """The add-ons without which this one cannot be. They are installed before it."""
        return ()

    def install_after(self) -> Collection[SpecType]:
        """The add-ons that all of this one waits for, if they are on."""
        return ()

    def bundles(self) -> Collection[str]:
        """The bundles of `addons.lock` that it loads."""
        return ()

    def findings(self, selection: Selection) -> Iterable[Finding]:
        """What is wrong between its options and those of the other add-ons that are on."""
        return ()

    def health(self, built_in: Collection[BuiltIn]) -> Iterable[Check]:
        """What must be so of it where all is well, in a cluster that provides `built_in` itself."""
        return ()

    def flows(self) -> Iterable[Flow]:
        """The connections that it needs, besides those from the control plane."""
        return ()

    def cluster_flows(self, cluster: Cluster) -> Iterable[Flow]:
        """The connections that it needs because of what the cluster's cloud provides."""
        return ()

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        """What its own `namespace` is labelled with."""
        return {}

    def tenant_additions(self, tenant: str) -> TenantAdditions:
        """What it adds to the namespace of `tenant`."""
        return TenantAdditions()

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> Created | None:
        """Register what it consists of, in `places`: one for each of its namespaces by its name, and CLUSTER."""
        raise NotImplementedError

    def all_flows(self) -> Iterable[Flow]:
        """Its flows, with those from the control plane to its webhooks."""
        yield from self.flows()
        if self.ports_from_control_plane:
            for namespace in self.namespaces:
                ports = tuple(sorted(self.ports_from_control_plane))
                yield Flow(f"{self.name}.webhooks", ANY_ADDRESS, Pods(namespace.name), ports)

    def install(self, context: InstallContext) -> Installed:
        """Register its component, with its namespaces and all that it consists of."""
        cluster = context.cluster
        options = cluster.in_cluster(outside_effects=True)  # namespaces take load balancers and volumes with them
        if self.former_name:
            options = pulumi.ResourceOptions.merge(options, former_options(self.former_name))
        component = pulumi.ComponentResource(
            component_type("addons", type(self).__name__),
            self.name,
            {"version": self.version, "exemptions": [each.as_input() for each in self.exemptions]},
            options,
        )
        dependencies = (*context.dependencies, *context.components(self.install_after()))
        places = {CLUSTER: Place(component, CLUSTER, {}, dependencies, cluster.in_cluster().deleted_with)}
        for each in self.namespaces:
            outside = Place(component, CLUSTER, self.namespace_labels(each.name), dependencies)
            places[each.name] = make_add_on_namespace(each, cluster, context.flows, outside)
        created = self.create_resources(context, places) or Created()
        component.register_outputs({"version": self.version, "namespaces": [each.name for each in self.namespaces]})
        return Installed(self, component, created)


def _key(name: str) -> str:
    return to_camel(name.replace("-", "_"))
