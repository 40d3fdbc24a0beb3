"""Jaeger 2: traces of requests through services, taken by OTLP and shown.

Traces are in the memory of one pod and go with it, or in Elasticsearch for as long as the stack file says. Left out:
metrics made of spans. Upstream: jaegertracing.io/docs/2.20, November 2026.
"""

from collections.abc import Collection, Iterator, Mapping

from components.addons.addon import AddOn, InstallContext, Purpose
from components.addons.health import Check, deployments
from components.addons.logging.spec import ELASTICSEARCH, LoggingSpec
from components.addons.logging.spec import NAMESPACE as LOGGING
from components.addons.logging.spec import PORT as ELASTICSEARCH_PORT
from components.addons.spec import Selection, SpecType
from components.addons.tracing.spec import COLLECTOR, KUBERNETES, NAMESPACE, OTLP_GRPC, OTLP_HTTP, VERSION, TracingSpec
from components.contract import BuiltIn, Namespace, PodSecurity
from components.naming import selector
from components.platform.flows import ANY_ADDRESS, TENANTS, Flow, Pods
from components.platform.place import Place
from spec.problems import Code, Finding


class Tracing(AddOn[TracingSpec]):
    """Jaeger 2, which takes traces by OTLP and keeps them in memory or in Elasticsearch."""

    name = "tracing"
    version = VERSION
    kubernetes = KUBERNETES
    purpose = Purpose.OBSERVE
    spec_type = TracingSpec
    namespaces = (
        Namespace(
            NAMESPACE,
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

    def depends_on(self) -> Collection[SpecType]:
        return (LoggingSpec,) if self.spec.uses_logging else ()

    def install_after(self) -> Collection[SpecType]:
        return (LoggingSpec,)

    def findings(self, selection: Selection) -> Iterator[Finding]:
        logging = selection.get(LoggingSpec)
        if self.spec.uses_logging and logging and logging.external:
            remedy = "Give tracing an external store too, or remove retentionDays."
            allowed = "an Elasticsearch of its own, or external"
            yield Finding(Code.ADD_ONS_APART, "logging with an external store", allowed, remedy, at=("retentionDays",))

    def health(self, built_in: Collection[BuiltIn]) -> Iterator[Check]:
        yield from deployments(
            NAMESPACE, "jaeger", *(("jaeger-query",) if self.spec.retention_days is not None else ())
        )

    def flows(self) -> Iterator[Flow]:
        external = self.spec.external
        yield Flow("jaeger.spans", Pods(TENANTS), COLLECTOR, (OTLP_GRPC, OTLP_HTTP))
        if self.spec.retention_days is None:
            return
        store, port = (ANY_ADDRESS, external.port) if external else (ELASTICSEARCH, ELASTICSEARCH_PORT)
        for name in ("jaeger", "jaeger-query", "jaeger-cleaner"):
            yield Flow(f"{name}.store", Pods(NAMESPACE, selector(name)), store, (port,))
        if not external:
            yield Flow("jaeger-setup.store", Pods(LOGGING, selector("jaeger-setup")), store, (port,))

    def create_resources(self, context: InstallContext, places: Mapping[str, Place]) -> None:
        from components.addons.tracing.resources import create_resources

        create_resources(self.spec, context, places[NAMESPACE])
