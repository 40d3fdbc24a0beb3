"""`up` ends when what it made is ready, and says what is wrong when it does not get there.

Guards against an update that is over before its pods run, and against reasons that nobody can act on.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from rehearsal.providers.base import InitializationFailed, ProviderError
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from tests.rehearsal.kubernetes.conftest import ConfigMap
from tests.rehearsal.kubernetes.resource import Resource
from tests.support.api import Api, Object
from tests.support.objects import deployment, job, pod, pod_template

Nodes = dict[str, str]


def _annotated(obj: Object, **annotations: str) -> Object:
    obj["metadata"]["annotations"] = {f"pulumi.com/{key}": value for key, value in annotations.items()}
    return obj


def _rehearse(obj: Object, how: str) -> Object:
    obj["spec"]["template"]["metadata"]["annotations"] = {"polykube.dev/rehearse": how}
    return obj


def _in(namespace: str, kind: str, name: str = "subject", **rest: Any) -> Object:
    api_version, _, kind = kind.rpartition("/")
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}


def _workload(namespace: str, kind: str, nodes: Nodes, **spec: Any) -> Object:
    template = pod_template(nodeSelector=nodes)
    template["metadata"]["labels"] = {"app": "subject"}
    spec = {"selector": {"matchLabels": {"app": "subject"}}, "template": template} | spec
    return _in(namespace, kind, spec=spec)


def test_a_deployment_is_ready_with_its_pods(resource: Resource, namespace: str, nodes: Nodes) -> None:
    live = resource.apply(deployment(namespace, "subject", replicas=2, nodeSelector=nodes))
    assert live["status"]["readyReplicas"] == 2
    resource.refresh()


def test_an_update_of_a_deployment_waits_for_the_new_revision(
    resource: Resource, namespace: str, nodes: Nodes, api: Api
) -> None:
    obj = deployment(namespace, "subject", nodeSelector=nodes)
    resource.apply(obj)
    live = resource.apply(_rehearse(obj, "nothing"))
    current = [rs for rs in api.list(f"/apis/apps/v1/namespaces/{namespace}/replicasets") if rs["spec"]["replicas"]]
    assert live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
    assert [rs["status"].get("readyReplicas") for rs in current] == [1]


def test_a_deployment_that_does_not_get_ready_is_recorded_with_the_reasons(
    resource: Resource, namespace: str, nodes: Nodes
) -> None:
    obj = _rehearse(deployment(namespace, "subject", nodeSelector=nodes), "crash")
    with pytest.raises(InitializationFailed) as failed:
        resource.apply(_annotated(obj, timeoutSeconds="2"))
    text = "\n".join(failed.value.reasons)
    assert "not ready within 2 s" in text
    assert "0 of 1 Pods of the current revision are ready" in text
    assert "CrashLoopBackOff" in text
    assert resource.id == f"{namespace}/subject"
    assert resource.state["metadata"]["uid"]


def test_the_resource_option_for_the_timeout_beats_the_annotation(
    resource: Resource, namespace: str, nodes: Nodes
) -> None:
    obj = _annotated(_rehearse(deployment(namespace, "subject", nodeSelector=nodes), "unready"), timeoutSeconds="500")
    with pytest.raises(InitializationFailed, match="not ready within 1 s"):
        resource.apply(obj, timeout=1)


def test_nothing_is_waited_for_with_skip_await(resource: Resource, namespace: str) -> None:
    obj = deployment(namespace, "subject", nodeSelector={"pool": "none"})
    assert "readyReplicas" not in resource.apply(_annotated(obj, skipAwait="true")).get("status", {})


def test_skip_await_beats_what_the_program_waits_for(resource: Resource, config_map: ConfigMap) -> None:
    annotations = {"pulumi.com/skipAwait": "true", "pulumi.com/waitFor": "jsonpath={.data.never}"}
    assert resource.apply(config_map(annotations=annotations), timeout=1)["metadata"]["uid"]


def test_what_the_program_waits_for_beats_the_rule_of_the_kind(resource: Resource, namespace: str) -> None:
    never_ready = deployment(namespace, "subject", nodeSelector={"pool": "none"})
    live = resource.apply(_annotated(never_ready, waitFor="jsonpath={.metadata.uid}"), timeout=10)
    assert not live["status"].get("readyReplicas")


def test_kinds_without_a_rule_are_waited_for_if_that_is_asked_for(
    resource: Resource, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = pod_template(nodeSelector={"pool": "none"})
    template["metadata"]["labels"] = {"app": "subject"}
    spec = {"selector": {"matchLabels": {"app": "subject"}}, "template": template}
    obj = _in(namespace, "apps/v1/ReplicaSet", spec=spec)
    resource.apply(obj)
    monkeypatch.setenv("PULUMI_K8S_AWAIT_ALL", "true")
    with pytest.raises(InitializationFailed, match="was not ready within 1 s"):
        Resource(resource.provider, "other").apply(_in(namespace, "apps/v1/ReplicaSet", "other", spec=spec), timeout=1)


def test_stateful_sets_and_daemon_sets_are_ready_with_their_pods(
    provider: KubernetesStandIn, namespace: str, nodes: Nodes
) -> None:
    stateful_set = _workload(namespace, "apps/v1/StatefulSet", nodes, replicas=2, serviceName="subject")
    daemon_set = _workload(namespace, "apps/v1/DaemonSet", nodes)
    assert Resource(provider, "sts").apply(stateful_set)["status"]["readyReplicas"] == 2
    assert Resource(provider, "ds").apply(daemon_set)["status"]["numberReady"] == 2


def test_a_daemon_set_whose_update_does_not_get_ready_fails(resource: Resource, namespace: str, nodes: Nodes) -> None:
    obj = _workload(namespace, "apps/v1/DaemonSet", nodes)
    resource.apply(obj)
    with pytest.raises(InitializationFailed, match="of 2"):
        resource.apply(_rehearse(obj, "unready"), timeout=2)


def test_a_job_is_ready_when_it_is_complete(resource: Resource, namespace: str, nodes: Nodes) -> None:
    obj = job(namespace, "subject")
    obj["spec"]["template"]["spec"]["nodeSelector"] = nodes
    assert resource.apply(obj)["status"]["succeeded"] == 1


def test_a_failed_job_ends_the_wait_and_is_replaced_if_that_is_asked_for(
    resource: Resource, namespace: str, nodes: Nodes
) -> None:
    obj = job(namespace, "subject", "crash", backoffLimit=0)
    obj["spec"]["template"]["spec"]["nodeSelector"] = nodes
    with pytest.raises(InitializationFailed, match="BackoffLimitExceeded"):
        resource.apply(obj)
    assert not resource.diff(obj).replaces
    renewed = resource.diff(_annotated(obj, replaceUnready="true"))
    assert renewed.replaces == ['.metadata.annotations["pulumi.com/replaceUnready"]']
    assert renewed.delete_before_replace


def test_a_pod_is_ready_once_it_runs_and_says_why_it_is_not_scheduled(
    provider: KubernetesStandIn, namespace: str, nodes: Nodes
) -> None:
    running = Resource(provider, "running").apply(pod(namespace, "running", nodeSelector=nodes))
    assert running["status"]["phase"] == "Running"
    with pytest.raises(InitializationFailed, match=r"'waiting' is not scheduled.*node"):
        Resource(provider, "waiting").apply(pod(namespace, "waiting", nodeSelector={"pool": "none"}), timeout=2)


def test_volumes_and_claims_are_waited_for(provider: KubernetesStandIn, namespace: str, api: Api) -> None:
    late = _in("", "storage.k8s.io/v1/StorageClass", namespace, provisioner="example.test/none")
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    volume = claim | {"capacity": {"storage": "1Gi"}, "csi": {"driver": "example.test", "volumeHandle": "v"}}
    del volume["resources"]
    pending = _in(namespace, "v1/PersistentVolumeClaim", "pending", spec=claim | {"storageClassName": namespace})
    bound = _in(
        namespace, "v1/PersistentVolumeClaim", "bound", spec=claim | {"storageClassName": "", "volumeName": namespace}
    )
    try:
        created = Resource(provider, "pv").apply(_in("", "v1/PersistentVolume", namespace, spec=volume))
        assert created["status"]["phase"] == "Available"
        api.apply(late | {"volumeBindingMode": "WaitForFirstConsumer"})
        assert Resource(provider, "bound").apply(bound)["status"]["phase"] == "Bound"
        assert Resource(provider, "pending").apply(pending)["status"]["phase"] == "Pending"
    finally:
        api.delete(f"/api/v1/persistentvolumes/{namespace}")
        api.delete(f"/apis/storage.k8s.io/v1/storageclasses/{namespace}")


def test_a_wait_tells_what_for_in_the_words_of_the_claim_that_has_no_class(
    notes: list[str], resource: Resource, namespace: str, nodes: Nodes
) -> None:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""}
    claims = [{"metadata": {"name": "data"}, "spec": claim}]
    obj = _workload(namespace, "apps/v1/StatefulSet", nodes, serviceName="subject", volumeClaimTemplates=claims)
    obj["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    with pytest.raises(InitializationFailed) as failed:
        resource.apply(obj, timeout=8)
    for told in (" ".join(notes), " ".join(failed.value.reasons)):
        assert "unbound immediate PersistentVolumeClaims" in told
    assert "no persistent volumes available for this claim" in " ".join(failed.value.reasons)


def test_a_wait_tells_what_keeps_pods_from_being_made(
    notes: list[str], resource: Resource, namespace: str, nodes: Nodes, api: Api
) -> None:
    api.apply(_in(namespace, "v1/ResourceQuota", "none", spec={"hard": {"pods": "0"}}))
    api.until(f"/api/v1/namespaces/{namespace}/resourcequotas/none", lambda quota: "hard" in quota.get("status", {}))
    with pytest.raises(InitializationFailed):
        resource.apply(deployment(namespace, "subject", nodeSelector=nodes), timeout=5)
    assert "exceeded quota: none" in " ".join(notes)


def test_quotas_and_service_account_tokens_are_filled_in(provider: KubernetesStandIn, namespace: str) -> None:
    quota = _in(namespace, "v1/ResourceQuota", spec={"hard": {"pods": "3", "requests.cpu": "1500m"}})
    assert Resource(provider, "quota").apply(quota)["status"]["hard"] == {"pods": "3", "requests.cpu": "1500m"}
    token = _in(namespace, "v1/Secret", type="kubernetes.io/service-account-token")
    token["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "default"}
    assert "token" in Resource(provider, "token").apply(token)["data"]


def test_services_wait_for_what_they_lead_to_and_an_ingress_for_an_address(
    provider: KubernetesStandIn, namespace: str, nodes: Nodes
) -> None:
    ports = {"ports": [{"port": 80}]}
    backend = {"service": {"name": "none", "port": {"number": 80}}}
    rules = [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    Resource(provider, "pods").apply(deployment(namespace, "web", nodeSelector=nodes))
    at_once = [
        _in(namespace, "v1/Service", "headless", spec=ports | {"clusterIP": "None", "selector": {"app": "web"}}),
        _in(namespace, "v1/Service", "external", spec={"type": "ExternalName", "externalName": "example.test"}),
    ]
    for obj in at_once:
        assert Resource(provider, obj["metadata"]["name"]).apply(obj)["metadata"]["uid"]
    selecting = _in(namespace, "v1/Service", "web", spec=ports | {"selector": {"app": "web"}})
    balanced = _in(namespace, "v1/Service", "lb", spec=ports | {"type": "LoadBalancer", "selector": {"app": "web"}})
    ingress = _in(namespace, "networking.k8s.io/v1/Ingress", "in", spec={"rules": rules})
    with ThreadPoolExecutor() as threads:
        cluster_ip, load_balancer = (
            threads.submit(Resource(provider, n).apply, o) for n, o in (("s", selecting), ("l", balanced))
        )
        without_controller = threads.submit(Resource(provider, "i").apply, ingress, timeout=3)
        with pytest.raises(InitializationFailed) as failed:
            without_controller.result()
        assert load_balancer.result()["status"]["loadBalancer"]["ingress"]
        assert cluster_ip.result()["spec"]["clusterIP"]
    assert "'none'" in "\n".join(failed.value.reasons)


def test_a_program_can_say_what_it_waits_for(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    wanted = config_map({"state": "new"}, annotations={"pulumi.com/waitFor": "jsonpath={.data.state}=done"})
    done = threading.Timer(0.5, api.apply, [config_map({"state": "done"})])
    done.start()
    assert resource.apply(wanted)["data"] == {"state": "done"}
    done.join()


def test_an_expression_that_is_not_met_in_time_is_a_failure_with_the_found_value(
    resource: Resource, config_map: ConfigMap
) -> None:
    expressions = '["jsonpath={.data.state}=done", "condition=Ready"]'
    with pytest.raises(InitializationFailed, match="is new"):
        resource.apply(config_map({"state": "new"}, annotations={"pulumi.com/waitFor": expressions}), timeout=1)


def test_a_malformed_expression_fails_though_the_object_exists(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    obj = config_map(annotations={"pulumi.com/waitFor": "ready"})
    with pytest.raises(ProviderError, match="'ready' is neither"):
        resource.apply(obj)
    assert resource.id == ""
    assert api.get(api.path(obj))


def test_a_cancel_ends_the_wait_and_keeps_what_is_there(
    provider: KubernetesStandIn, resource: Resource, namespace: str, api: Api
) -> None:
    obj = deployment(namespace, "subject", nodeSelector={"pool": "none"})
    with ThreadPoolExecutor() as threads:
        applied = threads.submit(resource.apply, obj)
        api.until(api.path(obj), lambda live: live["status"].get("observedGeneration"))
        provider.cancel()
        with pytest.raises(InitializationFailed, match="cancelled"):
            applied.result(timeout=10)
    assert resource.id == f"{namespace}/subject"


def test_a_cancel_ends_the_wait_for_a_missing_kind(provider: KubernetesStandIn, namespace: str) -> None:
    widget = _in(namespace, "example.test/v1/Widget")
    with ThreadPoolExecutor() as threads:
        applied = threads.submit(Resource(provider).apply, widget)
        with pytest.raises(TimeoutError):
            applied.result(timeout=0.5)
        provider.cancel()
        with pytest.raises(ProviderError, match="cancelled"):
            applied.result(timeout=10)
