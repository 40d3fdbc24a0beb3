"""Read sees what has become of an object: changed, gone, not ready, or never seen before.

Guards against a refresh that overlooks drift or takes what the cluster adds for it, and against imports
whose inputs change the object at the next update.
"""

import pytest

from rehearsal.providers.base import UPDATE_REPLACE, InitializationFailed
from tests.rehearsal.kubernetes.conftest import ConfigMap
from tests.rehearsal.kubernetes.resource import Resource
from tests.support.api import Api
from tests.support.objects import deployment


def test_a_refresh_sees_drift_and_only_in_what_the_program_asked_for(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    resource.apply(config_map({"a": "1"}))
    api.apply(config_map({"a": "theirs", "b": "theirs"}, labels={"x": "y"}))
    assert not resource.diff(config_map({"a": "1"})).detailed
    assert resource.refresh()["data"] == {"a": "theirs", "b": "theirs"}
    assert resource.inputs == config_map({"a": "theirs"})
    assert resource.diff(config_map({"a": "1"})).detailed == {"data.a": UPDATE_REPLACE}


def test_a_refresh_keeps_field_manager_and_id(resource: Resource, config_map: ConfigMap) -> None:
    created = resource.apply(config_map())
    id_ = resource.id
    assert resource.refresh()["__fieldManager"] == created["__fieldManager"]
    assert resource.id == id_


def test_an_object_that_is_gone_has_no_id(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    live = resource.apply(config_map())
    api.delete(api.path(live))
    resource.refresh()
    assert resource.id == ""


def test_an_object_that_is_not_ready_is_read_as_failed(resource: Resource, namespace: str) -> None:
    obj = deployment(namespace, "subject", nodeSelector={"pool": "none"})
    obj["metadata"]["annotations"] = {"pulumi.com/skipAwait": "true"}
    resource.apply(obj)
    resource.refresh()
    del resource.inputs["metadata"]["annotations"]
    with pytest.raises(InitializationFailed) as failed:
        resource.refresh()
    assert any("0 of 1 Pods" in reason or "no ReplicaSet" in reason for reason in failed.value.reasons)
    assert resource.inputs["spec"]["replicas"] == 1


def test_an_import_finds_the_inputs_that_would_have_made_the_object(
    resource: Resource, namespace: str, api: Api
) -> None:
    obj = deployment(namespace, "subject", replicas=0)
    obj["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "kept": "yes"}
    api.apply(obj)
    api.until(api.path(obj), lambda live: "deployment.kubernetes.io/revision" in live["metadata"]["annotations"])
    inputs = resource.adopt(obj, f"{namespace}/subject")
    assert inputs["metadata"] == {"name": "subject", "namespace": namespace, "annotations": {"kept": "yes"}}
    assert inputs["spec"] == api.get(api.path(obj))["spec"]
    assert inputs.keys() == {"apiVersion", "kind", "metadata", "spec"}


def test_an_import_of_what_is_not_there_has_no_id(resource: Resource, config_map: ConfigMap, namespace: str) -> None:
    resource.adopt(config_map(), f"{namespace}/missing")
    assert resource.id == ""
