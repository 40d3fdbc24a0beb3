"""A cluster that is told to be healthy and is not, or in words that do not help: each fault is put into a real one.

The cluster has other users beside the test, so that only what is said of the test's own objects is looked at.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from lightkube import KubeConfig

from automation.certificates import Certificate
from automation.health.cluster import Expected
from automation.health.examination import examine
from automation.health.findings import Area, Health, Severity, Symptom
from common.errors import HealthError
from common.simulation import KUBELET_ANNOTATION, NODE_LABEL
from components.addons.health import Answers, BackedUp, CertificatesHold, Check, deployments
from components.naming import NODE_POOL_LABEL, TENANT_LABEL
from rehearsal.control_plane import ControlPlane
from tests.support.api import Api, Object
from tests.support.definitions import defined
from tests.support.objects import deployment, job, node, pod
from tests.support.polling import eventually

Examine = Callable[..., Health]
NOTHING: Final = Expected({}, {})


@pytest.fixture
def examined(control_plane: ControlPlane) -> Examine:
    """What examines the control plane, held to what is expected of it."""
    config = KubeConfig.from_file(str(control_plane.kubeconfig))

    def look(expected: Expected = NOTHING) -> Health:
        return examine("dev", "local", config, expected)

    return look


def about(health: Health, subject: str) -> list[tuple[Severity, str]]:
    return [(each.level, each.message) for each in health.findings if each.subject == subject]


def told(examined: Examine, subject: str, level: Severity, *words: str, expected: Expected = NOTHING) -> str:
    """What is told of `subject` at a level, once it has all of `words` in it."""

    def find() -> str:
        said = [message for at, message in about(examined(expected), subject) if at is level]
        return next((each for each in said if all(word in each for word in words)), "")

    return eventually(find, what=f"{level} of {subject} with {words}")


def make_tenant(api: Api, namespace: str) -> None:
    api.merge(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {TENANT_LABEL: namespace}}})


def test_what_is_well_is_not_mentioned_and_what_was_looked_at_is(
    examined: Examine, api: Api, namespace: str, nodes: list[str]
) -> None:
    for name in nodes:
        api.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {NODE_POOL_LABEL: namespace}}})
    api.apply(deployment(namespace, "web", replicas=3, nodeSelector={"pool": namespace}))
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    api.until(path, lambda it: it["status"].get("availableReplicas") == 3)
    health = examined(Expected({namespace: (2, 2)}, {"ours": deployments(namespace, "web")}))
    assert [each for each in health.findings if namespace in each.subject + each.message] == []
    assert health.version.startswith("v1.36.")
    (pool,) = (each for each in health.pools if each.name == namespace)
    assert (pool.nodes, pool.ready, pool.wanted, pool.pressure) == (2, 2, (2, 2), [])
    assert list(health.looked_at) == list(Area)
    checks = re.fullmatch(r"v1\.36\.\d+, readyz (\d\d) of \1, livez (\d\d) of \2", health.looked_at[Area.API_SERVER])
    assert checks, health.looked_at
    assert health.requests < 30


def test_a_check_of_the_api_servers_that_fails_is_named(examined: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server itself is asked for one of its checks alone that there is not, which it says is not well."""
    monkeypatch.setattr("automation.health.api_server._PROBES", ("/readyz/no-such",))
    assert about(examined(), "/readyz/no-such") != []


def test_nodes_that_are_lost_too_few_or_short_of_something(
    examined: Examine, api: Api, namespace: str, nodes: list[str]
) -> None:
    for name in nodes:
        api.merge(f"/api/v1/nodes/{name}", {"metadata": {"labels": {NODE_POOL_LABEL: namespace}}})
    wanted = Expected({namespace: (3, 5), f"{namespace}-other": (0, 4)}, {})
    told(examined, namespace, Severity.FAILED, "2 nodes of at least 3 that are wanted", expected=wanted)
    assert about(examined(wanted), f"{namespace}-other") == []

    api.merge(f"/api/v1/nodes/{nodes[0]}", {"metadata": {"labels": {NODE_LABEL[0]: None}}})
    said = told(examined, namespace, Severity.FAILED, "1 node not ready", expected=wanted)
    assert nodes[0] in said
    assert "NodeStatusUnknown" in said
    api.merge(f"/api/v1/nodes/{nodes[0]}", {"metadata": {"labels": {NODE_LABEL[0]: NODE_LABEL[1]}}})

    condition = {"type": "KernelDeadlock", "status": "True", "reason": "DockerHung", "message": "a task hung"}
    patch = {"status": {"conditions": [condition]}}
    headers = {"Content-Type": "application/strategic-merge-patch+json"}
    api.request("PATCH", f"/api/v1/nodes/{nodes[1]}/status", patch, **headers)
    api.merge(f"/api/v1/nodes/{nodes[1]}", {"spec": {"unschedulable": True}})
    assert nodes[1] in told(examined, namespace, Severity.WARNING, "KernelDeadlock on 1 node", "a task hung")
    assert nodes[1] in told(examined, namespace, Severity.NOTE, "1 node cordoned")


@pytest.mark.parametrize(
    ("version", "level", "words"),
    [
        ("v1.37.0", Severity.FAILED, "1.36 takes 1.33 to 1.36"),
        ("v1.32.9", Severity.FAILED, "v1.32.9"),
        ("v1.35.1", Severity.NOTE, "1 minor version behind"),
    ],
)
def test_a_kubelet_that_the_api_server_is_not_made_for(
    examined: Examine, api: Api, namespace: str, version: str, level: Severity, words: str
) -> None:
    manifest = node(namespace, {NODE_POOL_LABEL: namespace})
    manifest["metadata"]["annotations"][KUBELET_ANNOTATION] = version
    api.apply(manifest)
    try:
        told(examined, namespace, level, words)
    finally:
        api.delete(f"/api/v1/nodes/{namespace}")


@pytest.mark.usefixtures("nodes")
def test_a_pod_without_room_is_the_clusters_fault_in_a_tenant_too(examined: Examine, api: Api, namespace: str) -> None:
    make_tenant(api, namespace)
    api.apply(deployment(namespace, "web", replicas=2, nodeSelector={"pool": "nowhere"}))
    said = told(examined, f"{namespace}/Deployment/web", Severity.FAILED, "0 of 2 available", "waits for room")
    assert "node affinity/selector" in said
    assert "preemption" not in said
    api.apply(pod(namespace, "alone", nodeSelector={"pool": "nowhere"}))
    told(examined, f"{namespace}/Pod/alone", Severity.FAILED, "1 pod: waits for room")


@pytest.mark.usefixtures("nodes")
def test_pods_that_crash_are_a_failure_and_in_a_tenant_a_warning(examined: Examine, api: Api, namespace: str) -> None:
    manifest = deployment(namespace, "web", replicas=2, nodeSelector={"pool": namespace})
    manifest["spec"]["template"]["metadata"]["annotations"]["polykube.dev/rehearse"] = "crash"
    api.apply(manifest)
    subject = f"{namespace}/Deployment/web"
    told(examined, subject, Severity.FAILED, "0 of 2 available", "main: CrashLoopBackOff, it ends again and again")
    make_tenant(api, namespace)
    told(examined, subject, Severity.WARNING, "CrashLoopBackOff")


@pytest.mark.usefixtures("nodes")
def test_a_pod_that_is_on_its_way_is_a_note(examined: Examine, api: Api, namespace: str) -> None:
    manifest = deployment(namespace, "web", nodeSelector={"pool": namespace})
    manifest["spec"]["template"]["metadata"]["annotations"]["polykube.dev/rehearse"] = "unready"
    api.apply(manifest)
    told(examined, f"{namespace}/Deployment/web", Severity.NOTE, "0 of 1 available: main not ready")


@pytest.mark.usefixtures("nodes")
def test_the_jobs_of_a_cron_job_are_told_as_one(examined: Examine, api: Api, namespace: str) -> None:
    for minutes in ("29384756", "29384757"):
        manifest = job(namespace, f"nightly-{minutes}", "crash", backoffLimit=0)
        manifest["spec"]["template"]["spec"]["nodeSelector"] = {"pool": namespace}
        api.apply(manifest)
    told(examined, f"{namespace}/CronJob/nightly", Severity.WARNING, "2 pods: main: Error (exit code 1)")


@pytest.mark.usefixtures("nodes")
def test_a_quota_at_its_bound_and_who_waits_for_it(examined: Examine, api: Api, namespace: str) -> None:
    quota = {"pods": "2", "services.loadbalancers": "0", "configmaps": "50"}
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    api.post(path, {"metadata": {"name": "bound"}, "spec": {"hard": quota}})
    api.until(f"{path}/bound", lambda it: it["status"].get("hard"))
    here = {"pool": namespace}
    api.apply(deployment(namespace, "web", replicas=3, nodeSelector=here))
    assert told(examined, f"{namespace}/ResourceQuota/bound", Severity.WARNING) == "at its bound: pods 2 of 2"
    words = "2 of 3 available: the quota bound has no room: requested: pods=1, used: pods=2, limited: pods=2"
    told(examined, f"{namespace}/Deployment/web", Severity.WARNING, words)
    stateful = deployment(namespace, "db", nodeSelector=here) | {"kind": "StatefulSet"}
    stateful["spec"]["serviceName"] = "db"
    api.apply(stateful)
    told(examined, f"{namespace}/StatefulSet/db", Severity.FAILED, "0 of 1 available: the quota bound has no room")


@pytest.mark.parametrize(
    ("named", "words"),
    [("no-such", "no volume: there is no StorageClass no-such"), (None, "the cluster has no default one")],
)
def test_a_claim_without_a_volume(examined: Examine, api: Api, namespace: str, named: str | None, words: str) -> None:
    make_tenant(api, namespace)
    spec: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = {"metadata": {"name": "data"}, "spec": spec | ({"storageClassName": named} if named else {})}
    api.post(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", claim)
    told(examined, f"{namespace}/PersistentVolumeClaim/data", Severity.FAILED, words)


def test_a_claim_that_waits_for_its_first_pod_is_well(examined: Examine, api: Api, namespace: str) -> None:
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": namespace}}
    api.apply(kind | {"provisioner": "example.test/none", "volumeBindingMode": "WaitForFirstConsumer"})
    spec: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    try:
        api.post(path, {"metadata": {"name": "data"}, "spec": spec | {"storageClassName": namespace}})
        assert about(examined(), f"{namespace}/PersistentVolumeClaim/data") == []
    finally:
        api.delete(f"/apis/storage.k8s.io/v1/storageclasses/{namespace}")


@pytest.fixture
def webhook(api: Api, namespace: str) -> Iterator[Callable[[str], None]]:
    """What makes a webhook in the test's namespace with a failure policy; it is about no object that anybody makes."""
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"

    def make(policy: str) -> None:
        hook = {
            "name": "hook.example.test",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": policy,
            "clientConfig": {"service": {"namespace": namespace, "name": "hook"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [
                {"apiGroups": ["example.test"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["*"]}
            ],
        }
        api.post(path, {"metadata": {"name": namespace}, "webhooks": [hook]})

    yield make
    api.delete(f"{path}/{namespace}")


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize(("policy", "level"), [("Fail", Severity.FAILED), ("Ignore", Severity.WARNING)])
def test_a_webhook_that_nothing_answers(
    examined: Examine, api: Api, namespace: str, webhook: Callable[[str], None], *, policy: str, level: Severity
) -> None:
    webhook(policy)
    subject = f"{namespace}/Service/hook"
    told(examined, subject, level, "it has no ready endpoint", f"ValidatingWebhookConfiguration/{namespace}")
    ports = [{"port": 443, "targetPort": 8443}]
    api.post(
        f"/api/v1/namespaces/{namespace}/services",
        {"metadata": {"name": "hook"}, "spec": {"selector": {"app": "hook"}, "ports": ports}},
    )
    api.apply(deployment(namespace, "hook", nodeSelector={"pool": namespace}))
    eventually(lambda: about(examined(), subject) == [], what="an endpoint")


def test_an_add_on_is_held_to_what_it_says(examined: Examine, api: Api, namespace: str) -> None:
    checks: list[Check] = [*deployments(namespace, "there", "gone"), Answers(namespace, "hook")]
    api.apply(deployment(namespace, "there", replicas=0))
    expected = Expected({}, {"monitoring": checks})
    told(examined, "monitoring", Severity.FAILED, f"{namespace}/Deployment/gone is not there", expected=expected)
    told(
        examined, "monitoring", Severity.FAILED, f"{namespace}/Deployment/there is scaled to no pod", expected=expected
    )
    told(examined, f"{namespace}/Service/hook", Severity.FAILED, "the add-on monitoring", expected=expected)


@pytest.fixture
def velero(api: Api) -> Iterator[None]:
    with defined(api, "velero.io", "v1", "Backup", "Schedule", "BackupStorageLocation"):
        yield


def stamp(**ago: int) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def made(namespace: str, name: str, phase: str, began: str) -> Object:
    labels = {"velero.io/schedule-name": "everything"}
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Backup",
        "metadata": metadata,
        "status": {"phase": phase, "startTimestamp": began},
    }


@pytest.mark.usefixtures("velero")
def test_a_backup_that_is_too_old_or_none(examined: Examine, api: Api, namespace: str) -> None:
    expected = Expected({}, {"backup": [BackedUp(namespace, "everything", "0 7 * * *")]})
    told(examined, "everything", Severity.FAILED, "there is no such Schedule", expected=expected)
    api.apply(
        {"apiVersion": "velero.io/v1", "kind": "Schedule", "metadata": {"name": "everything", "namespace": namespace}}
    )
    assert about(examined(expected), "everything") == [], "there need not be one before the first run"

    api.apply(
        made(namespace, "old", "Completed", stamp(days=3)), made(namespace, "broken", "PartiallyFailed", stamp(hours=3))
    )
    words = "the newest whole backup is of 3 days ago; it should be of 2 days at most"
    assert words in told(examined, "everything", Severity.FAILED, expected=expected)
    api.apply(made(namespace, "newer", "Completed", stamp(hours=30)))
    told(
        examined,
        "everything",
        Severity.WARNING,
        "the newest backup, broken, ended as PartiallyFailed",
        expected=expected,
    )
    api.apply(made(namespace, "newest", "Completed", stamp(hours=2)))
    assert about(examined(expected), "everything") == []

    store = {
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": {"name": "default", "namespace": namespace},
    }
    api.apply(store | {"status": {"phase": "Unavailable"}})
    told(examined, "default", Severity.FAILED, "the store does not answer", expected=expected)


@pytest.fixture
def cert_manager(api: Api) -> Iterator[None]:
    with defined(api, "cert-manager.io", "v1", "Certificate"):
        yield


@pytest.mark.usefixtures("cert_manager")
def test_certificates_that_have_ended_are_about_to_or_are_not_issued(
    examined: Examine, api: Api, namespace: str
) -> None:
    ready, unready = (
        {"type": "Ready", "status": each, "reason": "Pending", "message": "no issuer"} for each in ("True", "False")
    )
    states: Mapping[str, Any] = {
        "ended": {"notAfter": stamp(days=1), "conditions": [ready]},
        "soon": {"notAfter": stamp(days=-3, hours=-1), "conditions": [ready]},
        "well": {"notAfter": stamp(days=-60), "conditions": [ready]},
        "never": {"conditions": [unready]},
    }
    for name, status in states.items():
        metadata = {"name": name, "namespace": namespace}
        api.apply({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": metadata, "status": status})
    now = datetime.now(UTC)
    own = [
        Certificate("authority", now + timedelta(days=20), renewed=False),
        Certificate("renewed", now + timedelta(days=20), renewed=True),
    ]
    health = examined(Expected({}, {"cert-manager": [CertificatesHold()]}, own))
    said = {
        each.subject.rpartition("/")[2]: (each.level, each.message)
        for each in health.findings
        if each.area is Area.CERTIFICATES
    }
    assert said == {
        "ended": (Severity.FAILED, "it has ended"),
        "soon": (Severity.WARNING, "it ends in 3 days"),
        "never": (Severity.FAILED, "not issued: Pending, no issuer"),
        "authority": (Severity.WARNING, "it ends in 19 days; nothing renews it"),
    }


def test_a_deprecated_api_that_somebody_asks_for(examined: Examine, api: Api, namespace: str) -> None:
    group = f"{namespace}.example.test"
    with defined(api, group, "v1alpha1", "Thing", deprecated=True):
        api.list(f"/apis/{group}/v1alpha1/things")
        told(examined, f"things.{group}/v1alpha1", Severity.NOTE, "it is deprecated")


def test_what_may_not_be_read_is_told_and_hides_nothing_else(
    control_plane: ControlPlane, api: Api, namespace: str
) -> None:
    """Somebody who may read the nodes alone."""
    name = {"name": namespace}
    group = "rbac.authorization.k8s.io"
    api.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name | {"namespace": namespace}},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": name,
            "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": name,
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": namespace},
            "subjects": [{"kind": "ServiceAccount", "name": namespace, "namespace": namespace}],
        },
    )
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{namespace}/token"
    token = api.post(path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})["status"][
        "token"
    ]
    config = KubeConfig.from_file(str(control_plane.kubeconfig)).get()
    assert config
    authority = base64.b64encode(Api.authority(control_plane.kubeconfig).encode()).decode()
    theirs = KubeConfig.from_one(
        cluster=type(config.cluster)(server=config.cluster.server, certificate_auth_data=authority),
        user=type(config.user)(token=token) if config.user else None,
    )
    try:
        health = examine("dev", "local", theirs, NOTHING)
    finally:
        for kind in ("clusterroles", "clusterrolebindings"):
            api.delete(f"/apis/{group}/v1/{kind}/{namespace}")
    refused = {
        each.area for each in health.findings if each.level is Severity.WARNING and "cannot list" in each.message
    }
    assert {Area.WORKLOADS, Area.CLAIMS, Area.QUOTAS, Area.WEBHOOKS} <= refused
    assert "ready" in health.looked_at[Area.NODES]


def test_a_cluster_that_is_not_there_is_an_error(control_plane: ControlPlane) -> None:
    config = KubeConfig.from_file(str(control_plane.kubeconfig))
    next(iter(config.clusters.values())).server = "https://127.0.0.1:1"
    with pytest.raises(HealthError, match=r"PK941.*does not answer"):
        examine("dev", "local", config, NOTHING)


def test_the_worst_comes_first(examined: Examine) -> None:
    levels = [list(Severity).index(each.level) for each in examined().findings]
    assert levels == sorted(levels)
    finding = Symptom(Severity.FAILED, Area.NODES, "a", "b")
    assert not Health("dev", "local", "v1", [], {}, [finding], 1, 0.1).healthy
