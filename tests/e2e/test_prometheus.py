"""A configuration by which Prometheus itself finds nobody to scrape, or rules that it does not evaluate."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from components.addons.monitoring.scraping import prometheus_config, rules
from rehearsal.control_plane import ControlPlane
from rehearsal.toolchain import ensure
from tests.support.api import Api
from tests.support.objects import node, pod
from tests.support.polling import eventually
from tests.support.processes import answers, free_ports, running
from tests.unit.addons.test_monitoring import SLO

pytestmark = pytest.mark.drill

ALERTMANAGER = "alertmanager"
API_SERVERS = {  # one that listens on loopback only writes nothing of itself, and deletes `kubernetes`
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {
        "namespace": "default",
        "name": "kubernetes-played",
        "labels": {"kubernetes.io/service-name": "kubernetes"},
    },
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["198.51.100.1"]}],
    "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
}


@pytest.fixture
def api_servers(api: Api) -> Iterator[None]:
    """An entry of the API server among the cluster's endpoints."""
    api.apply(API_SERVERS)
    yield
    api.delete(api.path(API_SERVERS))


@pytest.fixture
def prometheus(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[str]:
    """The address of a Prometheus with our configuration, run by the cluster's administrator instead of in a pod."""
    (port,) = free_ports(1)
    config = run_outside(prometheus_config(namespace, ALERTMANAGER), control_plane.kubeconfig)
    config["global"] = dict.fromkeys(config["global"], "1s")
    text = json.dumps(config).replace("localhost:9090", f"127.0.0.1:{port}")
    (tmp_path / "prometheus.yml").write_text(text)
    (tmp_path / "rules.yml").write_text(json.dumps(rules([SLO])))
    address = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [ensure(["prometheus"])["prometheus"].path, f"--web.listen-address=127.0.0.1:{port}"]
    with running(command, tmp_path, lambda: answers(f"{address}/-/ready")):
        yield address


def run_outside(config: dict[str, Any], kubeconfig: Path) -> dict[str, Any]:
    """`config` with what a kubeconfig says, where a pod has its ServiceAccount and the cluster's network."""
    content = yaml.safe_load(kubeconfig.read_text())
    server = content["clusters"][0]["cluster"]["server"].removeprefix("https://")
    user = content["users"][0]["user"]
    identity = {"cert_file": user["client-certificate"], "key_file": user["client-key"]}
    authority = kubeconfig.with_name("prometheus-ca.crt")
    authority.write_text(Api.authority(kubeconfig))
    config = json.loads(json.dumps(config))
    for part in (*config["scrape_configs"], *config["alerting"]["alertmanagers"]):
        for discovery in part.get("kubernetes_sd_configs", ()):
            discovery["kubeconfig_file"] = str(kubeconfig)
        if part.pop("authorization", None):
            part["tls_config"] = {**part["tls_config"], **identity}
            part["tls_config"] |= {"ca_file": str(authority)} if "ca_file" in part["tls_config"] else {}
        if part.get("job_name") == "kubernetes-api":
            part["relabel_configs"].append({"target_label": "__address__", "replacement": server})
    return dict(config)


def asked(address: str, path: str, **parameters: str) -> Any:
    return httpx2.get(f"{address}/api/v1/{path}", params=parameters, trust_env=False).json()["data"]


def found(address: str, query: str) -> list[dict[str, str]]:
    """The labels of what a query finds."""
    return [each["metric"] for each in asked(address, "query", query=query)["result"]]


@pytest.mark.usefixtures("api_servers")
def test_prometheus_scrapes_the_api_server_and_finds_pods_that_ask_for_it_and_whom_to_alert(
    prometheus: str, namespace: str, api: Api
) -> None:
    asking, silent, alertmanager = pod(namespace, "asking"), pod(namespace, "silent"), pod(namespace, ALERTMANAGER)
    asking["metadata"]["annotations"] = {"prometheus.io/scrape": "true", "prometheus.io/port": "9000"}
    alertmanager["metadata"]["labels"] = {"app.kubernetes.io/name": ALERTMANAGER}
    alertmanager["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 9093}]
    machine = node(f"{namespace}-node")
    api.apply(machine, asking, silent, alertmanager)
    eventually(lambda: found(prometheus, 'up{job="kubernetes-api"} == 1'), what="a scrape of the API server")
    eventually(lambda: found(prometheus, 'up{job="prometheus"} == 1'), what="a scrape of itself")
    assert found(prometheus, 'apiserver_request_total{job="kubernetes-api",code="201"}')
    eventually(lambda: found(prometheus, f'up{{job="pods",namespace="{namespace}"}}'), what="the pod that asks for it")
    (target,) = found(prometheus, f'up{{job="pods",namespace="{namespace}"}}')
    assert (target["pod"], target["instance"].rpartition(":")[2]) == ("asking", "9000")
    known = eventually(lambda: asked(prometheus, "alertmanagers")["activeAlertmanagers"], what="Alertmanager")
    assert [each["url"].rpartition(":")[2] for each in known] == ["9093/api/v2/alerts"]
    api.delete(api.path(machine))


def test_prometheus_evaluates_every_rule(prometheus: str) -> None:
    def evaluated() -> list[dict[str, Any]]:
        each = [rule for group in asked(prometheus, "rules")["groups"] for rule in group["rules"]]
        return each if all(rule["health"] != "unknown" for rule in each) else []

    every = eventually(evaluated, what="an evaluation of each rule")
    assert {rule["name"]: rule.get("lastError") for rule in every if rule["health"] != "ok"} == {}
    assert len(every) == sum(len(group["rules"]) for group in rules([SLO])["groups"])
