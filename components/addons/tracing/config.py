"""What Jaeger is told (2.20; the OpenTelemetry Collector's configuration)."""

from collections.abc import Mapping
from typing import Any, Final

from components.addons.tracing.spec import OTLP_GRPC, OTLP_HTTP

Config = dict[str, Any]
SILENT: Final = {"OTEL_TRACES_SAMPLER": "always_off"}
"""The environment of a Jaeger that sends no spans of its own, which it would to 4317 of its own pod."""
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - the pod's address; by default only the pod itself could connect
_BATCH: Final[Config] = {"batch": {}}
PASSWORD: Final = "STORE_PASSWORD"  # noqa: S105 - the name of a variable


def memory(traces: int) -> Config:
    """A backend that keeps at most `traces` traces."""
    return {"memory": {"max_traces": traces}}


def elasticsearch(url: str, user: str, authority: str | None, copies: int) -> Config:
    """A backend with an index for each day, each with `copies` besides itself; `authority` is a file."""
    index = {"date_layout": "2006-01-02", "rollover_frequency": "day", "shards": 1, "replicas": copies}
    return {
        "elasticsearch": {
            "server_urls": [url],
            "auth": {"basic": {"username": user, "password": f"${{env:{PASSWORD}}}"}},
            **({"tls": {"ca_file": authority}} if authority else {}),
            "indices": dict.fromkeys(("spans", "services", "dependencies", "sampling"), index),
        }
    }


def collecting(backend: Config, sample_percent: float) -> Config:
    """A Jaeger that takes spans and puts those of `sample_percent` of all traces into `backend`."""
    ports = {"grpc": OTLP_GRPC, "http": OTLP_HTTP}
    protocols = {name: {"endpoint": f"{_EVERYWHERE}:{port}"} for name, port in ports.items()}
    return _service(
        receivers={"otlp": {"protocols": protocols}},
        processors={**(_sampling(sample_percent) if sample_percent < 100 else {}), **_BATCH},  # noqa: PLR2004
        exporters={"jaeger_storage_exporter": {"trace_storage": "store"}},
        extensions=_storage(backend),
    )


def showing(backend: Config) -> Config:
    """A Jaeger that shows what is in `backend`; a collector without a pipeline does not start."""
    return _service(
        receivers={"nop": {}}, processors=_BATCH, exporters={"nop": {}}, extensions=_storage(backend) | _query()
    )


def both(backend: Config, sample_percent: float) -> Config:
    """A Jaeger that takes spans and shows them."""
    config = collecting(backend, sample_percent)
    extensions = config["extensions"] | _query()
    return config | {
        "extensions": extensions,
        "service": config["service"] | {"extensions": list(extensions)},
    }


def _sampling(percent: float) -> Config:
    """By the trace's identity: pods that get parts of a trace decide alike."""
    share = {"name": "share", "type": "probabilistic", "probabilistic": {"sampling_percentage": percent}}
    return {"tail_sampling": {"decision_wait": "5s", "policies": [share]}}


def _storage(backend: Config) -> Config:
    return {
        "healthcheckv2": {"use_v2": True, "http": {"endpoint": f"{_EVERYWHERE}:13133"}},
        "jaeger_storage": {"backends": {"store": backend}},
    }


def _query() -> Config:
    return {"jaeger_query": {"storage": {"traces": "store"}, "http": {"endpoint": f"{_EVERYWHERE}:16686"}}}


def _service(**parts: Mapping[str, Any]) -> Config:
    """A configuration with one pipeline of all that is declared."""
    pipeline = {kind: list(parts[kind]) for kind in ("receivers", "processors", "exporters")}
    return {**parts, "service": {"extensions": list(parts["extensions"]), "pipelines": {"traces": pipeline}}}
