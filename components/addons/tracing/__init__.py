"""Jaeger 2: traces of requests through services, taken by OTLP and shown.

Traces are in the memory of one pod, and go with it. Left out: storage that lasts, sampling in the tail, metrics
made of spans. Upstream: jaegertracing.io/docs/2.20, November 2026.
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

from pydantic import Field

from components.addons.base import AddOnBase, AddOnSpec, Site
from components.contract import Namespace, PodSecurity
from components.naming import selector
from components.platform import flows
from components.platform.flows import TENANTS, Flow

_NAMESPACE: Final = "tracing"


class TracingSpec(AddOnSpec):
    """Traces of requests, in memory."""

    traces: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=20_000, description="Traces that are kept before the oldest go; a thousand take about 20 MiB."
    )


class Tracing(AddOnBase):
    """Jaeger 2, which takes traces by OTLP and keeps them in memory."""

    name = "tracing"
    version = "2.20.0"
    spec_type = TracingSpec
    namespaces = (
        Namespace(
            _NAMESPACE,
            PodSecurity.RESTRICTED,
            {
                "pods": "5",
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
    def flows(cls, spec: AddOnSpec) -> Iterator[Flow]:
        del spec
        yield Flow("jaeger.spans", flows.Pods(TENANTS), cls.COLLECTOR, (cls.OTLP_GRPC, cls.OTLP_HTTP))

    def build(self, spec: AddOnSpec, site: Site) -> None:
        from components.addons.tracing.parts import make_jaeger

        del site  # a second pod would have other traces, and each would show half of them
        assert isinstance(spec, TracingSpec)
        make_jaeger(spec, self.places[_NAMESPACE])
