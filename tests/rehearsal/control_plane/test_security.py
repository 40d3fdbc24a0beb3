"""Guards against a control plane that others on the network or on the machine can get into."""

import contextlib
import stat
from contextlib import closing
from pathlib import Path

import httpx2
import psutil
import pytest
import yaml

from rehearsal.control_plane import Binaries, ControlPlane
from rehearsal.control_plane.components import SERVING
from rehearsal.control_plane.layout import Layout
from tests.support.api import Api, ApiError, Object
from tests.support.objects import deployment
from tests.support.polling import eventually
from tests.support.processes import answers_at_all, free_ports, running


@pytest.fixture
def layout(control_plane: ControlPlane) -> Layout:
    return Layout(control_plane.name)


@pytest.fixture
def listeners(control_plane: ControlPlane) -> dict[str, list[tuple[str, int]]]:
    """Address and port of every listener, by component."""
    return {
        process.name: [
            (c.laddr.ip, c.laddr.port) for c in psutil.Process(process.pid).net_connections() if c.status == "LISTEN"
        ]
        for process in control_plane.status().processes
    }


def test_all_listeners_are_on_loopback(listeners: dict[str, list[tuple[str, int]]]) -> None:
    assert {name for name, its in listeners.items() if its} == set(SERVING)
    assert {address for its in listeners.values() for address, _ in its} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/healthz", "/readyz", "/version", "/debug/pprof/", "/discovery/prometheus"]
)
def test_no_listener_says_anything_by_plain_http(listeners: dict[str, list[tuple[str, int]]], path: str) -> None:
    answers = {}
    for address, port in (each for its in listeners.values() for each in its):
        with contextlib.suppress(httpx2.TransportError):
            answers[port] = httpx2.get(f"http://{address}:{port}{path}", trust_env=False).status_code
    assert set(answers.values()) <= {400}  # "Client sent an HTTP request to an HTTPS server"


@pytest.mark.parametrize("path", ["/api/v1/nodes", "/apis", "/version", "/metrics", "/openapi/v3", "/"])
def test_nobody_gets_anything_without_credentials(control_plane: ControlPlane, path: str) -> None:
    with closing(Api(control_plane.kubeconfig, anonymous=True)) as nobody, pytest.raises(ApiError) as refused:
        nobody.get(path)
    assert refused.value.status == 401


def test_health_may_be_asked_for_without_credentials(control_plane: ControlPlane, layout: Layout) -> None:
    with layout.pki.client("ca") as nobody:
        answer = nobody.get(f"{control_plane.status().endpoint}/readyz")
    assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.parametrize("component", ["kube-controller-manager", "kube-scheduler"])
def test_metrics_need_credentials(layout: Layout, component: str) -> None:
    url = f"https://127.0.0.1:{layout.ports()[component]}/metrics"
    with layout.pki.client("ca") as nobody, layout.pki.client("ca", "admin") as admin:
        assert nobody.get(url).status_code in {401, 403}
        assert admin.get(url).status_code == 200


def test_a_scheduler_as_kubeadm_starts_it_gives_metrics_to_pods_that_may_get_them_and_to_no_others(
    layout: Layout, binaries: Binaries, api: Api, namespace: str, tmp_path: Path
) -> None:
    """By the token of their account, as Prometheus may, and pods of tenants may not."""
    accounts = may_get_metrics(api, namespace)
    (port,) = free_ports(1)
    credentials = layout.config / "kube-scheduler.kubeconfig"
    flags = [
        f"--{each}={credentials}" for each in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")
    ]
    flags += [f"--secure-port={port}", "--bind-address=127.0.0.1", f"--cert-dir={tmp_path}", "--leader-elect=false"]
    url, status = f"https://127.0.0.1:{port}/metrics", {}
    with (
        running([binaries.kube_scheduler, *flags], tmp_path, lambda: answers_at_all(port)),
        httpx2.Client(trust_env=False, verify=False) as pod,  # the certificate is the scheduler's own
    ):
        for account in accounts:
            request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
            token = api.post(f"{api.path(account)}/token", request)["status"]["token"]
            headers = {"Authorization": f"Bearer {token}"}
            status[account["metadata"]["name"]] = pod.get(url, headers=headers).status_code
        status["nobody"] = pod.get(url).status_code
    for kind in ("clusterrolebindings", "clusterroles"):
        api.delete(f"/apis/rbac.authorization.k8s.io/v1/{kind}/{namespace}")
    assert status == {"reads": 200, "other": 403, "nobody": 403}


def may_get_metrics(api: Api, namespace: str) -> list[Object]:
    """Two accounts, of which the first may, when that counts: what is denied is remembered for some seconds."""
    group = "rbac.authorization.k8s.io"
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
        for name in ("reads", "other")
    ]
    role: Object = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": namespace}}
    subject = {"kind": "ServiceAccount", "name": "reads", "namespace": namespace}
    reference = {"apiGroup": group, "kind": "ClusterRole", "name": namespace}
    api.apply(*accounts, role | {"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]})
    api.apply(role | {"kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]})
    asked = {"path": "/metrics", "verb": "get"}
    review: Object = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    review |= {"spec": {"user": f"system:serviceaccount:{namespace}:reads", "nonResourceAttributes": asked}}
    reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    eventually(lambda: api.post(reviews, review)["status"]["allowed"], what="the right")
    return accounts


@pytest.mark.parametrize("identity", [None, "admin", "super-admin"])
def test_etcd_talks_to_the_api_server_alone(layout: Layout, identity: str | None) -> None:
    url = f"https://127.0.0.1:{layout.ports()['etcd']}/version"
    with layout.pki.client("etcd-ca", identity) as other, pytest.raises(httpx2.TransportError):
        other.get(url)
    with layout.pki.client("etcd-ca", "etcd-client") as api_server:
        assert api_server.get(url).status_code == 200


def test_keys_and_objects_are_readable_by_their_owner_alone(layout: Layout) -> None:
    assert {mode(path) for path in layout.pki.directory.iterdir()} == {"-rw-------"}
    assert {mode(path) for path in (layout.directory, layout.pki.directory, layout.etcd)} == {"drwx------"}


def mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def test_the_kubeconfig_names_its_credentials_and_holds_none(control_plane: ControlPlane) -> None:
    config = yaml.safe_load(control_plane.kubeconfig.read_text())
    (user,) = config["users"]
    assert set(user["user"]) == {"client-certificate", "client-key"}
    assert all(Path(path).is_absolute() for path in user["user"].values())
    assert "certificate-authority-data" in config["clusters"][0]["cluster"]


def test_the_administrator_has_rights_that_can_be_taken_away(api: Api) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    groups = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)["status"]["userInfo"]["groups"]
    assert "system:masters" not in groups


@pytest.mark.parametrize("path", ["/api/v1/secrets", "/api/v1/configmaps", "/apis/apps/v1/deployments"])
def test_kwok_sees_only_what_it_plays(api: Api, path: str) -> None:
    kwok = api.impersonating("polykube:kwok", "system:authenticated")
    with pytest.raises(ApiError) as refused:
        kwok.get(path)
    assert refused.value.status == 403


def test_what_is_meant_for_the_cluster_network_does_not_leave_the_machine(
    api: Api, namespace: str, nodes: list[str]
) -> None:
    api.apply(deployment(namespace, "web", nodeSelector={"pool": namespace}), service(namespace))
    slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    eventually(lambda: any(each["endpoints"] for each in api.list(slices)), what="an endpoint")
    (pod,) = api.list(f"/api/v1/namespaces/{namespace}/pods")
    for path in (
        f"{api.path(service(namespace))}:80/proxy/",
        f"/api/v1/nodes/{nodes[0]}/proxy/",
        f"{api.path(pod)}/log",
    ):
        with pytest.raises(ApiError, match=r"nowhere\.sock"):
            api.get(path)


def service(namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
