"""Grafana's dashboards: rate, errors and duration of each service, objectives, and what tenants use of their quota.

Dashboard JSON as Grafana 12 reads it (schema version 41).
"""

from collections.abc import Sequence
from typing import Any, Final

_WIDTH, _HEIGHT = 12, 8  # of a panel, in Grafana's grid of 24 columns
_SOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
_SERVICE: Final = (
    'reporter=~"destination|waypoint",destination_service_namespace="$namespace",destination_service_name=~"$service"'
)
_BY_SERVICE: Final = "{{destination_service_name}}"


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by file name."""
    return {"services.json": _services(), "objectives.json": _objectives(), "tenants.json": _tenants()}


def _services() -> dict[str, Any]:
    by = "sum by (destination_service_name)"
    requests = f"{by} (rate(istio_requests_total{{{_SERVICE}}}[$__rate_interval]))"
    errors = f'{by} (rate(istio_requests_total{{{_SERVICE},response_code=~"5.."}}[$__rate_interval]))'
    buckets = f"sum by (destination_service_name, le) (rate(istio_request_duration_milliseconds_bucket{{{_SERVICE}}}"
    namespaces = _variable("namespace", "label_values(istio_requests_total, destination_service_namespace)")
    services = _variable(
        "service",
        'label_values(istio_requests_total{destination_service_namespace="$namespace"}, destination_service_name)',
        several=True,
    )
    panels = [
        _panel("Requests a second", "reqps", (requests, _BY_SERVICE)),
        _panel("Errors", "percentunit", (f"{errors} / {requests}", _BY_SERVICE)),
        _panel("Duration, p99", "ms", (f"histogram_quantile(0.99, {buckets}[$__rate_interval])))", _BY_SERVICE)),
        _panel("Duration, p50", "ms", (f"histogram_quantile(0.5, {buckets}[$__rate_interval])))", _BY_SERVICE)),
    ]
    return _dashboard("services", "Services", panels, [namespaces, services])


def _objectives() -> dict[str, Any]:
    name = "{{slo}} {{indicator}}"
    panels = [
        _panel("Bad requests, 1 hour", "percentunit", ("slo:bad:ratio_rate1h", name)),
        _panel("Bad requests, 3 days", "percentunit", ("slo:bad:ratio_rate3d", name)),
        _panel("Requests in an hour", "short", ("slo:requests:increase1h", name)),
        _panel("Alerts that fire", "short", ('ALERTS{alertstate="firing"}', "{{alertname}} {{slo}}{{namespace}}")),
    ]
    return _dashboard("objectives", "Objectives", panels, [])


def _tenants() -> dict[str, Any]:
    labels = 'namespace=~"$namespace",resourcequota="quota"'
    used, hard = (f'kube_resourcequota{{{labels},type="{side}"}}' for side in ("used", "hard"))
    share = f"{used} / ignoring(type) ({hard} > 0)"
    cpu = 'sum by (namespace) (rate(container_cpu_usage_seconds_total{namespace=~"$namespace"}[$__rate_interval]))'
    memory = 'sum by (namespace) (container_memory_working_set_bytes{namespace=~"$namespace"})'
    waiting = 'sum by (namespace) (kube_pod_status_phase{namespace=~"$namespace",phase="Pending"})'
    panels = [
        _panel("Share of the quota in use", "percentunit", (share, "{{namespace}} {{resource}}")),
        _panel("CPUs used", "short", (cpu, "{{namespace}}")),
        _panel("Memory used", "bytes", (memory, "{{namespace}}")),
        _panel("Pods that wait", "short", (waiting, "{{namespace}}")),
    ]
    namespaces = _variable("namespace", 'label_values(kube_resourcequota{resourcequota="quota"}, namespace)', True)
    return _dashboard("tenants", "Tenants", panels, [namespaces])


def _variable(name: str, query: str, several: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,  # whenever the time range changes
        "multi": several,
        "includeAll": several,
        "current": {"text": "All", "value": "$__all"} if several else {},
    }


def _panel(title: str, unit: str, query: tuple[str, str]) -> dict[str, Any]:
    expression, legend = query
    return {
        "title": title,
        "type": "timeseries",
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": _SOURCE, "expr": expression, "legendFormat": legend}],
    }


def _dashboard(uid: str, title: str, panels: Sequence[dict[str, Any]], variables: Sequence[Any]) -> dict[str, Any]:
    placed = [
        {
            "id": index + 1,
            "gridPos": {"x": index % 2 * _WIDTH, "y": index // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
            **panel,
        }
        for index, panel in enumerate(panels)
    ]
    return {
        "uid": uid,
        "title": title,
        "schemaVersion": 41,
        "editable": False,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": list(variables)},
        "panels": placed,
    }
