"""An add-on that is not admitted, does not become ready, or leaves something behind.

The example stack with every add-on, from nothing to nothing; the tests build on each other in the order in
which they stand.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from components.addons.ingress.routing import gateway, redirects, secret_name
from components.addons.ingress.spec import CLASS, HostSpec
from rehearsal.control_plane import ControlPlane
from spec.values import Secret
from tests.support.addons import LOCAL, TEAM, spec_with_add_ons
from tests.support.api import Api, ApiError, Object
from tests.support.census import Census, until_census_is
from tests.support.istiod import Istiod, running_istiod
from tests.support.objects import ingress, pod, route
from tests.support.stack import Stack, dev_spec, make_passing_stack
from tests.unit.rehearsal.tls_makers import DESK, authority_inputs, key_pem

pytestmark = pytest.mark.usefixtures("bundles")

NAMESPACES = [namespace.name for add_on in LOCAL for namespace in add_on.namespaces]


ROUTES = "/apis/gateway.networking.k8s.io/v1"


def route_path(namespace: str, name: str) -> str:
    return f"{ROUTES}/namespaces/{namespace}/httproutes/{name}"


def conditions(status: Object) -> set[str]:
    """The conditions in `status` that are met."""
    return {each["type"] for each in status.get("conditions", ()) if each["status"] == "True"}


def met(found: Object) -> set[str]:
    """The conditions of an object, or of a route at its first parent, that are met."""
    status = found.get("status", {})
    return conditions((status.get("parents") or [status])[0])


def is_ready(workload: Object) -> bool:
    status = workload["status"]
    if workload["kind"] == "DaemonSet":
        return bool(status["numberReady"] == status["desiredNumberScheduled"] > 0)
    return bool(status.get("readyReplicas") == workload["spec"]["replicas"])


@pytest.fixture(scope="module")
def stack(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory, before: Census) -> Iterator[Stack]:
    assert before, "taken before anything is made"
    stack = make_passing_stack(tmp_path_factory.mktemp("addons"))
    stack.write(spec_with_add_ons(control_plane.name))
    yield stack
    stack.destroy()


def test_every_workload_of_every_add_on_becomes_ready_and_a_preview_then_shows_no_change(
    stack: Stack, api: Api
) -> None:
    stack.must_up()
    for namespace in NAMESPACES:
        workloads = [
            workload
            for kind in ("deployments", "statefulsets", "daemonsets")
            for workload in api.list(f"/apis/apps/v1/namespaces/{namespace}/{kind}")
        ]
        assert workloads
        assert [each["metadata"]["name"] for each in workloads if not is_ready(each)] == []
    assert stack.changes() == {}


def test_how_many_pods_there_are_is_left_to_their_autoscaler(stack: Stack, api: Api) -> None:
    path = f"/apis/apps/v1/namespaces/{TEAM}/deployments/web"
    api.until(path, lambda found: found["spec"]["replicas"] == 2)  # its least, with nothing measured
    assert "update" not in stack.changes("--refresh", "--target", f"**{TEAM}/web").values()


@pytest.mark.parametrize("add_on", LOCAL, ids=lambda add_on: add_on.name)
def test_a2_pods_of_each_namespace_meet_its_pod_security_level(add_on: Any, stack: Stack, api: Api) -> None:
    del stack
    for namespace in add_on.namespaces:
        labels = api.get(f"/api/v1/namespaces/{namespace.name}")["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == namespace.pod_security
        assert api.list(f"/api/v1/namespaces/{namespace.name}/pods")


@pytest.mark.parametrize("add_on", LOCAL, ids=lambda add_on: add_on.name)
def test_everything_is_denied_in_each_namespace_but_what_is_allowed(add_on: Any, stack: Stack, api: Api) -> None:
    del stack
    for namespace in add_on.namespaces:
        policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace.name}/networkpolicies"
        denies = api.get(f"{policies}/default-deny")["spec"]
        assert denies == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.fixture(scope="class")
def istiod(stack: Stack, control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istiod]:
    """istiod itself, on what the stack made. It ends before that goes."""
    del stack
    with closing(Api(control_plane.kubeconfig)) as api:
        (istiod,) = api.list("/apis/apps/v1/namespaces/istio-system/deployments")
        told = istiod["spec"]["template"]["spec"]["containers"][0]["env"]
        of_ingress = {each["name"]: each["value"] for each in told if each["name"].startswith("K8S_INGRESS")}
        directory = tmp_path_factory.mktemp("istiod")
        with running_istiod(control_plane.kubeconfig, directory, api, **of_ingress) as running:
            yield running


class TestIstiodItself:
    """What istiod makes of the stack; the API server here asks no webhook, so that a test carries pods between them."""

    def test_istiod_takes_the_mesh_and_what_it_writes_into_its_webhooks_is_left_to_it(
        self, istiod: Istiod, stack: Stack
    ) -> None:
        mesh = istiod.mesh_config()
        assert mesh["connectTimeout"] == "5s"
        assert "jaeger.tracing.svc.cluster.local" in str(mesh["extensionProviders"])
        assert "update" not in stack.changes("--refresh", "--target", "**istio-sidecar-injector").values()

    def test_a_pod_with_istiods_sidecar_fits_limits_quota_and_pod_security(self, istiod: Istiod, api: Api) -> None:
        injected = istiod.inject(pod(TEAM, "web"), api)
        containers = api.post(f"/api/v1/namespaces/{TEAM}/pods?dryRun=All", injected)["spec"]["containers"]
        assert [container["name"] for container in containers] == ["main", "istio-proxy"]
        assert containers[1]["resources"]["limits"] == {"cpu": "400m", "memory": "128Mi"}

    def test_the_gateways_pods_become_a_proxy_that_fits_pod_security(self, istiod: Istiod, api: Api) -> None:
        (running,) = api.list("/api/v1/namespaces/istio-ingress/pods")
        kept = {key: value for key, value in running["spec"].items() if key != "nodeName"}
        metadata = {key: running["metadata"][key] for key in ("namespace", "labels", "annotations")}
        bare = {"apiVersion": "v1", "kind": "Pod", "metadata": {**metadata, "name": "proxy"}, "spec": kept}
        admitted = api.post("/api/v1/namespaces/istio-ingress/pods?dryRun=All", istiod.inject(bare, api))["spec"]
        assert admitted["containers"][0]["args"][:2] == ["proxy", "router"]
        assert admitted["securityContext"]["sysctls"] == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]

    def test_istiod_accepts_hosts_and_the_routes_of_their_tenants_and_of_nobody_else(
        self, istiod: Istiod, api: Api
    ) -> None:
        del istiod
        foreign = {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"namespace": "lab", "name": "foreign"},
            "spec": api.get(route_path(TEAM, "tasks"))["spec"],
        }
        api.apply(foreign)
        api.until(
            f"{ROUTES}/namespaces/istio-ingress/gateways/ingress",
            lambda found: {"Accepted", "Programmed"} <= met(found),
        )
        api.until(route_path(TEAM, "tasks"), lambda found: met(found) == {"Accepted", "ResolvedRefs"})
        refused = api.until(route_path("lab", "foreign"), lambda found: "parents" in found.get("status", {}))
        assert "Accepted" not in met(refused)
        api.delete(route_path("lab", "foreign"))

    def test_the_gateway_lets_cert_manager_prove_whose_a_host_is_and_no_tenant(self, istiod: Istiod, api: Api) -> None:
        del istiod
        host, path = "safe.example.test", "/.well-known/acme-challenge/token"
        proof = route("istio-ingress", "cm-acme-http-solver", host, path)
        solver = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 8089}]}}
        foreign = route(TEAM, "foreign", host, path, section=f"http.{host}")
        api.apply(solver | {"metadata": proof["metadata"]}, proof, foreign)
        api.until(api.path(proof), lambda found: met(found) == {"Accepted", "ResolvedRefs"})
        refused = api.until(api.path(foreign), lambda found: "parents" in found.get("status", {}))
        assert "Accepted" not in met(refused)
        for each in (foreign, proof, solver | {"metadata": proof["metadata"]}):
            api.delete(api.path(each))

    def test_istiod_serves_a_tenants_classic_ingress_by_the_same_gateway_and_the_api_server_refuses_other_hosts(
        self, istiod: Istiod, api: Api
    ) -> None:
        (balancer,) = api.get("/api/v1/namespaces/istio-ingress/services/ingress")["status"]["loadBalancer"]["ingress"]
        routed = ingress(TEAM, "classic.example.test", "old.example.test", secured="old.example.test")
        api.apply(routed)
        at = api.path(routed)
        api.until(at, lambda found: found["status"]["loadBalancer"].get("ingress") == [{"ip": balancer["ip"]}])
        made = {each["kind"]: each for each in istiod.configuration() if "web-istio-autogenerated" in str(each)}
        assert made["Gateway"]["metadata"]["namespace"] == "istio-ingress"
        assert made["Gateway"]["spec"]["selector"] == {"istio": "ingress"}
        secret, _ = (server.get("tls", {}).get("credentialName") for server in made["Gateway"]["spec"]["servers"])
        assert api.find(f"/apis/cert-manager.io/v1/namespaces/istio-ingress/certificates/{secret}")
        assert made["VirtualService"]["metadata"]["namespace"] == TEAM
        for refused in (
            ingress(TEAM, "classic.example.test", "tasks.example.test"),
            ingress(TEAM, "*.example.test"),
            ingress(TEAM, ""),
            ingress(TEAM, "old.example.test", secured="safe.example.test"),
            ingress(TEAM, "old.example.test", secured="old.example.test", secret="tls.safe.example.test"),
            ingress(TEAM, "classic.example.test", secured="classic.example.test"),
            ingress("lab", "classic.example.test"),
            ingress("lab", "classic.example.test", annotated=True),
        ):
            with pytest.raises(ApiError, match="ingress-hosts"):
                api.apply(refused)
        api.delete(at)

    def test_istiod_accepts_a_host_with_a_certificate_and_the_way_there_from_plain_http(
        self, istiod: Istiod, api: Api
    ) -> None:
        del istiod
        tls = {"certificate": "-----BEGIN CERTIFICATE-----", "key": Secret()}
        host = HostSpec.model_validate({"name": "safe.example.test", "tenants": [TEAM], "tls": tls})
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": secret_name(host)},
        }
        certificate = str(DESK.outputs("SelfSignedCert", **authority_inputs())["certPem"])
        listening = gateway([host], CLASS, "ingress.istio-ingress.svc.cluster.local")
        objects = [
            secret | {"stringData": {"tls.crt": certificate, "tls.key": key_pem()}},
            listening,
            *redirects([host]),
        ]
        for each in objects:
            each["metadata"] |= {
                "namespace": "istio-ingress",
                "name": each["metadata"]["name"].replace("ingress", "safe"),
            }
            for parent in each.get("spec", {}).get("parentRefs", ()):
                parent["name"] = "safe"
        api.apply(*objects)
        found = api.until(api.path(listening), lambda found: {"Accepted", "Programmed"} <= met(found))
        assert {listener["name"]: conditions(listener) for listener in found["status"]["listeners"]} == {
            name: {"Accepted", "Programmed", "ResolvedRefs"}
            for name in ("http.safe.example.test", "https.safe.example.test")
        }
        api.until(api.path(objects[-1]), lambda found: met(found) == {"Accepted", "ResolvedRefs"})
        for each in reversed(objects):
            api.delete(api.path(each))


def test_add_ons_that_are_taken_out_go_and_nothing_else_does(
    stack: Stack, control_plane: ControlPlane, api: Api
) -> None:
    stack.write(dev_spec(control_plane.name))
    assert set(stack.changes().values()) == {"delete"}
    stack.must_up()
    for namespace in NAMESPACES:
        assert api.find(f"/api/v1/namespaces/{namespace}") is None


def test_add_ons_that_come_back_leave_nothing_when_the_stack_is_destroyed(
    stack: Stack, control_plane: ControlPlane, before: Census
) -> None:
    stack.write(spec_with_add_ons(control_plane.name))
    stack.must_up()
    stack.destroy()
    until_census_is(control_plane.kubeconfig, before)
