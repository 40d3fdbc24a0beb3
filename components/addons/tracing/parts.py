"""Jaeger as one process: what it is told, and what it runs in (2.20; the OpenTelemetry Collector's configuration)."""

from typing import TYPE_CHECKING, Any, Final

from components.addons.files import make_files
from components.addons.tracing import Tracing
from components.addons.workloads import Container, Pods, make_deployment, make_service
from components.platform.place import Place

if TYPE_CHECKING:
    from components.addons.tracing import TracingSpec

_JAEGER: Final = "docker.io/jaegertracing/jaeger:2.20.0"
_USER: Final = 10001  # the image's
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - the pod's address; by default only the pod itself could connect
_BASE: Final = 256  # MiB that Jaeger takes without traces


def jaeger_config(traces: int) -> dict[str, Any]:
    """Jaeger's configuration, with at most `traces` kept in memory."""
    ports = {"grpc": Tracing.OTLP_GRPC, "http": Tracing.OTLP_HTTP}
    protocols = {name: {"endpoint": f"{_EVERYWHERE}:{port}"} for name, port in ports.items()}
    pipeline = {"receivers": ["otlp"], "processors": ["batch"], "exporters": ["jaeger_storage_exporter"]}
    extensions = {
        "healthcheckv2": {"use_v2": True, "http": {"endpoint": f"{_EVERYWHERE}:13133"}},
        "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": traces}}}},
        "jaeger_query": {"storage": {"traces": "memory"}, "http": {"endpoint": f"{_EVERYWHERE}:16686"}},
    }
    return {
        "receivers": {"otlp": {"protocols": protocols}},
        "processors": {"batch": {}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
        "extensions": extensions,
        "service": {"extensions": list(extensions), "pipelines": {"traces": pipeline}},
    }


def make_jaeger(spec: "TracingSpec", place: Place) -> None:
    """The one pod, and the Service `jaeger` to which programs send their spans."""
    config = make_files("jaeger", {"jaeger.yaml": jaeger_config(spec.traces)}, place)
    container = Container(
        name="jaeger",
        image=_JAEGER,
        cpu=100,
        memory=_BASE + spec.traces // 50,
        args=("--config", "/etc/jaeger/jaeger.yaml"),
        ports={"health": 13133, "otlp-grpc": Tracing.OTLP_GRPC, "otlp-http": Tracing.OTLP_HTTP, "http": 16686},
        health="/status",
        mounts={"/etc/jaeger": "config"},
    )
    pods = Pods(name="jaeger", containers=[container], volumes=[config.volume("config")], user=_USER)
    behind = place.then(config.resource)
    make_service(pods, behind)
    make_deployment(pods, 1, behind)
