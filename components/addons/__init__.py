"""The registry of add-ons: a new add-on is one more module here and one more entry of `ADDONS`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pulumi
from pydantic import Field, create_model

from components.addons.autoscaling import Autoscaling
from components.addons.backup import Backup
from components.addons.base import AddOnBase, AddOnSpec, Site, all_flows
from components.addons.cert_manager import CertManager
from components.addons.cluster_autoscaler import ClusterAutoscaler
from components.addons.csi_snapshotter import CsiSnapshotter
from components.addons.external_dns import ExternalDns
from components.addons.ingress import Ingress
from components.addons.istio import Istio
from components.addons.load_balancing import LoadBalancing
from components.addons.logging import Logging
from components.addons.metrics_server import MetricsServer
from components.addons.monitoring import Monitoring
from components.addons.node_problem_detector import NodeProblemDetector
from components.addons.order import in_order
from components.addons.tracing import Tracing
from components.contract import Cluster
from components.platform.flows import Flow
from components.platform.tenants import FromAddOns
from spec.model import StackModel

ADDONS: Final[tuple[type[AddOnBase], ...]] = (
    CsiSnapshotter,
    CertManager,
    Autoscaling,
    ClusterAutoscaler,
    MetricsServer,
    NodeProblemDetector,
    ExternalDns,
    Monitoring,
    Logging,
    Tracing,
    Istio,
    LoadBalancing,
    Ingress,
    Backup,
)


class Options(StackModel):
    """Which add-ons the cluster has, by name; `{}` takes one as it is."""

    def chosen(self) -> dict[type[AddOnBase], AddOnSpec]:
        """The options of the add-ons that are on."""
        given = {each: getattr(self, _attribute(each)) for each in ADDONS}
        return {each: options for each, options in given.items() if options is not None}

    def bundles(self) -> list[str]:
        """The bundles that the add-ons that are on load."""
        return [name for each, options in self.chosen().items() for name in each.loads(options)]


def _attribute(add_on: type[AddOnBase]) -> str:
    return add_on.name.replace("-", "_")


def _field(add_on: type[AddOnBase]) -> Any:
    description, _, _ = (add_on.__doc__ or "").partition("\n")
    return add_on.spec_type | None, Field(default=None, description=description)


if TYPE_CHECKING:
    AddOnsSpec: TypeAlias = Options
else:  # what may stand under `addons` in a stack file: one key for each add-on
    AddOnsSpec = create_model(
        "AddOnsSpec", __base__=Options, __doc__=Options.__doc__, **{_attribute(each): _field(each) for each in ADDONS}
    )


@dataclass(frozen=True)
class Installed:
    """The add-ons of a cluster, the flows that they need, of which some end at tenants, and what tenants get."""

    add_ons: Mapping[type[AddOnBase], AddOnBase]
    flows: Sequence[Flow]
    for_tenants: Mapping[str, FromAddOns]

    def conclude(self, tenants: Sequence[pulumi.Resource]) -> None:
        """Register what comes after all add-ons and `tenants`, and goes before them."""
        for made in self.add_ons.values():
            made.conclude([*(each for each in self.add_ons.values() if each is not made), *tenants])

    @property
    def before_tenants(self) -> list[pulumi.Resource]:
        """What has to be there before what tenants make."""
        return [each for made in self.add_ons.values() if made.before_tenants for each in made.foundation]


def install(
    spec: AddOnsSpec, cluster: Cluster, tenants: Sequence[str], *, redundant: bool, after: Sequence[pulumi.Resource]
) -> Installed:
    """Register the add-ons that are on, each behind those that it needs, all behind `after`."""
    chosen = spec.chosen()
    absent = {namespace.name for each in ADDONS if each not in chosen for namespace in each.namespaces}
    flows = [
        flow
        for add_on, options in chosen.items()
        for flow in (*all_flows(add_on, options), *add_on.cluster_flows(options, cluster))
        if flow.namespaces.isdisjoint(absent)
    ]
    opened = cluster.let_api_server_reach({port for each in chosen for port in each.ports_from_control_plane})
    installed: dict[type[AddOnBase], AddOnBase] = {}
    for add_on in in_order(chosen):
        site = Site(cluster, redundant, tenants, flows, [*after, *opened], dict(installed), chosen)
        installed[add_on] = add_on(chosen[add_on], site)
    return Installed(installed, flows, {tenant: _for_tenant(tenant, chosen) for tenant in tenants})


def _for_tenant(tenant: str, chosen: Mapping[type[AddOnBase], AddOnSpec]) -> FromAddOns:
    """What the add-ons that are on have for `tenant`."""
    each = chosen.items()
    return FromAddOns(
        {key: value for add_on, spec in each for key, value in add_on.tenant_labels(spec, tenant).items()},
        [port for add_on, spec in each for port in add_on.tunnels(spec, tenant)],
        [made for add_on, spec in each for made in add_on.tenant_objects(spec, tenant)],
    )
