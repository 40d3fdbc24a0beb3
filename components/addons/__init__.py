"""The registry of add-ons: a new add-on is one more room here and one more entry of `ADDONS`."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic import Field, create_model

from components.addons.addon import AddOnType
from components.addons.backup import Backup
from components.addons.cert_manager import CertManager
from components.addons.cluster_autoscaler import ClusterAutoscaler
from components.addons.csi_snapshotter import CsiSnapshotter
from components.addons.descheduler import Descheduler
from components.addons.external_dns import ExternalDns
from components.addons.gateway_api import GatewayApi
from components.addons.ingress import Ingress
from components.addons.istio import Istio
from components.addons.karpenter import Karpenter
from components.addons.load_balancing import LoadBalancing
from components.addons.logging import Logging
from components.addons.metrics_server import MetricsServer
from components.addons.monitoring import Monitoring
from components.addons.node_problem_detector import NodeProblemDetector
from components.addons.plan import AddOnPlan
from components.addons.tracing import Tracing
from spec.model import StackModel

ADDONS: Final[tuple[AddOnType, ...]] = (
    CsiSnapshotter,
    CertManager,
    Karpenter,
    ClusterAutoscaler,
    MetricsServer,
    NodeProblemDetector,
    Descheduler,
    ExternalDns,
    Monitoring,
    Logging,
    Tracing,
    Istio,
    LoadBalancing,
    Ingress,
    Backup,
)
"""In the order in which they are installed: each comes behind those that it depends on, or is installed after."""

INTERNAL: Final[tuple[AddOnType, ...]] = (GatewayApi,)
"""What add-ons depend on, and no stack file names."""


class Options(StackModel):
    """Which add-ons the cluster has, by name; `{}` takes one as it is."""

    renamed_keys = MappingProxyType({each.former_key(): each.key() for each in ADDONS if each.former_name})

    def plan(self) -> AddOnPlan:
        """The add-ons that are on."""
        given = {each: getattr(self, _attribute(each)) for each in ADDONS}
        return AddOnPlan(
            [each(options) for each, options in given.items() if options is not None],
            [each for each, options in given.items() if options is None],
            INTERNAL,
        )


def _attribute(add_on: AddOnType) -> str:
    return add_on.name.replace("-", "_")


def _field(add_on: AddOnType) -> Any:
    description, _, _ = (add_on.__doc__ or "").partition("\n")
    return add_on.spec_type | None, Field(default=None, description=description)


if TYPE_CHECKING:
    AddOnsSpec: TypeAlias = Options
else:  # what may stand under `addons` in a stack file: one key for each add-on
    AddOnsSpec = create_model(
        "AddOnsSpec", __base__=Options, __doc__=Options.__doc__, **{_attribute(each): _field(each) for each in ADDONS}
    )
