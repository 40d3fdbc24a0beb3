"""Jaeger 2: traces of requests through services, taken by OTLP and shown.

Traces are in the memory of one pod and go with it, or in Elasticsearch for as long as the stack file says. Left out:
metrics made of spans. Upstream: jaegertracing.io/docs/2.20, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, ClassVar, Final

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site
from components.addons.logging import NAMESPACE as LOGGING
from components.addons.logging import ExternalSpec, Logging, LoggingSpec
from components.contract import Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import TENANTS, Flow
from spec.problems import Code, Finding

_NAMESPACE: Final = "tracing"


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

    def findings_beside(self, others: Mapping[type[AddOnBase], AddOnSpec]) -> Iterator[Finding]:
        logging = others.get(Logging)
        own = self.retention_days is not None and self.external is None
        if own and isinstance(logging, LoggingSpec) and logging.external:
            remedy = "Give tracing an external store too, or remove retentionDays."
            allowed = "an Elasticsearch of its own, or external"
            yield Finding(Code.ADD_ONS_APART, "logging with an external store", allowed, remedy, at=("retentionDays",))


class Tracing(AddOnBase):
    """Jaeger 2, which takes traces by OTLP and keeps them in memory or in Elasticsearch."""

    name = "tracing"
    version = "2.20.0"
    spec_type = TracingSpec
    after = (Logging,)
    namespaces = (
        Namespace(
            _NAMESPACE,
            PodSecurity.RESTRICTED,
            {
                "pods": "10",
                "requests.cpu": "4",
                "requests.memory": "64Gi",
                "limits.cpu": "16",
                "limits.memory": "64Gi",
            },
        ),
    )

    COLLECTOR: ClassVar = flows.Pods(_NAMESPACE, selector("jaeger"))
    """Who takes spans: the destination of the flow of every add-on that has some."""
    HOST: ClassVar = f"jaeger.{_NAMESPACE}.svc.cluster.local"
    OTLP_GRPC: ClassVar = 4317
    OTLP_HTTP: ClassVar = 4318

    @classmethod
    def needed(cls, spec: AddOnSpec) -> Collection[type[AddOnBase]]:
        assert isinstance(spec, TracingSpec)
        return (Logging,) if spec.retention_days is not None and spec.external is None else ()

    @classmethod
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        assert isinstance(spec, TracingSpec)
        yield Flow("jaeger.spans", flows.Pods(TENANTS), cls.COLLECTOR, (cls.OTLP_GRPC, cls.OTLP_HTTP))
        if spec.retention_days is None:
            return
        store, port = (flows.ANY_ADDRESS, spec.external.port) if spec.external else (Logging.ELASTICSEARCH, 9200)
        for name in ("jaeger", "jaeger-query", "jaeger-cleaner"):
            yield Flow(f"{name}.store", flows.Pods(_NAMESPACE, selector(name)), store, (port,))
        if not spec.external:
            yield Flow("jaeger-setup.store", flows.Pods(LOGGING, selector("jaeger-setup")), store, (port,))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.tracing.parts import make_jaeger, make_jaeger_with_store

        assert isinstance(spec, TracingSpec)
        place = self.places[_NAMESPACE]
        if spec.retention_days is None:  # a second pod would have other traces, and each would show half of them
            make_jaeger(spec, place)
            return
        logging = site.installed.get(Logging)
        assert logging is None or isinstance(logging, Logging)
        make_jaeger_with_store(spec, logging, site.replicas, place)
