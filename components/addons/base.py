"""What add-ons of every kind have: options in the stack file, namespaces with guardrails, flows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Final

import pulumi
import pulumi_kubernetes as kubernetes

from components.contract import Brought, Capability, Cluster, Exemption, Namespace
from components.naming import component_type
from components.platform.flows import ANY_ADDRESS, Addresses, Flow, Pods, make_flow_policies
from components.platform.namespaces import make_namespace
from components.platform.network import NetworkSpec, make_network_policies
from components.platform.place import Place
from components.platform.tenants import TenantSpec
from spec.holes import is_hole, solid
from spec.model import StackModel, did_you_mean
from spec.problems import Code, Finding, listed, quoted

# What a container gets that states nothing, such as an injected one: without it, a quota would refuse its pod.
_DEFAULT_USAGE: Final = {"cpu": "100m", "memory": "128Mi"}

GATEWAY_API: Final[Mapping[str, str]] = MappingProxyType(
    {"gateway.networking.k8s.io": "Gateway GatewayClass GRPCRoute HTTPRoute ReferenceGrant"}
)
"""Of the standard channel, v1.6.0, as addons.lock has it."""

_NONE: Final = {"persistentvolumeclaims": "0", "services.loadbalancers": "0", "services.nodeports": "0"}


def bounded(pods: int, cpu: int, gibibytes: int) -> Mapping[str, str]:
    """A namespace's quota: `cpu` and memory of all its pods' requests, of which four times the CPU may be used."""
    memory = f"{gibibytes}Gi"
    return {
        "pods": str(pods),
        "requests.cpu": str(cpu),
        "requests.memory": memory,
        "limits.cpu": str(4 * cpu),
        "limits.memory": memory,
    }


class AddOnSpec(StackModel):
    """The base of the add-ons' options. `{}` is a working choice for every add-on but those that need a place."""

    def tenant_findings(self, tenants: Sequence[TenantSpec]) -> Iterable[Finding]:
        """What is wrong between the options and the stack's tenants."""
        del tenants
        return ()

    def storage_classes(self) -> Mapping[str, str | None]:
        """The classes that its volumes ask for, by the option that says so; None for the cluster's default class."""
        return {}

    def findings_beside(self, others: Mapping[type["AddOnBase"], "AddOnSpec"]) -> Iterable[Finding]:
        """What is wrong between the options and those of the other add-ons that are on."""
        del others
        return ()


def unknown_tenants(names: Iterable[str], tenants: Sequence[TenantSpec]) -> Iterator[Finding]:
    """A finding for each of `names`, the options' list `tenants`, that is no tenant of the stack."""
    if is_hole(tenants) or any(map(is_hole, tenants)):
        return
    known = [tenant.name for tenant in tenants]
    for index, name in solid(names):
        if name not in known:
            meant = did_you_mean(name, known)
            remedy = f"Write {meant}, if that is meant." if meant else "Remove it, or declare the tenant."
            yield Finding(Code.UNKNOWN_TENANT, quoted(name), listed(sorted(known)), remedy, at=("tenants", index))


@dataclass(frozen=True)
class Site:
    """Where add-ons go: the cluster, its tenants, and what is there already.

    `redundant` asks for copies of what must not stop with one node; `after` are resources to wait for. `chosen` are the
    options of all add-ons that are on, those that come later too.
    """

    cluster: Cluster
    redundant: bool
    tenants: Sequence[str]
    flows: Sequence[Flow]
    after: Sequence[pulumi.Resource]
    installed: Mapping[type["AddOnBase"], "AddOnBase"]
    chosen: Mapping[type["AddOnBase"], AddOnSpec]

    def there(self, add_ons: Collection[type["AddOnBase"]]) -> list["AddOnBase"]:
        """Those of `add_ons` that are installed."""
        return [self.installed[each] for each in add_ons if each in self.installed]

    @property
    def replicas(self) -> int:
        """How many pods of what can have several."""
        return 2 if self.redundant else 1


class AddOnBase(pulumi.ComponentResource):
    """The part of the `AddOn` contract that is the same for all: an add-on sets the class attributes and `build`.

    `unless` are parts that make it needless in a cluster that brings them.
    `provides` is what a cluster can do with it that it cannot by itself.
    `needs` are add-ons without which this one cannot be; they come before it, as those in `after` do if they are on.
    `before_tenants` says that tenants' objects may be of its kinds, or meet its webhooks: they wait for all of it, or
    for the `foundation` that `build` names.
    `bundles` are those of `addons.lock` that it loads. `defines` are the kinds that are there with it, by API group; of
    several add-ons that define the same ones, each names them. The exemptions stand among the component's inputs, so
    that the policy pack reads them there.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    spec_type: ClassVar[type[AddOnSpec]]
    bundles: ClassVar[Collection[str]] = ()
    defines: ClassVar[Mapping[str, str]] = MappingProxyType({})
    requires: ClassVar[Collection[Capability]] = ()
    unless: ClassVar[Collection[Brought]] = ()
    provides: ClassVar[Collection[Capability]] = ()
    needs: ClassVar[Collection[type["AddOnBase"]]] = ()
    after: ClassVar[Collection[type["AddOnBase"]]] = ()
    conflicts: ClassVar[Collection[type["AddOnBase"]]] = ()
    before_tenants: ClassVar[bool] = False
    namespaces: ClassVar[Sequence[Namespace]] = ()
    exemptions: ClassVar[Sequence[Exemption]] = ()
    ports_from_control_plane: ClassVar[Collection[int]] = ()

    def __init__(self, spec: AddOnSpec, site: Site) -> None:
        inputs = {"version": self.version, "exemptions": [_as_input(exemption) for exemption in self.exemptions]}
        options = site.cluster.in_cluster(outside_effects=True)  # namespaces take load balancers and volumes with them
        super().__init__(component_type("addons", type(self).__name__), self.name, inputs, options)
        site_place = Place(self, after=(*site.after, *site.there(self.waits_for(spec))))
        self.outputs: Mapping[str, Any] = {}  # what stacks of other clusters get of it
        self.foundation: Sequence[pulumi.Resource] = [self]  # what has to be there before tenants' objects
        self.places = {
            each.name: _make_place(each, site, replace(site_place, labels=self.namespace_labels(spec, each.name)))
            for each in self.namespaces
        }
        self.build(spec, site)
        self.register_outputs({})

    @classmethod
    def required(cls, spec: AddOnSpec) -> Collection[Capability]:
        """The capabilities of the cluster without which it cannot be with these options."""
        del spec
        return cls.requires

    @classmethod
    def loads(cls, spec: AddOnSpec) -> Collection[str]:
        """The bundles, of `bundles`, that it loads with these options."""
        del spec
        return cls.bundles

    @classmethod
    def namespace_labels(cls, spec: AddOnSpec, namespace: str) -> Mapping[str, str]:
        """What its own `namespace` is labelled with."""
        del spec, namespace
        return {}

    @classmethod
    def tunnels(cls, spec: AddOnSpec, tenant: str) -> Collection[int]:
        """Ports at which what one pod of `tenant` says to another arrives, instead of those that it is meant for."""
        del spec, tenant
        return ()

    @classmethod
    def tenant_objects(cls, spec: AddOnSpec, tenant: str) -> Iterable[Mapping[str, Any]]:
        """Objects that the add-on wants in the namespace of `tenant`."""
        del spec, tenant
        return ()

    @classmethod
    def needed(cls, spec: AddOnSpec) -> Collection[type["AddOnBase"]]:
        """The add-ons without which this one cannot be with these options; those beyond `needs` stand in `after`."""
        del spec
        return cls.needs

    @classmethod
    def waits_for(cls, spec: AddOnSpec) -> Collection[type["AddOnBase"]]:
        """Those of `needs` and `after` that all of it waits for; what waits for the others says `build`."""
        del spec
        return (*cls.needs, *cls.after)

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterable[Flow]:
        """The connections that the add-on needs, besides those from the control plane."""
        del spec
        return ()

    @classmethod
    def cluster_flows(cls, spec: AddOnSpec, cluster: Cluster) -> Iterable[Flow]:
        """The connections that what the cluster's cloud brings needs for the add-on."""
        del spec, cluster
        return ()

    @classmethod
    def tenant_labels(cls, spec: AddOnSpec, tenant: str) -> Mapping[str, str]:
        """What the add-on wants the namespace of `tenant` to be labelled with."""
        del spec, tenant
        return {}

    def build(self, spec: AddOnSpec, site: Site) -> None:
        """Register what the add-on consists of, in `self.places` (by namespace)."""
        raise NotImplementedError

    def conclude(self, others: Sequence[pulumi.Resource]) -> None:
        """Register what has to go before all else in the cluster does: it comes after `others`."""
        del others


def credential_flows(name: str, pods: Pods, cluster: Cluster) -> Iterator[Flow]:
    """What `pods` that act in the cloud need to get their credentials from their node."""
    for cidr, port in cluster.credential_sources:
        yield Flow(f"{name}.credentials-{port}", pods, Addresses(cidr, ()), (port,))


def all_flows(add_on: type[AddOnBase], spec: AddOnSpec) -> Iterable[Flow]:
    """The flows of `add_on`, with those from the control plane to its webhooks."""
    yield from add_on.flows(spec)
    if add_on.ports_from_control_plane:
        for namespace in add_on.namespaces:
            ports = tuple(sorted(add_on.ports_from_control_plane))
            yield Flow(f"{add_on.name}.webhooks", ANY_ADDRESS, Pods(namespace.name), ports)


def _as_input(exemption: Exemption) -> dict[str, Any]:
    return asdict(exemption) | {"expires": exemption.expires.isoformat()}


def _make_place(spec: Namespace, site: Site, place: Place) -> Place:
    """The namespace with all that bounds its pods; whatever is put there comes after these."""
    namespace = make_namespace(spec.name, spec.pod_security, f"v{site.cluster.version}", place)
    inside = Place(place.parent, spec.name, {}, (namespace,), site.cluster.in_cluster().deleted_with)
    quota = kubernetes.core.v1.ResourceQuota(
        inside.logical("quota"),
        metadata=inside.metadata("quota"),
        spec=kubernetes.core.v1.ResourceQuotaSpecArgs(hard={**_NONE, **spec.quota}),
        opts=inside.options(),
    )
    limits = kubernetes.core.v1.LimitRange(
        inside.logical("limits"),
        metadata=inside.metadata("limits"),
        spec=kubernetes.core.v1.LimitRangeSpecArgs(
            limits=[
                kubernetes.core.v1.LimitRangeItemArgs(
                    type="Container", default=dict(_DEFAULT_USAGE), default_request=dict(_DEFAULT_USAGE)
                )
            ]
        ),
        opts=inside.options(),
    )
    network = [
        *make_network_policies(NetworkSpec(), inside),
        *make_flow_policies(site.flows, inside),
    ]
    return inside.then(quota, limits, *network)
