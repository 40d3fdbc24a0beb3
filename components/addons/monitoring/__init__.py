"""Prometheus, Alertmanager and Grafana: metrics of everything, alerts on what was promised, pictures of both.

Left out: metrics for `kubectl top` and autoscaling (metrics-server), and metrics of what runs outside.
Upstream: prometheus.io and grafana.com/docs as of November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.exempt import api_server_address
from components.addons.health import Check, Scraped, deployments, stateful_sets
from components.addons.monitoring.spec import KUBERNETES, NAMESPACE, PORT, PROMETHEUS, VERSION, MonitoringSpec
from components.contract import BuiltIn, Capability, Cluster, Namespace, PodSecurity
from components.control_plane import PORTS
from components.naming import selector
from components.platform.flows import ANY_ADDRESS, TENANTS, Flow, Pods, to_api_server
from components.platform.place import Place

_KUBELET: Final = 10250


class Monitoring(AddOn[MonitoringSpec]):
    """Prometheus, Alertmanager and Grafana, with objectives, alerts and dashboards."""

    name = "monitoring"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.OBSERVE
    spec_type = MonitoringSpec
    required_capabilities = frozenset({Capability.BLOCK_STORAGE})
    namespaces = (
        Namespace(
            NAMESPACE,
            PodSecurity.RESTRICTED,
            {
                "pods": "20",
                "requests.cpu": "16",
                "requests.memory": "64Gi",
                "limits.cpu": "64",
                "limits.memory": "64Gi",
                "persistentvolumeclaims": "10",
            },
        ),
    )
    exemptions = (api_server_address("Prometheus, its targets' list and kubelets"),)

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from stateful_sets(NAMESPACE, "prometheus", "alertmanager")
        yield from deployments(NAMESPACE, "grafana", "kube-state-metrics")
        yield Scraped(NAMESPACE, "prometheus", PORT)

    def flows(self) -> Iterator[Flow]:
        alertmanager, grafana, state = (
            Pods(NAMESPACE, selector(name)) for name in ("alertmanager", "grafana", "kube-state-metrics")
        )
        yield to_api_server(PROMETHEUS, "prometheus")
        yield to_api_server(state, "kube-state-metrics")
        yield Flow("prometheus.kubelets", PROMETHEUS, ANY_ADDRESS, (_KUBELET,))
        yield Flow("prometheus.alerts", PROMETHEUS, alertmanager, (9093,))
        yield Flow("prometheus.state", PROMETHEUS, state, (8080,))
        yield Flow("prometheus.tenants", PROMETHEUS, Pods(TENANTS), self.spec.scrape_ports)
        yield Flow("alertmanager.members", alertmanager, alertmanager, (9094,))
        yield Flow("grafana.queries", grafana, PROMETHEUS, (PORT,))
        if self.spec.notify.addresses():
            yield Flow("alertmanager.webhooks", alertmanager, ANY_ADDRESS, (443,))

    def cluster_flows(self, cluster: Cluster) -> Iterator[Flow]:
        if Capability.CONTROL_PLANE_METRICS in cluster.capabilities:
            yield Flow("prometheus.control-plane", PROMETHEUS, ANY_ADDRESS, PORTS)

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.monitoring.resources import create_resources

        own = Capability.CONTROL_PLANE_METRICS in context.cluster.capabilities
        create_resources(self.spec, context.replicas, places[NAMESPACE], control_plane=own)
