"""A tenant that gets more than its share, or less than it was promised.

Each test says what a user of the tenant would see. The numbers are those of the example stack: `lab` has a
quota of two pods, four volume claims and no load balancer, and a LimitRange.
"""

from collections.abc import Iterator

import pytest

from tests.support.api import Api, ApiError, Object
from tests.support.objects import pod
from tests.support.stack import Stack

PODS = "/api/v1/namespaces/lab/pods"
CLAIMS = "/api/v1/namespaces/lab/persistentvolumeclaims"
SERVICES = "/api/v1/namespaces/shop/services"


@pytest.fixture(autouse=True)
def _clean_tenants(dev: Stack, api: Api) -> Iterator[Stack]:
    yield dev
    for collection in (PODS, CLAIMS):
        for item in api.list(collection):
            api.delete(f"{collection}/{item['metadata']['name']}")
        for item in api.list(collection):
            api.until_gone(f"{collection}/{item['metadata']['name']}")


def claim(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": "lab", "name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }


def load_balancer(name: str) -> Object:
    ports = [{"port": 80}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"type": "LoadBalancer", "selector": {"app": "frontend"}, "ports": ports},
    }


def test_a_bare_pod_gets_the_limit_ranges_defaults_and_runs(api: Api) -> None:
    api.post(PODS, pod("lab", "bare"))
    running = api.until(f"{PODS}/bare", lambda it: it["status"]["phase"] == "Running")
    assert running["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "200m", "memory": "6Mi"},
        "requests": {"cpu": "100m", "memory": "5Mi"},
    }


def test_without_a_limit_range_the_quota_refuses_a_bare_pod(api: Api, namespace: str) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"namespace": namespace, "name": "quota"},
        "spec": {"hard": api.get("/api/v1/namespaces/lab/resourcequotas/quota")["spec"]["hard"]},
    }
    api.apply(quota)
    api.until(f"/api/v1/namespaces/{namespace}/resourcequotas/quota", lambda it: it["status"].get("hard"))
    with pytest.raises(ApiError, match=r"failed quota: quota: must specify limits\.cpu"):
        api.post(f"/api/v1/namespaces/{namespace}/pods", pod(namespace, "bare"))


def test_the_third_pod_is_refused(api: Api) -> None:
    api.post(PODS, pod("lab", "first"))
    api.post(PODS, pod("lab", "second"))
    with pytest.raises(ApiError, match=r"exceeded quota: quota, requested: pods=1, used: pods=2, limited: pods=2"):
        api.post(PODS, pod("lab", "third"))


def test_the_fifth_volume_claim_is_refused(api: Api) -> None:
    for number in range(4):
        api.post(CLAIMS, claim(f"claim-{number}"))
    with pytest.raises(ApiError, match="exceeded quota: quota, requested: persistentvolumeclaims=1"):
        api.post(CLAIMS, claim("claim-4"))


def test_the_third_load_balancer_is_refused(api: Api) -> None:
    try:
        for name in ("first", "second"):
            api.post(SERVICES, load_balancer(name))
        with pytest.raises(ApiError, match=r"requested: services\.loadbalancers=1"):
            api.post(SERVICES, load_balancer("third"))
    finally:
        for name in ("first", "second"):
            api.delete(f"{SERVICES}/{name}")


def test_a_privileged_pod_is_refused(api: Api) -> None:
    privileged = pod("lab", "privileged")
    privileged["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(ApiError, match=r'violates PodSecurity "restricted:v1.36": privileged'):
        api.post(PODS, privileged)


def test_a_claim_without_a_class_gets_the_default_one(api: Api) -> None:
    api.post(CLAIMS, claim("plain"))
    assert api.get(f"{CLAIMS}/plain")["spec"]["storageClassName"] == "standard"
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "plain"}}]
    api.post(PODS, pod("lab", "user", volumes=volumes))
    api.until(f"{CLAIMS}/plain", lambda it: it["status"]["phase"] == "Bound")


def test_pods_go_to_the_pool_that_they_ask_for_and_taints_hold(api: Api) -> None:
    api.post(PODS, pod("lab", "anywhere"))
    placed = api.until(f"{PODS}/anywhere", lambda it: it["spec"].get("nodeName"))
    assert placed["spec"]["nodeName"].startswith("general-")
    system = {"polykube.dev/node-pool": "system"}
    api.post(PODS, pod("lab", "intruder", nodeSelector=system))
    waiting = api.until(f"{PODS}/intruder", lambda it: it["status"].get("conditions"))
    (condition,) = waiting["status"]["conditions"]
    assert condition["reason"] == "Unschedulable"
    assert "untolerated taint" in condition["message"]


def test_the_tenants_group_may_work_in_its_own_namespace_and_nowhere_else(api: Api) -> None:
    developer = api.impersonating("ann", "shop-developers")
    assert developer.list("/apis/apps/v1/namespaces/shop/deployments")
    for forbidden in ("/api/v1/namespaces/lab/pods", "/api/v1/nodes"):
        with pytest.raises(ApiError) as refused:
            developer.get(forbidden)
        assert refused.value.status == 403


@pytest.mark.parametrize(
    "guardrail", ["api/v1:resourcequotas/quota", "networking.k8s.io/v1:networkpolicies/default-deny"]
)
def test_the_tenants_group_cannot_take_its_guardrails_away(api: Api, guardrail: str) -> None:
    group, _, place = guardrail.partition(":")
    root = "/api/v1" if group == "api/v1" else f"/apis/{group}"
    with pytest.raises(ApiError) as refused:
        api.impersonating("ann", "shop-developers").delete(f"{root}/namespaces/shop/{place}")
    assert refused.value.status == 403


def test_only_the_frontend_reaches_the_database(api: Api) -> None:
    policies = {
        policy["metadata"]["name"]: policy["spec"]
        for policy in api.list("/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies")
    }
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policies["frontend-to-db-ingress"] == {
        "podSelector": {"matchLabels": {"app": "db"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"podSelector": {"matchLabels": {"app": "frontend"}}}],
                "ports": [{"port": 6379, "protocol": "TCP"}],
            }
        ],
    }
    assert set(policies) == {"default-deny", "allow-dns", "frontend-to-db-egress", "frontend-to-db-ingress"}


def test_pods_without_an_account_of_their_own_get_no_token(api: Api) -> None:
    api.post(PODS, pod("lab", "plain"))
    assert "volumes" not in api.get(f"{PODS}/plain")["spec"]
