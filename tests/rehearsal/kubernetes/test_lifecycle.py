"""Create, update and preview do to a real API server what the official provider does.

Guards against previews that change the cluster or promise what `up` cannot do, and against objects that exist
while the engine believes they do not.
"""

import re
import threading

import pytest

from common.quantity import parse
from common.wire import UNKNOWN, SecretValue, plain
from rehearsal.control_plane import ControlPlane
from rehearsal.providers.base import InitializationFailed, ProviderError
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from tests.rehearsal.kubernetes.conftest import ConfigMap
from tests.rehearsal.kubernetes.resource import Resource, configured, managers
from tests.support.api import Api, Object
from tests.support.objects import deployment
from tests.unit.common.test_quantity import CANONICAL

OWN_MANAGER = re.compile(r"pulumi-kubernetes-[0-9a-f]{8}")


def test_a_new_object_is_created_and_recorded_as_it_is(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    live = resource.apply(config_map({"a": "1"}))
    there = api.get(api.path(live))
    assert resource.id == f"{live['metadata']['namespace']}/subject"
    assert {key: live[key] for key in there} == there
    assert live["__inputs"] == config_map({"a": "1"})
    assert live["__initialApiVersion"] == "v1"
    assert OWN_MANAGER.fullmatch(live["__fieldManager"])
    assert managers(there) == {"pulumi-kubernetes": "Update"}


def test_a_preview_of_a_new_object_is_the_servers_dry_run(resource: Resource, api: Api, namespace: str) -> None:
    foretold = resource.preview(deployment(namespace, "subject"))
    assert foretold["spec"]["revisionHistoryLimit"] == 10
    assert foretold["metadata"]["uid"]
    assert "status" not in foretold
    assert api.find(f"/apis/apps/v1/namespaces/{namespace}/deployments/subject") is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"data": {"a": UNKNOWN}}, id="an unknown value"),
        pytest.param({"metadata": {"name": "subject", "namespace": "missing"}}, id="a missing namespace"),
        pytest.param({"apiVersion": "example.test/v1", "kind": "Missing"}, id="a missing kind"),
    ],
)
def test_a_preview_goes_on_from_the_inputs_where_the_server_cannot_tell(
    resource: Resource, config_map: ConfigMap, change: Object
) -> None:
    obj = config_map() | change
    assert resource.preview(obj) == obj


def test_a_preview_overlooks_that_the_name_is_taken_and_the_update_does_not(
    resource: Resource, config_map: ConfigMap, provider: KubernetesStandIn
) -> None:
    resource.apply(config_map())
    second = Resource(provider, "second")
    assert second.preview(config_map()) == config_map()
    with pytest.raises(ProviderError, match='configmaps "subject" already exists'):
        second.apply(config_map())


def test_a_refusal_of_the_server_fails_the_preview_with_its_reason(resource: Resource, config_map: ConfigMap) -> None:
    with pytest.raises(ProviderError, match="a lowercase RFC 1123 subdomain"):
        resource.preview(config_map(name="Not_A_Name"))


def test_a_preview_does_not_show_what_is_forbidden(
    control_plane: ControlPlane, config_map: ConfigMap, api: Api, namespace: str
) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": namespace}}
    api.apply(quota | {"spec": {"hard": {"configmaps": "1"}}})
    api.until(f"/api/v1/namespaces/{namespace}/resourcequotas/q", lambda q: q["status"].get("used"))
    resource = Resource(configured(control_plane.kubeconfig))
    assert resource.preview(config_map()) == config_map()
    with pytest.raises(ProviderError, match="exceeded quota"):
        resource.apply(config_map())


def test_a_second_preview_shows_no_change(resource: Resource, namespace: str) -> None:
    obj = deployment(namespace, "subject", replicas=0)
    obj["spec"]["template"]["spec"]["containers"][0] |= {
        "args": [],
        "env": [{"name": "A", "value": ""}],
        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
    }
    resource.apply(obj)
    assert not resource.diff(obj).detailed


def test_a_preview_of_an_update_is_the_servers_dry_run(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    before = resource.apply(config_map({"a": "1"}))
    foretold = resource.preview(config_map({"a": "1"}, labels={"x": "1"}))
    assert foretold["metadata"]["labels"] == {"x": "1"}
    there = api.get(api.path(before))
    assert there == {key: before[key] for key in there}


def test_upsert_changes_what_exists_and_creates_what_does_not(
    control_plane: ControlPlane, config_map: ConfigMap, api: Api
) -> None:
    api.post(api.path(config_map()).rpartition("/")[0], config_map({"b": "theirs"}))
    provider = configured(control_plane.kubeconfig, upsertExistingObjects=True)
    assert Resource(provider).apply(config_map({"a": "1"}))["data"] == {"a": "1", "b": "theirs"}
    new = Resource(provider, "new").apply(config_map({"a": "1"}, name="new"))
    assert managers(new) == {new["__fieldManager"]: "Apply"}


def test_without_server_side_apply_updates_keep_what_others_added(
    control_plane: ControlPlane, namespace: str, api: Api
) -> None:
    resource = Resource(configured(control_plane.kubeconfig, enableServerSideApply=False))
    obj = deployment(namespace, "subject", replicas=0)
    live = resource.apply(obj)
    assert live["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "pulumi"}
    injected = {"name": "injected", "image": "example.test/injected:1"}
    patch = {"spec": {"template": {"spec": {"containers": [*obj["spec"]["template"]["spec"]["containers"], injected]}}}}
    api.merge(api.path(live), patch)
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = "example.test/main:2"
    containers = resource.apply(obj)["spec"]["template"]["spec"]["containers"]
    assert {item["name"]: item["image"] for item in containers} == {
        "main": "example.test/main:2",
        "injected": "example.test/injected:1",
    }


def test_secrets_of_the_program_are_secret_in_the_state(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    live = resource.apply(config_map({"a": SecretValue("hush"), "b": "c"}))
    assert api.get(api.path(live))["data"] == {"a": "hush", "b": "c"}
    assert resource.state["data"] == {"a": SecretValue("hush"), "b": "c"}


def test_a_missing_namespace_is_waited_for(resource: Resource, config_map: ConfigMap, api: Api, namespace: str) -> None:
    late = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{namespace}-late"}}
    appears = threading.Timer(0.5, api.apply, [late])
    appears.start()
    try:
        assert resource.apply(config_map(namespace=f"{namespace}-late"))["metadata"]["uid"]
    finally:
        appears.join()
        api.delete(f"/api/v1/namespaces/{namespace}-late")


def test_a_kind_that_kubernetes_dropped_fails_at_once(resource: Resource, namespace: str) -> None:
    metadata = {"name": "old", "namespace": namespace}
    with pytest.raises(ProviderError, match="no matches for kind 'Ingress' in version 'extensions/v1beta1'"):
        resource.apply({"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": metadata})


@pytest.mark.parametrize("operation", ["preview", "apply"])
def test_an_update_that_the_server_refuses_keeps_new_inputs_and_live_object(
    resource: Resource, namespace: str, operation: str
) -> None:
    resource.apply(deployment(namespace, "subject", replicas=0))
    with pytest.raises(InitializationFailed, match=r"spec\.replicas: Invalid value: -1") as failed:
        getattr(resource, operation)(deployment(namespace, "subject", replicas=-1))
    kept = plain(failed.value.state.outputs)
    assert (kept["spec"]["replicas"], kept["__inputs"]["spec"]["replicas"]) == (0, -1)


def test_a_wrong_type_passes_the_check_and_is_refused_by_the_server(resource: Resource, namespace: str) -> None:
    obj = deployment(namespace, "subject")
    obj["spec"]["replicas"] = "many"
    assert resource.check(obj)["spec"]["replicas"] == "many"
    with pytest.raises(ProviderError, match="cannot unmarshal string into Go struct field DeploymentSpec"):
        resource.preview(obj)


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_data_changes_in_place_where_the_provider_allows_it(
    control_plane: ControlPlane, config_map: ConfigMap, kind: str
) -> None:
    options = {"enableConfigMapMutable": kind == "ConfigMap", "enableSecretMutable": kind == "Secret"}
    resource = Resource(configured(control_plane.kubeconfig, **options))
    before = resource.apply(config_map({"a": "MQ=="}) | {"kind": kind})
    changed = config_map({"a": "Mg=="}) | {"kind": kind}
    assert not resource.diff(changed).replaces
    after = resource.apply(changed)
    assert (after["data"], after["metadata"]["uid"]) == ({"a": "Mg=="}, before["metadata"]["uid"])


def test_deprecated_kinds_and_test_hooks_are_warned_of_unless_that_is_suppressed(
    control_plane: ControlPlane, config_map: ConfigMap, warnings: list[str]
) -> None:
    endpoints = config_map() | {"apiVersion": "batch/v1beta1", "kind": "CronJob"}
    hook = config_map(annotations={"helm.sh/hook": "test"})
    Resource(configured(control_plane.kubeconfig, suppressHelmHookWarnings=True)).check(hook)
    Resource(configured(control_plane.kubeconfig)).check(config_map(annotations={"helm.sh/hook": "pre-install"}))
    assert not warnings
    Resource(configured(control_plane.kubeconfig)).check(hook)
    assert [text.partition(": ")[2] for text in warnings] == [
        "a Helm test hook is created like any other object, but never run as a hook"
    ]
    Resource(configured(control_plane.kubeconfig)).check(endpoints)
    assert warnings[-1].endswith("Kubernetes 1.25 and later do not serve batch/v1beta1/CronJob; use batch/v1/CronJob")


def test_the_server_spells_quantities_as_we_do(api: Api, namespace: str) -> None:
    kept = [text for text in CANONICAL if parse(text).nanos >= 0 and parse(text).nanos % 10**6 == 0]  # it keeps milli
    limit = {"type": "Container", "max": {f"example.test/q{index}": text for index, text in enumerate(kept)}}
    metadata = {"name": "subject", "namespace": namespace}
    path = f"/api/v1/namespaces/{namespace}/limitranges?dryRun=All"
    obj = {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": [limit]}}
    answer = api.post(path, obj)["spec"]["limits"][0]["max"]
    assert answer == {f"example.test/q{index}": CANONICAL[text] for index, text in enumerate(kept)}
