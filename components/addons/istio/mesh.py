"""What the mesh is told: istiod's configuration, and the objects that hold for every workload in it (1.31)."""

from typing import Any, Final

from components.addons.istio.clusters import NETWORK_LABEL
from components.addons.istio.spec import IstioSpec
from components.addons.tracing.spec import HOST, OTLP_GRPC

_TRACER: Final = "jaeger"
# Who gets a request first: pods of the own cluster, there those of the zone, then of the region. Pods of other clusters
# are told apart by nothing, as their gateways stand for them.
_NEAREST: Final = (NETWORK_LABEL, "topology.kubernetes.io/region", "topology.kubernetes.io/zone")
_SAFE_TO_REPEAT: Final = "connect-failure,refused-stream,unavailable,cancelled"  # the request was not worked on


def mesh_config(spec: IstioSpec, *, traced: bool) -> dict[str, Any]:
    """What is said beyond upstream's MeshConfig; `traced` where there is a collector of traces."""
    config: dict[str, Any] = {
        "accessLogEncoding": "JSON",
        "connectTimeout": f"{spec.resilience.connect_timeout_seconds}s",
        "defaultHttpRetryPolicy": {"attempts": spec.resilience.retries, "retryOn": _SAFE_TO_REPEAT},
    }
    if spec.mesh:
        config["localityLbSetting"] = {"enabled": True, "failoverPriority": list(_NEAREST)}
    if traced:
        collector = {"service": HOST, "port": OTLP_GRPC}
        config |= {"enableTracing": True, "extensionProviders": [{"name": _TRACER, "opentelemetry": collector}]}
    return config


def mesh_objects(spec: IstioSpec, *, traced: bool) -> list[dict[str, Any]]:
    """The mesh-wide defaults: they are in istiod's namespace, which is what makes them so."""
    telemetry: dict[str, Any] = {}
    if spec.access_logs:
        telemetry["accessLogging"] = [{"providers": [{"name": "envoy"}]}]
    if traced:
        sampling = {"providers": [{"name": _TRACER}], "randomSamplingPercentage": spec.trace_sampling}
        telemetry["tracing"] = [sampling]
    ejection = {
        "consecutive5xxErrors": spec.resilience.ejection_errors,
        "interval": "10s",
        "baseEjectionTime": f"{spec.resilience.ejection_seconds}s",
        "maxEjectionPercent": 50,
    }
    policy = {"outlierDetection": ejection}
    return [
        _object("security.istio.io/v1", "PeerAuthentication", {"mtls": {"mode": "STRICT"}}),
        _object("networking.istio.io/v1", "DestinationRule", {"host": "*.svc.cluster.local", "trafficPolicy": policy}),
        *([_object("telemetry.istio.io/v1", "Telemetry", telemetry)] if telemetry else []),
    ]


def _object(version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "default"}, "spec": spec}
