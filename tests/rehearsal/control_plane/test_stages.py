"""Guards against nodes, pods, volumes and load balancers that do not behave as those of a real cluster."""

from typing import Any

import pytest

from tests.support.api import Api, Object, condition, is_ready
from tests.support.objects import deployment, job, node, pod
from tests.support.polling import eventually

REASONS = {
    ("Running", "waiting"): "CrashLoopBackOff",
    ("Failed", "terminated"): "Error",
    ("Succeeded", "terminated"): "Completed",
}


def test_a_node_has_the_capacity_that_it_declares(api: Api, namespace: str) -> None:
    path, declared = f"/api/v1/nodes/{namespace}", {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"}
    defaults = {"pods": "110", "ephemeral-storage": "100Gi"}
    api.apply(node(namespace, None, **declared))
    try:
        status = api.until(path, is_ready)["status"]
        assert status["capacity"] == status["allocatable"] == declared | defaults
        api.apply(node(namespace, cpu="2", memory="4096Mi", pods="20"))
        changed = {"cpu": "2", "memory": "4Gi", "pods": "20", "ephemeral-storage": "100Gi"}
        api.until(path, lambda it: it["status"]["capacity"] == it["status"]["allocatable"] == changed)
    finally:
        api.delete(path)


def test_a_node_looks_like_one_that_a_kubelet_registered(api: Api, nodes: list[str]) -> None:
    path = f"/api/v1/nodes/{nodes[0]}"
    ready = api.until(path, lambda it: "taints" not in it["spec"] and "kubernetes.io/hostname" in labels(it))
    assert (
        labels(ready).items()
        >= {
            "kubernetes.io/hostname": nodes[0],
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
        }.items()
    )
    addresses = [api.get(f"/api/v1/nodes/{name}")["status"]["addresses"] for name in nodes]
    assert [each[0] for each in addresses] == [{"type": "Hostname", "address": name} for name in nodes]
    assert addresses[0][1]["address"] != addresses[1][1]["address"]


def labels(manifest: Object) -> dict[str, str]:
    return dict(manifest["metadata"]["labels"])


def test_conditions_keep_their_times_while_they_stay_as_they_are(api: Api, nodes: list[str]) -> None:
    path = f"/api/v1/nodes/{nodes[0]}"
    before = api.get(path)["status"]["conditions"]
    await_heartbeat(api, nodes[0])  # so that the clock shows another second
    api.merge(path, {"metadata": {"annotations": {"polykube.dev/capacity": '{"cpu": "1"}'}}})
    api.until(path, lambda it: it["status"]["capacity"]["cpu"] == "1")
    await_heartbeat(api, nodes[0])  # so that all that follows from the change has happened
    assert api.get(path)["status"]["conditions"] == before


def await_heartbeat(api: Api, node_name: str) -> None:
    lease = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node_name}"
    last = api.get(lease)["spec"]["renewTime"]
    api.until(lease, lambda it: it["spec"]["renewTime"] > last)


def test_pods_run_and_get_ready_with_addresses_of_their_own(api: Api, namespace: str, nodes: list[str]) -> None:
    api.apply(deployment(namespace, "web", replicas=5, nodeSelector={"pool": namespace}))
    api.until(
        f"/apis/apps/v1/namespaces/{namespace}/deployments/web",
        lambda it: condition(it, "Available") == "True" and it["status"].get("readyReplicas") == 5,
    )
    pods = api.list(f"/api/v1/namespaces/{namespace}/pods")
    assert {each["spec"]["nodeName"] for each in pods} == set(nodes)
    assert len({each["status"]["podIP"] for each in pods}) == 5
    assert all("running" in each["status"]["containerStatuses"][0]["state"] for each in pods)


def test_init_containers_are_done_and_sidecars_run(api: Api, namespace: str, nodes: list[str]) -> None:
    assert nodes
    init = [
        {"name": "once", "image": "example.test/once:1"},
        {"name": "sidecar", "image": "example.test/sidecar:1", "restartPolicy": "Always"},
    ]
    ready = run(api, pod(namespace, "test", initContainers=init), is_ready)
    once, sidecar = ready["status"]["initContainerStatuses"]
    assert (once["state"]["terminated"]["exitCode"], "running" in sidecar["state"]) == (0, True)
    assert condition(ready, "Initialized") == "True"


def run(api: Api, manifest: Object, until: Any) -> Object:
    manifest["spec"]["nodeSelector"] = {"pool": manifest["metadata"]["namespace"]}
    api.apply(manifest)
    return api.until(api.path(manifest), until)


@pytest.mark.parametrize(
    ("rehearse", "restart", "outcome"),
    [
        ("unready", "Always", ("Running", "running")),
        ("crash", "Always", ("Running", "waiting")),
        ("crash", "OnFailure", ("Running", "waiting")),
        ("crash", "Never", ("Failed", "terminated")),
        ("complete", "Never", ("Succeeded", "terminated")),
    ],
)
def test_a_pod_plays_what_its_annotation_says(
    api: Api, namespace: str, nodes: list[str], rehearse: str, restart: str, outcome: tuple[str, str]
) -> None:
    assert nodes
    phase, state = outcome
    manifest = pod(namespace, "test", rehearse, restartPolicy=restart)
    played = run(api, manifest, lambda it: it["status"]["phase"] == phase)
    (status,) = played["status"]["containerStatuses"]
    assert (condition(played, "Ready"), list(status["state"])) == ("False", [state])
    assert status["state"][state].get("reason") == REASONS.get((phase, state))


def test_a_pod_recovers_when_the_annotation_goes(api: Api, namespace: str, nodes: list[str]) -> None:
    assert nodes
    manifest = pod(namespace, "test", "crash")
    run(api, manifest, lambda it: condition(it, "Ready") == "False")
    api.merge(api.path(manifest), {"metadata": {"annotations": None}})
    recovered = api.until(api.path(manifest), is_ready)
    assert "running" in recovered["status"]["containerStatuses"][0]["state"]


@pytest.mark.parametrize(("rehearse", "verdict"), [("", "Complete"), ("crash", "Failed")])
def test_a_job_comes_to_its_verdict(api: Api, namespace: str, nodes: list[str], rehearse: str, verdict: str) -> None:
    assert nodes
    manifest = job(namespace, "test", rehearse, backoffLimit=0)
    manifest["spec"]["template"]["spec"]["nodeSelector"] = {"pool": namespace}
    api.apply(manifest)
    api.until(api.path(manifest), lambda it: condition(it, verdict) == "True")


def test_a_deleted_pod_ends_and_goes(api: Api, namespace: str, nodes: list[str]) -> None:
    assert nodes
    manifest = pod(namespace, "test")
    run(api, manifest, is_ready)
    api.delete(api.path(manifest))
    api.until_gone(api.path(manifest), timeout=10)  # long before its grace period of 30 s


def test_a_deleted_pod_of_a_job_counts_as_failed(api: Api, namespace: str, nodes: list[str]) -> None:
    assert nodes
    manifest = job(namespace, "test", "unready")
    manifest["spec"]["template"]["spec"]["nodeSelector"] = {"pool": namespace}
    api.apply(manifest)
    pods = f"/api/v1/namespaces/{namespace}/pods"
    running = eventually(lambda: [each for each in api.list(pods) if each["status"]["phase"] == "Running"])
    api.delete(api.path(running[0]))
    assert api.until(api.path(manifest), lambda it: it["status"].get("failed"))["status"]["failed"] == 1


def test_load_balancers_get_addresses_of_their_own(api: Api, namespace: str) -> None:
    services = [service(namespace, name, "LoadBalancer") for name in ("a", "b")] + [
        service(namespace, "c", "ClusterIP")
    ]
    api.apply(*services)
    addresses = [
        api.until(api.path(each), lambda it: it["status"]["loadBalancer"].get("ingress"))["status"]["loadBalancer"]
        for each in services[:2]
    ]
    first, second = (each["ingress"][0]["ip"] for each in addresses)
    assert first != second
    assert first.startswith("198.18.")
    assert api.get(api.path(services[2]))["status"] == {"loadBalancer": {}}


def service(namespace: str, name: str, kind: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"type": kind, "ports": [{"port": 80}]},
    }


@pytest.fixture(params=["Delete", "Retain"])
def storage_class(request: pytest.FixtureRequest, api: Api, namespace: str) -> Any:
    manifest = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": namespace, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "ebs.csi.aws.com",
        "reclaimPolicy": request.param,
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    api.apply(manifest)
    yield manifest
    api.delete(api.path(manifest))


def test_a_claim_of_the_default_class_waits_for_its_pod_binds_and_is_reclaimed(
    api: Api, namespace: str, nodes: list[str], storage_class: Object
) -> None:
    assert nodes
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace, "name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}},
    }
    api.apply(claim)
    assert api.get(api.path(claim))["status"]["phase"] == "Pending"
    user = pod(namespace, "user", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
    run(api, user, is_ready)
    bound = api.get(api.path(claim))
    assert (bound["status"]["phase"], bound["status"]["capacity"]) == ("Bound", {"storage": "2Gi"})
    volume = f"/api/v1/persistentvolumes/{bound['spec']['volumeName']}"
    assert api.get(volume)["spec"]["csi"]["driver"] == "ebs.csi.aws.com"
    api.delete(api.path(user))
    api.delete(api.path(claim))
    if storage_class["reclaimPolicy"] == "Delete":
        api.until_gone(volume)
    else:
        api.until(volume, lambda it: it["status"]["phase"] == "Released")
        api.delete(volume)
