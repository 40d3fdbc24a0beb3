"""Patch resources change fields of objects that belong to others, and give them back.

Guards against a patch that owns more than it changes, or that deletes the object it was to change.
"""

import pytest

from rehearsal.providers.base import InitializationFailed, ProviderError
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from tests.rehearsal.kubernetes.conftest import ConfigMap
from tests.rehearsal.kubernetes.resource import Resource, managers
from tests.support.api import Api
from tests.support.objects import deployment


@pytest.fixture
def patch(provider: KubernetesStandIn) -> Resource:
    """A Patch resource that has done nothing yet."""
    return Resource(provider, patch=True)


def test_a_patch_adds_its_fields_and_takes_them_away_again(patch: Resource, config_map: ConfigMap, api: Api) -> None:
    api.apply(config_map({"a": "theirs"}))
    live = patch.apply(config_map({"b": "ours"}))
    assert live["data"] == {"a": "theirs", "b": "ours"}
    assert managers(live) == {"tests": "Apply", live["__fieldManager"]: "Apply"}
    assert not patch.diff(config_map({"b": "ours"})).detailed
    patch.delete()
    assert api.get(api.path(live))["data"] == {"a": "theirs"}


def test_a_patch_previews_its_inputs(patch: Resource, config_map: ConfigMap, api: Api) -> None:
    api.apply(config_map({"a": "theirs"}))
    assert patch.preview(config_map({"b": "ours"})) == config_map({"b": "ours"})


def test_a_patch_creates_an_object_that_is_missing(patch: Resource, config_map: ConfigMap, api: Api) -> None:
    live = patch.apply(config_map({"a": "1"}))
    assert api.get(api.path(live))["data"] == {"a": "1"}


def test_an_update_of_a_patch_leaves_other_managers_alone(patch: Resource, config_map: ConfigMap, api: Api) -> None:
    path = api.path(config_map())
    api.post(path.rpartition("/")[0] + "?fieldManager=kubectl-create", config_map({"a": "theirs"}))
    patch.apply(config_map({"b": "1"}))
    live = patch.apply(config_map({"b": "2"}))
    assert managers(live) == {"kubectl-create": "Update", live["__fieldManager"]: "Apply"}


def test_a_patch_of_a_foreign_field_is_a_conflict(patch: Resource, config_map: ConfigMap, api: Api) -> None:
    api.apply(config_map({"a": "theirs"}))
    patch.apply(config_map({"b": "ours"}))
    with pytest.raises(InitializationFailed, match=r'conflict with "tests".*\.data\.a'):
        patch.apply(config_map({"a": "ours"}))


def test_a_patch_that_alone_holds_a_required_field_cannot_be_deleted(patch: Resource, namespace: str, api: Api) -> None:
    obj = deployment(namespace, "subject", replicas=0)
    api.apply(obj)
    template = {"spec": {"containers": [{"name": "main", "image": "example.test/other:1"}]}}
    annotations = {"pulumi.com/patchForce": "true", "pulumi.com/skipAwait": "true"}
    metadata = {"name": "subject", "namespace": namespace, "annotations": annotations}
    patch.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}})
    del obj["spec"]["template"]["spec"]["containers"][0]["image"]
    api.apply(obj)
    with pytest.raises(ProviderError, match=r"containers\[0\]\.image.*retainOnDelete"):
        patch.delete()
