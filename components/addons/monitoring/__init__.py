"""Prometheus, Alertmanager and Grafana: metrics of everything, alerts on what was promised, pictures of both.

Left out: metrics for `kubectl top` and autoscaling (metrics-server), and metrics of what runs outside.
Upstream: prometheus.io and grafana.com/docs as of November 2026.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site
from components.addons.exempt import api_server_address
from components.addons.monitoring.alerting import NotifySpec
from components.addons.monitoring.slo import SloSpec
from components.contract import Capability, Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import ANY_ADDRESS, TENANTS, Flow
from spec.model import Many, same_twice
from spec.problems import Finding
from spec.text import DnsName
from spec.values import Bytes, PortNumber

_NAMESPACE: Final = "monitoring"
_KUBELET: Final = 10250


class MonitoringSpec(AddOnSpec):
    """Metrics, alerts and dashboards."""

    retention_days: Annotated[int, Field(ge=1, le=400)] = Field(
        default=15, description="Days that metrics are kept. 15, as Prometheus has it."
    )
    storage: Bytes = Field(
        default="20Gi",
        validate_default=True,
        description="The volume of each Prometheus; nine tenths of it are filled at most.",
    )
    storage_class: DnsName | None = Field(
        default=None, description="Of the volumes. The default is the cluster's default class."
    )
    scrape_ports: Many[PortNumber] = Field(
        default=(15020,),
        description="Ports at which tenants' pods may be scraped. 15020, where a sidecar gives its pod's metrics too.",
    )
    slos: Many[SloSpec] = Field(default=(), description="What services promise; alerts and a dashboard follow.")
    notify: NotifySpec = Field(default=NotifySpec(), description="Where alerts go.")

    def findings(self) -> Iterator[Finding]:
        yield from same_twice("objective", "slos", self.slos)

    def storage_classes(self) -> Mapping[str, str | None]:
        return {"storageClass": self.storage_class}


class Monitoring(AddOnBase):
    """Prometheus, Alertmanager and Grafana, with objectives, alerts and dashboards."""

    name = "monitoring"
    version = "3.15.0"
    spec_type = MonitoringSpec
    requires = frozenset({Capability.BLOCK_STORAGE})
    namespaces = (
        Namespace(
            _NAMESPACE,
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

    PROMETHEUS: ClassVar = flows.Pods(_NAMESPACE, selector("prometheus"))
    """Who scrapes: the source of the flow that an add-on with metrics declares."""

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        assert isinstance(spec, MonitoringSpec)
        alertmanager, grafana, state = (
            flows.Pods(_NAMESPACE, selector(name)) for name in ("alertmanager", "grafana", "kube-state-metrics")
        )
        yield flows.to_api_server(cls.PROMETHEUS, "prometheus")
        yield flows.to_api_server(state, "kube-state-metrics")
        yield Flow("prometheus.kubelets", cls.PROMETHEUS, ANY_ADDRESS, (_KUBELET,))
        yield Flow("prometheus.alerts", cls.PROMETHEUS, alertmanager, (9093,))
        yield Flow("prometheus.state", cls.PROMETHEUS, state, (8080,))
        yield Flow("prometheus.tenants", cls.PROMETHEUS, flows.Pods(TENANTS), spec.scrape_ports)
        yield Flow("alertmanager.members", alertmanager, alertmanager, (9094,))
        yield Flow("grafana.queries", grafana, cls.PROMETHEUS, (9090,))
        if spec.notify.addresses():
            yield Flow("alertmanager.webhooks", alertmanager, ANY_ADDRESS, (443,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.monitoring.parts import make_parts

        assert isinstance(spec, MonitoringSpec)
        make_parts(spec, site.replicas, self.places[_NAMESPACE])
