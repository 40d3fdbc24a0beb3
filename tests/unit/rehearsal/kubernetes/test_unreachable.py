"""Without a cluster, what needs none still works, and the rest says why it does not.

Guards against a preview that fails because the cluster is not there yet, a destroy that gets stuck on a
cluster that is gone for good, and names or namespaces that change once it can be reached.
"""

import json
from typing import Any

import pytest

from common.wire import Properties, SecretValue, plain
from rehearsal.providers.base import NotModelled, ProviderError, Request
from rehearsal.providers.kubernetes.objects import Object
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from rehearsal.providers.kubernetes.recorded_state import to_state
from tests.unit.rehearsal.kubernetes.support import config_map, custom, deployment, urn

NOWHERE = json.dumps(
    {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "of-context"}}],
        "current-context": "c",
    }
)
CLUSTER_ROLE: Object = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {}}
MANIFESTS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {since: 2026-11-21}
---
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
"""
CRD: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.test"},
    "spec": {"group": "example.test", "scope": "Cluster", "names": {"kind": "Widget", "plural": "widgets"}},
}


def _provider(kubeconfig: str = NOWHERE, **options: str) -> KubernetesStandIn:
    provider = KubernetesStandIn()
    variables = {"kubeconfig": kubeconfig} | options
    provider.configure({f"kubernetes:config:{name}": value for name, value in variables.items()})
    return provider


def _checked(provider: KubernetesStandIn, obj: Object, old: Object | None = None, **request: Any) -> Properties:
    inputs, failures = provider.check(Request(urn=urn(obj), inputs=obj, old_inputs=old or {}, seed=b"seed", **request))
    assert not list(failures)
    return inputs


def _stored(obj: Object) -> Request:
    state = to_state(obj, obj, {}, obj["apiVersion"], "pulumi-kubernetes-test")
    return Request(urn=urn(obj), id="ns/subject", inputs=obj, old_inputs=obj, state=state)


def test_an_object_without_a_name_gets_one_from_the_seed_and_keeps_it() -> None:
    obj = config_map() | {"metadata": {"namespace": "ns"}}
    first = _checked(_provider(), obj)
    name = first["metadata"]["name"]
    assert name.startswith("subject-")
    assert len(name) == len("subject-") + 8
    assert first["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert _checked(_provider(), obj) == first
    assert _checked(_provider(), obj, old=first) == first


def test_an_explicit_name_that_is_removed_is_not_made_up_before_the_replacement() -> None:
    obj = config_map() | {"metadata": {"namespace": "ns"}}
    assert "name" not in _checked(_provider(), obj, old=config_map())["metadata"]


@pytest.mark.parametrize(
    ("kubeconfig", "options", "namespace"),
    [
        (NOWHERE, {}, "of-context"),
        (NOWHERE.replace(', "namespace": "of-context"', ""), {}, "default"),
        (NOWHERE, {"namespace": "of-option"}, "of-option"),
        ("hello", {"namespace": "of-option"}, "of-option"),
        ("hello", {}, None),
    ],
)
def test_an_object_without_a_namespace_gets_the_default_one(kubeconfig: str, options: Any, namespace: Any) -> None:
    obj = config_map() | {"metadata": {"name": "a"}}
    assert _checked(_provider(kubeconfig, **options), obj)["metadata"].get("namespace") == namespace


def test_what_has_no_namespace_gets_none_and_unknown_kinds_count_as_if_they_had() -> None:
    provider, widget = _provider(), custom({}) | {"metadata": {"name": "a"}}
    assert "namespace" not in _checked(provider, CLUSTER_ROLE)["metadata"]
    assert _checked(provider, widget)["metadata"]["namespace"] == "of-context"
    _checked(provider, CRD)
    assert "namespace" not in _checked(provider, widget)["metadata"]


def test_secret_inputs_stay_secret() -> None:
    assert _checked(_provider(), config_map({"a": SecretValue("b"), "c": "d"}))["data"] == {
        "a": SecretValue("b"),
        "c": "d",
    }


def test_the_managed_by_label_belongs_to_client_side_apply_and_stays_once_it_is_there() -> None:
    labelled = config_map(labels={"app.kubernetes.io/managed-by": "pulumi"})
    assert "labels" not in _checked(_provider(), config_map())["metadata"]
    assert _checked(_provider(enableServerSideApply="false"), config_map()) == labelled
    assert _checked(_provider(), config_map(), old=labelled) == labelled


@pytest.mark.parametrize(
    ("token", "obj", "reason"),
    [
        ("kubernetes:core/v1:ConfigMapList", {"apiVersion": "v1", "kind": "ConfigMapList"}, "list"),
        ("kubernetes:core/v1:ConfigMapPatch", config_map() | {"metadata": {}}, "metadata.name"),
        ("kubernetes:core/v1:ConfigMap", config_map() | {"metadata": {"generateName": "a-"}}, "generateName"),
        ("kubernetes:nogroup:Widget", custom({}), "group/version"),
        ("kubernetes:helm.sh/v3:Release", {"chart": "c"}, "does not model"),
    ],
)
def test_what_cannot_be_a_resource_is_refused(token: str, obj: Object, reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        _provider().check(Request(urn=f"urn:pulumi:dev::test::{token}::subject", inputs=obj))


def test_a_custom_kind_may_be_called_list_or_patch() -> None:
    for kind in ("AllowList", "DiskPatch"):
        assert _checked(_provider(), custom({"a": 1}) | {"kind": kind})["spec"] == {"a": 1}


def test_a_preview_goes_on_from_the_inputs() -> None:
    provider, obj = _provider(), config_map()
    assert provider.create(Request(urn=urn(obj), inputs=obj, preview=True)).outputs == obj
    assert provider.update(Request(urn=urn(obj), id="ns/subject", inputs=obj, preview=True)).outputs == obj
    changed = Request(**{**_stored(deployment()).__dict__, "inputs": deployment(replicas=2)})
    assert set(provider.diff(changed).detailed) == {"spec.replicas"}


@pytest.mark.parametrize("operation", ["create", "read", "update", "delete"])
def test_whatever_has_to_touch_the_cluster_fails_and_names_the_reason(operation: str) -> None:
    with pytest.raises(ProviderError, match=r"unreachable.*127\.0\.0\.1"):
        getattr(_provider(), operation)(_stored(config_map()))


def test_resources_of_a_cluster_that_is_gone_can_be_dropped() -> None:
    provider = _provider(deleteUnreachable="true")
    assert provider.read(_stored(config_map())).id == ""
    provider.delete(_stored(config_map()))


def test_a_failed_read_or_delete_says_how_to_drop_the_resource() -> None:
    for operation in ("read", "delete"):
        with pytest.raises(ProviderError, match="PULUMI_K8S_DELETE_UNREACHABLE=true"):
            getattr(_provider(), operation)(_stored(config_map()))


def test_updates_of_an_unreachable_cluster_can_be_skipped_but_deletes_cannot() -> None:
    provider, old, new = _provider(skipUpdateUnreachable="true"), config_map({"a": "1"}), config_map({"a": "2"})
    assert _checked(provider, new, old=old) == old
    read = provider.read(_stored(old))
    assert (read.id, plain(read.outputs)["data"]) == ("ns/subject", {"a": "1"})
    with pytest.raises(ProviderError, match="unreachable"):
        provider.delete(_stored(old))


def test_manifests_are_decoded_without_a_cluster() -> None:
    decoded = _provider().invoke("kubernetes:yaml:decode", {"text": MANIFESTS, "defaultNamespace": "ns"})
    assert decoded["result"][0]["data"] == {"since": "2026-11-21"}
    assert [(item["kind"], item.get("metadata")) for item in decoded["result"]] == [
        ("ConfigMap", {"name": "a", "namespace": "ns"}),
        ("ClusterRole", None),
    ]


@pytest.mark.parametrize("token", ["kubernetes:helm:template", "kubernetes:kustomize:directory"])
def test_functions_that_are_not_modelled_name_the_official_plugin(token: str) -> None:
    with pytest.raises(NotModelled, match="official plugin"):
        _provider().invoke(token, {})
