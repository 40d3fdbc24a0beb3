"""metrics-server: what pods and nodes use now, for `kubectl top` and for autoscalers of pods.

Upstream lets the API server take any certificate of it; here it has one that the API server knows. It takes kubelets'
certificates only if the cluster's authority signed them, as managed clouds have it. Left out: metrics that last, which
are monitoring's. Upstream: kubernetes-sigs/metrics-server 0.9, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from components.addons.addon import AddOn, Created, InstallContext, Purpose
from components.addons.exempt import api_server_address
from components.addons.health import Answers, Check, deployments
from components.addons.metrics_server.spec import KUBERNETES, NAMESPACE, PODS, PORT, VERSION, MetricsServerSpec
from components.addons.namespaces import quota
from components.contract import BuiltIn, Capability, Namespace, PodSecurity
from components.platform.flows import ANY_ADDRESS, Flow, to_api_server
from components.platform.place import Place

_KUBELET: Final = 10250


class MetricsServer(AddOn[MetricsServerSpec]):
    """metrics-server, where the cloud does not provide it: CPU and memory that pods and nodes use."""

    name = "metrics-server"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.SCALE
    spec_type = MetricsServerSpec
    required_capabilities = frozenset({Capability.AGGREGATED_APIS})
    superseded_by = (BuiltIn.METRICS,)
    namespaces = (Namespace(NAMESPACE, PodSecurity.RESTRICTED, quota(pods=5, cpu=2, gibibytes=16)),)
    exemptions = (api_server_address("metrics-server"),)
    ports_from_control_plane = frozenset({PORT})

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(NAMESPACE, self.name)
        yield Answers(NAMESPACE, self.name)

    def flows(self) -> Iterator[Flow]:
        yield to_api_server(PODS, "metrics-server")
        yield Flow("metrics-server.kubelets", PODS, ANY_ADDRESS, (_KUBELET,))

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> Created:
        from components.addons.metrics_server.resources import create_resources

        return create_resources(context.replicas, places[NAMESPACE])
