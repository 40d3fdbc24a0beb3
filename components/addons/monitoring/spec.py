"""What a stack file may say of metrics and alerts, and what others know of Prometheus."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from components.addons.monitoring.alerting import NotifySpec
from components.addons.monitoring.slo import SloSpec
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods
from spec.model import Many, same_twice
from spec.problems import Finding
from spec.text import DnsName
from spec.values import Bytes, PortNumber

VERSION: Final = "3.15.0"
KUBERNETES: Final = KubernetesVersions(
    oldest=None,
    newest=36,
    tested=36,
    source="kubernetes/kube-state-metrics v2.20.0, README.md, tests/e2e.sh; Prometheus 3.15 names none",
)
NAMESPACE: Final = "monitoring"
PORT: Final = 9090
PROMETHEUS: Final = Pods(NAMESPACE, selector("prometheus"))
"""Who scrapes: the source of the flow that an add-on with metrics declares."""


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
