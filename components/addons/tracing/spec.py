"""What a stack file may say of traces, and what others know of who takes them."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from components.addons.logging.spec import ExternalSpec
from components.addons.spec import AddOnSpec
from components.kubernetes_versions import KubernetesVersions
from components.naming import selector
from components.platform.flows import Pods
from spec.problems import Code, Finding

VERSION: Final = "2.20.0"
KUBERNETES: Final = KubernetesVersions(
    oldest=None, newest=None, source="jaegertracing/jaeger v2.20.0: none of its code asks the API server"
)
NAMESPACE: Final = "tracing"
HOST: Final = f"jaeger.{NAMESPACE}.svc.cluster.local"
OTLP_GRPC: Final = 4317
OTLP_HTTP: Final = 4318
COLLECTOR: Final = Pods(NAMESPACE, selector("jaeger"))
"""Who takes spans: the destination of the flow of every add-on that has some."""


class TracingSpec(AddOnSpec):
    """Traces of requests, in memory or in Elasticsearch."""

    traces: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=20_000,
        description="Traces that memory keeps before the oldest go; a thousand take about 20 MiB.",
    )
    retention_days: Annotated[int, Field(ge=1, le=400)] | None = Field(
        default=None,
        description="Days that traces are kept in Elasticsearch, that of `logging`. Without it they are in memory.",
    )
    external: ExternalSpec | None = Field(
        default=None,
        description="Another Elasticsearch to keep them in. Its user may do anything with indices `jaeger-*`.",
    )
    sample_percent: Annotated[float, Field(ge=0.01, le=100)] = Field(
        default=100, description="Of how many traces out of 100 all spans are kept, whoever sends them."
    )

    def findings(self) -> Iterator[Finding]:
        if self.retention_days is not None and "traces" in self.model_fields_set:
            remedy = "Remove traces, or retentionDays."
            yield Finding(Code.NOT_ALLOWED, "a number of traces", "none, with retentionDays", remedy, at=("traces",))
        if self.retention_days is None and self.external is not None:
            remedy = "Add retentionDays, or remove external."
            yield Finding(Code.NOT_ALLOWED, "no retentionDays", "retentionDays with it", remedy, at=("external",))

    @property
    def uses_logging(self) -> bool:
        """Whether traces are kept in the store of logging."""
        return self.retention_days is not None and self.external is None
