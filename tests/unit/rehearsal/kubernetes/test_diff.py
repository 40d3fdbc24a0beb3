"""What a change of inputs means: which properties differ, and which of them replace the object.

Guards against previews that show drift as a change, replacements of what could be updated (or the other way
round, which the API server then refuses), and objects that are created before their namesake is gone.
"""

from typing import Any

import pytest

from common.wire import UNKNOWN, SecretValue
from rehearsal.providers.base import ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE
from rehearsal.providers.kubernetes.objects import Object
from tests.unit.rehearsal.kubernetes.support import config_map, custom, deployment, difference, pod_spec

MUTABLE = {"kubernetes:config:enableConfigMapMutable": "true", "kubernetes:config:enableSecretMutable": "true"}
ON, OFF = pytest.param(MUTABLE, id="mutable"), pytest.param({}, id="not mutable")

CHANGES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "nothing": ({"a": [1, {"b": "c"}]}, {"a": [1, {"b": "c"}]}, {}),
    "a value": ({"a": 1}, {"a": 2}, {"spec.a": UPDATE}),
    "a type": ({"a": 1}, {"a": True}, {"spec.a": UPDATE}),
    "another type": ({"a": {"b": 1}}, {"a": [1]}, {"spec.a": UPDATE}),
    "a new value": ({}, {"a": 1}, {"spec.a": ADD}),
    "a new map": ({}, {"a": {"b": {"c": 1}}}, {"spec.a": ADD}),
    "a lost value": ({"a": 1, "b": 2}, {"b": 2}, {"spec.a": DELETE}),
    "a null": ({"a": 1}, {"a": None}, {"spec.a": DELETE}),
    "a null that is new": ({}, {"a": None}, {"spec.a": DELETE}),
    "a new item": ({"a": [1]}, {"a": [1, 2]}, {"spec.a[1]": ADD}),
    "a lost item": ({"a": [1, 2]}, {"a": [1]}, {"spec.a[1]": DELETE}),
    "a value in an item": ({"a": [{"b": 1, "c": 1}]}, {"a": [{"b": 2, "c": 1}]}, {"spec.a[0].b": UPDATE}),
    "a lost value in an item": ({"a": [{"b": 1, "c": 1}]}, {"a": [{"c": 1}]}, {"spec.a[0].b": DELETE}),
    "a key with dots": ({"a.b/c": 1}, {"a.b/c": 2}, {'spec["a.b/c"]': UPDATE}),
    "a key with quotes": ({'a"b.': 1}, {'a"b.': 2}, {'spec["a\\"b."]': UPDATE}),
    "an unknown value": ({"a": 1, "b": []}, {"a": UNKNOWN, "b": UNKNOWN}, {"spec.a": UPDATE, "spec.b": UPDATE}),
    "an unknown new value": ({}, {"a": UNKNOWN}, {"spec.a": ADD}),
    "an unknown map": ({"a": {"b": 1, "c": {"d": 2}}}, {"a": UNKNOWN}, {"spec.a.b": DELETE, "spec.a.c": DELETE}),
    "a secret": ({"a": "x"}, {"a": SecretValue("y")}, {"spec.a": UPDATE}),
    "a secret of the same value": ({"a": "x"}, {"a": SecretValue("x")}, {}),
}


@pytest.mark.parametrize("case", CHANGES)
def test_every_difference_is_named_by_its_path(case: str) -> None:
    old, new, expected = CHANGES[case]
    assert difference(custom(old), custom(new)).detailed == expected


def test_only_a_removal_is_a_difference_of_inputs() -> None:
    result = difference(custom({"a": 1, "b": 1, "d": 1}), custom({"b": 2, "c": 1}))
    assert result.input_paths == frozenset({"spec.a", "spec.d"})


def test_what_the_cluster_added_is_no_difference() -> None:
    live = deployment(replicas=1, revisionHistoryLimit=10) | {"status": {"replicas": 1}}
    live["metadata"] = {**live["metadata"], "uid": "u", "resourceVersion": "7", "generation": 1, "labels": {"x": "y"}}
    assert not difference(deployment(), deployment(), live).detailed


def test_what_the_cluster_changed_is_a_difference_once_it_is_recorded() -> None:
    assert difference(config_map({"a": "1"}), config_map({"a": "1"}), config_map({"a": "2"})).detailed == {
        "data.a": UPDATE_REPLACE
    }


def test_an_input_that_the_server_dropped_is_added_again_every_time() -> None:
    assert difference(custom({"a": 1, "gone": 1}), custom({"a": 1, "gone": 1}), custom({"a": 1})).detailed == {
        "spec.gone": ADD
    }


def test_the_default_namespace_is_no_difference_to_none() -> None:
    without = config_map() | {"metadata": {"name": "subject"}}
    assert not difference(without, config_map(namespace="default")).detailed


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        ("spec.a", {"spec.b[0].c"}),
        ("spec.b", {"spec.a"}),
        ("spec.b[0]", {"spec.a"}),
        ("spec.b[1]", {"spec.a", "spec.b[0].c"}),
        ("spec.b[*].c", {"spec.a"}),
        ('spec["a"]', {"spec.b[0].c"}),
        ("spec", set()),
    ],
)
def test_ignored_changes_are_left_out(ignored: str, left: set[str]) -> None:
    old, new = custom({"a": 1, "b": [{"c": 1}]}), custom({"a": 2, "b": [{"c": 2}]})
    assert set(difference(old, new, ignore=(ignored,)).detailed) == left


def _object(kind: str, body: Object) -> Object:
    """An object with `body` as its spec, or with the parts that `body` has beside it."""
    api_version, _, kind = kind.rpartition("/")
    parts = body if body.keys() & {"roleRef", "provisioner"} else {"spec": body}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "subject", "namespace": "ns"}, **parts}


def _labelled(app: str) -> Object:
    return {"selector": {"matchLabels": {"app": app}}}


def _role(name: str) -> Object:
    return {"roleRef": {"kind": "Role", "name": name}}


TWO: Object = {"containers": [{"name": "main", "image": "example.test/main:1"}, {"name": "more", "image": "i"}]}
VOLUME: Object = {"volumes": [{"name": "a", "emptyDir": {}}]}
CRD = "apiextensions.k8s.io/v1/CustomResourceDefinition"
BINDING = "rbac.authorization.k8s.io/v1/RoleBinding"

REPLACING: list[tuple[str, Object, Object, str]] = [
    ("apps/v1/Deployment", _labelled("a"), _labelled("b"), "spec.selector.matchLabels.app"),
    ("apps/v1/DaemonSet", _labelled("a"), _labelled("b"), "spec.selector.matchLabels.app"),
    ("apps/v1/StatefulSet", {}, {"volumeClaimTemplates": [{"metadata": {"name": "a"}}]}, "spec.volumeClaimTemplates"),
    ("apps/v1/StatefulSet", {"serviceName": "a"}, {"serviceName": "b"}, "spec.serviceName"),
    ("batch/v1/Job", {"template": {"spec": pod_spec()}}, {"template": {"spec": {}}}, "spec.template.spec.containers"),
    ("v1/Pod", pod_spec(), pod_spec(image="new"), "spec.containers[0].image"),
    ("v1/Pod", pod_spec(), pod_spec() | VOLUME, "spec.volumes"),
    ("v1/Pod", pod_spec(), TWO, "spec.containers[1]"),
    ("v1/PersistentVolumeClaim", {"storageClassName": "a"}, {"storageClassName": "b"}, "spec.storageClassName"),
    ("v1/PersistentVolume", {"csi": {"driver": "a"}}, {"csi": {"driver": "b"}}, "spec.csi.driver"),
    ("v1/ResourceQuota", {"scopes": ["a"]}, {"scopes": ["b"]}, "spec.scopes[0]"),
    ("v1/Service", {"clusterIP": "None"}, {"clusterIP": "10.0.0.1"}, "spec.clusterIP"),
    (BINDING, _role("a"), _role("b"), "roleRef.name"),
    ("storage.k8s.io/v1/StorageClass", {"provisioner": "a"}, {"provisioner": "b"}, "provisioner"),
]
UPDATING: list[tuple[str, Object, Object]] = [
    ("apps/v1/Deployment", {"template": {"spec": pod_spec()}}, {"template": {"spec": pod_spec(image="new")}}),
    ("apps/v1/StatefulSet", {"replicas": 1}, {"replicas": 2}),
    ("batch/v1/Job", {"backoffLimit": 1}, {"backoffLimit": 2}),
    ("v1/Pod", pod_spec(), pod_spec() | {"tolerations": [{"key": "a"}]}),
    ("v1/Pod", TWO, pod_spec()),
    ("v1/PersistentVolumeClaim", {"resources": {}}, {"resources": {"requests": {"storage": "2Gi"}}}),
    ("v1/Service", {"ports": [{"port": 80}]}, {"ports": [{"port": 81}]}),
    (CRD, {"group": "a"}, {"group": "b"}),
    ("example.test/v1/Widget", {"selector": "a"}, {"selector": "b"}),
]


@pytest.mark.parametrize(("kind", "old", "new", "path"), REPLACING)
def test_what_cannot_change_in_place_replaces(kind: str, old: Object, new: Object, path: str) -> None:
    assert difference(_object(kind, old), _object(kind, new)).replaces == [path]


@pytest.mark.parametrize(("kind", "old", "new"), UPDATING)
def test_what_can_change_in_place_does_not_replace(kind: str, old: Object, new: Object) -> None:
    result = difference(_object(kind, old), _object(kind, new))
    assert result.detailed
    assert not result.replaces


def test_another_version_of_the_api_is_an_update() -> None:
    assert difference(custom({}), custom({}) | {"apiVersion": "example.test/v2"}).detailed == {"apiVersion": UPDATE}


@pytest.mark.parametrize("key", ["name", "namespace"])
@pytest.mark.parametrize("patch", [False, True])
def test_another_identity_replaces_patches_too(key: str, *, patch: bool) -> None:
    assert difference(config_map(), config_map({"a": "1"}, **{key: "other"}), patch=patch).replaces == [
        f"metadata.{key}"
    ]


def test_a_patch_replaces_for_nothing_else() -> None:
    result = difference(config_map({"a": "1"}), config_map({"a": "2"}), patch=True)
    assert result.detailed == {"data.a": UPDATE}


@pytest.mark.parametrize(("options", "replaces"), [(MUTABLE, False), ({}, True)])
@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_data_replaces_unless_the_provider_lets_it_change(kind: str, options: Any, *, replaces: bool) -> None:
    old, new = (config_map({"a": value}) | {"kind": kind} for value in ("MQ==", "Mg=="))
    assert bool(difference(old, new, **options).replaces) is replaces


@pytest.mark.parametrize("options", [ON, OFF])
@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_data_of_an_immutable_object_always_replaces(kind: str, options: Any) -> None:
    old, new = (config_map({"a": value}) | {"kind": kind, "immutable": True} for value in ("MQ==", "Mg=="))
    assert difference(old, new, **options).replaces == ["data.a"]


@pytest.mark.parametrize("options", [ON, OFF])
def test_the_type_of_a_secret_always_replaces(options: Any) -> None:
    secret = config_map({}) | {"kind": "Secret"}
    assert difference(secret | {"type": "a/b"}, secret | {"type": "c/d"}, **options).replaces == ["type"]


def test_an_unknown_value_replaces_where_a_known_one_would() -> None:
    assert difference(deployment(), deployment(selector=UNKNOWN)).detailed == {
        "spec.selector.matchLabels": DELETE_REPLACE
    }
    without = {key: value for key, value in config_map().items() if key != "data"}
    assert difference(without, config_map() | {"data": UNKNOWN}).detailed == {"data": ADD_REPLACE}


@pytest.mark.parametrize(
    ("metadata", "first"),
    [
        pytest.param({}, True, id="the same name is free only after the delete"),
        pytest.param({"name": "other"}, False, id="another name"),
        pytest.param({"namespace": "other"}, False, id="another namespace"),
        pytest.param({"annotations": {"pulumi.com/autonamed": "true"}}, False, id="a generated name"),
    ],
)
def test_an_object_is_deleted_first_only_where_its_name_is_needed(metadata: Any, *, first: bool) -> None:
    result = difference(config_map({"a": "1"}), config_map({"a": "2"}, **metadata))
    assert result.replaces
    assert result.delete_before_replace is first
