"""What Prometheus is told: whom to scrape, which rules to keep, where alerts go (Prometheus 3.15)."""

from collections.abc import Sequence
from typing import Any, Final

from components.addons.monitoring.alerting import alert
from components.addons.monitoring.control_plane import CONTROL_PLANE_RULES, scrapes
from components.addons.monitoring.slo import SloSpec, rule_file

_TOKEN: Final = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - a path
_AUTHORITY: Final = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
_ANNOTATION: Final = "__meta_kubernetes_pod_annotation_prometheus_io_"


def prometheus_config(namespace: str, alertmanager: str, *, control_plane: bool = False) -> dict[str, Any]:
    """prometheus.yml; the pods of `namespace` that are called `alertmanager` get the alerts.

    `control_plane` says whether scheduler, controllers and etcd are asked, too.
    """
    label = "__meta_kubernetes_pod_label_app_kubernetes_io_name"
    alertmanagers = {
        "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [namespace]}}],
        "relabel_configs": [
            {"source_labels": [label], "action": "keep", "regex": alertmanager},
            {"source_labels": ["__meta_kubernetes_pod_container_port_name"], "action": "keep", "regex": "http"},
        ],
    }
    return {
        "global": {"scrape_interval": "30s", "evaluation_interval": "30s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [alertmanagers]},
        "scrape_configs": [
            *(_itself(), _api_servers(), _kubelets("/metrics"), _kubelets("/metrics/cadvisor"), _pods()),
            *(scrapes(_secured) if control_plane else ()),
        ],
    }


def rules(slos: Sequence[SloSpec], *, control_plane: bool = False) -> dict[str, Any]:
    """rules.yml: what is true of every cluster, of a control plane of our own, and the objectives of this one."""
    return {"groups": [_CLUSTER_RULES, *([CONTROL_PLANE_RULES] if control_plane else []), *rule_file(slos)["groups"]]}


def _itself() -> dict[str, Any]:
    return {"job_name": "prometheus", "static_configs": [{"targets": ["localhost:9090"]}]}


def _secured(job: str, role: str) -> dict[str, Any]:
    return {
        "job_name": job,
        "scheme": "https",
        "kubernetes_sd_configs": [{"role": role}],
        "authorization": {"credentials_file": _TOKEN},
        "tls_config": {"ca_file": _AUTHORITY},
    }


def _api_servers() -> dict[str, Any]:
    labels = ["__meta_kubernetes_namespace", "__meta_kubernetes_service_name"]
    keep = {"source_labels": labels, "action": "keep", "regex": "default;kubernetes"}
    return _secured("kubernetes-api", "endpointslice") | {"relabel_configs": [keep]}


def _kubelets(path: str) -> dict[str, Any]:
    job = "kubelet" if path == "/metrics" else path.rpartition("/")[2]
    scrape = _secured(job, "node") | {"metrics_path": path}
    # Serving certificates of kubelets are signed by the cluster's authority only where their rotation is on.
    scrape["tls_config"] = {"insecure_skip_verify": True}
    return scrape


def _pods() -> dict[str, Any]:
    """Pods that ask for it by `prometheus.io/scrape: "true"`; `…/port` and `…/path` say where."""
    return {
        "job_name": "pods",
        "kubernetes_sd_configs": [{"role": "pod"}],
        "relabel_configs": [
            {"source_labels": [f"{_ANNOTATION}scrape"], "action": "keep", "regex": "true"},
            {"source_labels": ["__meta_kubernetes_pod_phase"], "action": "keep", "regex": "Running"},
            {"source_labels": [f"{_ANNOTATION}path"], "regex": "(.+)", "target_label": "__metrics_path__"},
            {
                "source_labels": ["__meta_kubernetes_pod_ip", f"{_ANNOTATION}port"],
                "regex": "(.+);(.+)",
                "replacement": "$1:$2",
                "target_label": "__address__",
            },
            {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
        ],
    }


_CLUSTER_RULES: Final = {
    "name": "cluster",
    "rules": [
        alert(
            "NodeNotReady",
            'kube_node_status_condition{condition="Ready",status="true"} == 0',
            "10m",
            "page",
            "Node {{ $labels.node }} has not been ready for 10 minutes.",
        ),
        alert(
            "NodeProblem",
            'kube_node_status_condition{condition!="Ready",status="true"} == 1',
            "5m",
            "ticket",
            "Node {{ $labels.node }} reports {{ $labels.condition }}.",
        ),
        alert(
            "PodCrashLoops",
            'kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"} == 1',
            "15m",
            "ticket",
            "{{ $labels.namespace }}/{{ $labels.pod }} cannot stay up.",
        ),
        alert(
            "QuotaAlmostUsed",
            'kube_resourcequota{type="used"} / ignoring(type) (kube_resourcequota{type="hard"} > 0) > 0.9',
            "15m",
            "ticket",
            "{{ $labels.namespace }} has used {{ $value | humanizePercentage }} of its {{ $labels.resource }}.",
        ),
        alert(
            "VolumeAlmostFull",
            "kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes < 0.1",
            "15m",
            "ticket",
            "{{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is fuller than 90 %.",
        ),
        alert("TargetDown", "up == 0", "15m", "ticket", "{{ $labels.job }} at {{ $labels.instance }} cannot be read."),
    ],
}
