"""The workloads of monitoring, each with its configuration and its rights."""

from typing import Any, Final

import pulumi
import pulumi_kubernetes.core.v1 as core
import pulumi_random as random
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs

from components.addons.files import empty_volume, make_files, secret_volume
from components.addons.monitoring.alerting import SECRETS, alertmanager_config
from components.addons.monitoring.dashboards import dashboards
from components.addons.monitoring.scraping import prometheus_config, rules
from components.addons.monitoring.spec import VERSION, MonitoringSpec
from components.addons.secrets import make_secret
from components.addons.workloads import (
    Claim,
    Container,
    PodTemplate,
    make_deployment,
    make_service,
    make_service_account,
    make_stateful_set,
    scraped,
)
from components.platform.place import Place

_PROMETHEUS: Final = f"docker.io/prom/prometheus:v{VERSION}"
_ALERTMANAGER: Final = "docker.io/prom/alertmanager:v0.34.1"
_GRAFANA: Final = "docker.io/grafana/grafana:12.4.4"
_KUBE_STATE_METRICS: Final = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0"

_GRAFANA_USER: Final = 472  # the image's
_PROVISIONING: Final = "/etc/grafana/provisioning"


def create_resources(spec: MonitoringSpec, replicas: int, place: Place, *, control_plane: bool) -> None:
    """Prometheus, Alertmanager, kube-state-metrics and Grafana; `replicas` are of what can have several.

    `control_plane` says whether the cluster's gives its metrics.
    """
    _make_prometheus(spec, replicas, place, control_plane=control_plane)
    _make_alertmanager(spec, replicas, place)
    _make_kube_state_metrics(place)
    _make_grafana(replicas, place)


def _make_prometheus(spec: MonitoringSpec, replicas: int, place: Place, *, control_plane: bool) -> None:
    content = {
        "prometheus.yml": prometheus_config(place.namespace, "alertmanager", control_plane=control_plane),
        "rules.yml": rules(spec.slos, control_plane=control_plane),
    }
    config = make_files("prometheus", content, place)
    max_bytes = spec.storage.nanos // 10**9 * 9 // 10
    container = Container(
        name="prometheus",
        image=_PROMETHEUS,
        cpu=200,
        memory=1024,
        args=(
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={spec.retention_days}d",
            f"--storage.tsdb.retention.size={max_bytes}B",
        ),
        ports={"http": 9090},
        health="/-/ready",
        mounts={"/etc/prometheus": "config", "/prometheus": "data"},
        writable=("/prometheus",),
    )
    pods = PodTemplate(
        name="prometheus",
        containers=[container],
        volumes=[config.volume("config")],
        service_account="prometheus",
    )
    behind = make_service_account("prometheus", _DISCOVERY, place.depends_on(config.resource))
    make_stateful_set(pods, replicas, [Claim("data", spec.storage, spec.storage_class)], behind)


_READ: Final = ["get", "list", "watch"]
_DISCOVERY: Final = (
    PolicyRuleArgs(api_groups=[""], resources=["nodes", "pods", "services"], verbs=_READ),
    PolicyRuleArgs(api_groups=["discovery.k8s.io"], resources=["endpointslices"], verbs=_READ),
    PolicyRuleArgs(api_groups=[""], resources=["nodes/metrics"], verbs=["get"]),
    PolicyRuleArgs(non_resource_urls=["/metrics"], verbs=["get"]),
)


def _make_alertmanager(spec: MonitoringSpec, replicas: int, place: Place) -> None:
    addresses = spec.notify.addresses()
    config = make_files("alertmanager", {"alertmanager.yml": alertmanager_config(addresses)}, place)
    behind = place.depends_on(config.resource)
    mounts = {"/etc/alertmanager": "config", "/alertmanager": "data"}
    volumes = [config.volume("config"), empty_volume("data", "1Gi")]
    if addresses:
        secret = make_secret("alertmanager", pulumi.Output.secret(addresses), place)
        behind, mounts[SECRETS] = behind.depends_on(secret), "secrets"
        volumes.append(secret_volume("secrets", "alertmanager"))
    peers = [f"--cluster.peer=alertmanager-{index}.alertmanager:9094" for index in range(replicas)]
    container = Container(
        name="alertmanager",
        image=_ALERTMANAGER,
        cpu=20,
        memory=128,
        args=(
            "--config.file=/etc/alertmanager/alertmanager.yml",
            "--storage.path=/alertmanager",
            *(peers if replicas > 1 else ["--cluster.listen-address="]),
        ),
        ports={"http": 9093, "members": 9094},
        health="/-/ready",
        mounts=mounts,
        writable=("/alertmanager",),
    )
    make_stateful_set(PodTemplate(name="alertmanager", containers=[container], volumes=volumes), replicas, [], behind)


def _make_kube_state_metrics(place: Place) -> None:
    kinds = {
        "": ("limitranges", "namespaces", "nodes", "persistentvolumeclaims", "pods", "resourcequotas"),
        "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
        "autoscaling": ("horizontalpodautoscalers",),
        "batch": ("cronjobs", "jobs"),
        "policy": ("poddisruptionbudgets",),
    }
    container = Container(
        name="kube-state-metrics",
        image=_KUBE_STATE_METRICS,
        cpu=20,
        memory=192,
        args=(f"--resources={','.join(sorted(kind for group in kinds.values() for kind in group))}",),
        ports={"http": 8080, "own": 8081},
        health="/livez",
    )
    pods = PodTemplate(
        name="kube-state-metrics",
        containers=[container],
        service_account="kube-state-metrics",
        annotations=scraped(8080),
    )
    reading = [
        PolicyRuleArgs(api_groups=[group], resources=list(names), verbs=["list", "watch"])
        for group, names in kinds.items()
    ]
    make_deployment(pods, 1, make_service_account(pods.name, reading, place))


def _make_grafana(replicas: int, place: Place) -> None:
    content = {"datasources.yaml": _DATA_SOURCES, "providers.yaml": _PROVIDERS, **dashboards()}
    paths = {"datasources.yaml": "datasources/polykube.yaml", "providers.yaml": "dashboards/polykube.yaml"}
    files = make_files("grafana", content, place)
    password = random.RandomPassword("grafana", length=24, opts=pulumi.ResourceOptions(parent=place.parent))
    secret = make_secret("grafana", {"password": password.result}, place)
    container = Container(
        name="grafana",
        image=_GRAFANA,
        cpu=50,
        memory=256,
        ports={"http": 3000},
        health="/api/health",
        environment=[
            core.EnvVarArgs(name="GF_SECURITY_ADMIN_PASSWORD__FILE", value="/etc/grafana/secrets/password"),
            core.EnvVarArgs(name="GF_ANALYTICS_REPORTING_ENABLED", value="false"),
            core.EnvVarArgs(name="GF_ANALYTICS_CHECK_FOR_UPDATES", value="false"),
        ],
        mounts={
            _PROVISIONING: "files",
            "/etc/grafana/secrets": "secrets",
            "/var/lib/grafana": "data",
        },
        writable=("/var/lib/grafana",),
    )
    volumes = [
        files.volume("files", {name: paths.get(name, f"boards/{name}") for name in content}),
        secret_volume("secrets", "grafana"),
        empty_volume("data", "1Gi"),
    ]
    pods = PodTemplate(name="grafana", containers=[container], volumes=volumes, user=_GRAFANA_USER)
    behind = place.depends_on(files.resource, secret)
    make_service(pods, behind)
    make_deployment(pods, replicas, behind)


_DATA_SOURCES: Final[dict[str, Any]] = {
    "apiVersion": 1,
    "datasources": [
        {
            "name": "Prometheus",
            "uid": "prometheus",
            "type": "prometheus",
            "access": "proxy",
            "url": "http://prometheus:9090",
            "isDefault": True,
        }
    ],
}
_PROVIDERS: Final[dict[str, Any]] = {
    "apiVersion": 1,
    "providers": [{"name": "polykube", "type": "file", "options": {"path": f"{_PROVISIONING}/boards"}}],
}
