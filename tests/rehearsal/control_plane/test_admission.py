"""Guards against a control plane that lets through what a production cluster refuses."""

from typing import Any

import pytest

from tests.support.api import Api, ApiError, Object
from tests.support.objects import deployment, pod
from tests.support.polling import eventually


def in_namespace(namespace: str, api_version: str, kind: str, **content: Any) -> Object:
    metadata = {"namespace": namespace, "name": "test"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def test_a_privileged_pod_is_refused_where_pod_security_is_restricted(api: Api, namespace: str) -> None:
    level = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": level}})
    pods = f"/api/v1/namespaces/{namespace}/pods"
    privileged = pod(namespace, "privileged")
    privileged["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(ApiError, match="violates PodSecurity"):
        api.post(pods, privileged)
    api.post(pods, pod(namespace, "restricted"))


def test_a_quota_is_enforced(api: Api, namespace: str) -> None:
    api.apply(in_namespace(namespace, "v1", "ResourceQuota", spec={"hard": {"pods": "2"}}))
    quota = f"/api/v1/namespaces/{namespace}/resourcequotas/test"
    api.until(quota, lambda it: it["status"].get("hard") == {"pods": "2"})
    pods = f"/api/v1/namespaces/{namespace}/pods"
    api.post(pods, pod(namespace, "first"))
    api.post(pods, pod(namespace, "second"))
    with pytest.raises(ApiError, match="exceeded quota: test"):
        api.post(pods, pod(namespace, "third"))


def test_a_limit_range_gives_defaults(api: Api, namespace: str) -> None:
    limits = [{"type": "Container", "default": {"cpu": "200m"}, "defaultRequest": {"cpu": "100m"}}]
    api.apply(in_namespace(namespace, "v1", "LimitRange", spec={"limits": limits}))

    def admitted() -> Object:
        path = f"/api/v1/namespaces/{namespace}/pods"
        return dict(api.request("POST", f"{path}?dryRun=All", pod(namespace, "test"))["spec"]["containers"][0])

    container = eventually(lambda: it if (it := admitted())["resources"] else None, what="defaults")
    assert container["resources"] == {"limits": {"cpu": "200m"}, "requests": {"cpu": "100m"}}


def test_a_node_may_not_touch_another_node(api: Api, nodes: list[str]) -> None:
    first, second = nodes
    kubelet = api.impersonating(f"system:node:{first}", "system:nodes")
    with pytest.raises(ApiError, match=f'node "{first}" is not allowed to modify node "{second}"'):
        kubelet.merge(f"/api/v1/nodes/{second}", {"metadata": {"labels": {"seen": "yes"}}})
    kubelet.merge(f"/api/v1/nodes/{first}", {"metadata": {"labels": {"seen": "yes"}}})


def test_a_node_sees_no_secret_that_its_pods_do_not_use(api: Api, namespace: str, nodes: list[str]) -> None:
    api.apply(in_namespace(namespace, "v1", "Secret"))
    with pytest.raises(ApiError, match="no relationship found between node"):
        api.impersonating(f"system:node:{nodes[0]}", "system:nodes").get(f"/api/v1/namespaces/{namespace}/secrets/test")


def test_a_webhook_that_no_container_could_answer_is_not_asked(api: Api, namespace: str) -> None:
    webhook = {
        "name": "test.polykube.dev",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "clientConfig": {"service": {"namespace": namespace, "name": "absent"}},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}],
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [webhook],
    }
    api.apply(configuration)
    try:
        api.apply(deployment(namespace, "web"))
    finally:
        api.delete(api.path(configuration))
