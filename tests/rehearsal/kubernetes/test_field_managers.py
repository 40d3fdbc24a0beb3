"""Which manager owns which field, and who gives way.

Guards against updates that take fields from others without being told to, and against fields that nobody
can remove any more because a former manager still holds them.
"""

import pytest

from rehearsal.control_plane import ControlPlane
from rehearsal.providers.base import InitializationFailed
from tests.rehearsal.kubernetes.conftest import ConfigMap
from tests.rehearsal.kubernetes.resource import Resource, configured, managers
from tests.support.api import Api


def test_an_update_takes_over_what_create_left_to_the_static_manager(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    resource.apply(config_map({"a": "1"}, labels={"x": "1"}))
    live = resource.apply(config_map({"a": "1"}, labels={"y": "2"}))
    assert live["metadata"]["labels"] == {"y": "2"}
    assert managers(api.get(api.path(live))) == {live["__fieldManager"]: "Apply"}


def test_a_field_of_another_manager_is_a_conflict_that_keeps_new_inputs_and_live_object(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    resource.apply(config_map({"a": "1"}))
    api.apply(config_map({"a": "theirs"}))
    with pytest.raises(InitializationFailed, match=r'conflict with "tests".*\.data\.a') as failed:
        resource.apply(config_map({"a": "2"}))
    assert resource.state["data"] == {"a": "theirs"}
    assert resource.state["__inputs"]["data"] == {"a": "2"}
    assert "patchForce" in failed.value.reasons[0]


@pytest.mark.parametrize("by", ["annotation", "option"])
def test_a_conflict_can_be_overridden(by: str, control_plane: ControlPlane, config_map: ConfigMap, api: Api) -> None:
    resource = Resource(configured(control_plane.kubeconfig, enablePatchForce=by == "option"))
    annotations = {"annotations": {"pulumi.com/patchForce": "true"}} if by == "annotation" else {}
    resource.apply(config_map({"a": "1"}))
    api.apply(config_map({"a": "theirs"}))
    assert resource.apply(config_map({"a": "2"}, **annotations))["data"] == {"a": "2"}


def test_the_first_update_previews_clean_and_can_still_conflict(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    resource.apply(config_map({"a": "1"}))
    api.apply(config_map({"a": "theirs"}))
    assert resource.preview(config_map({"a": "2"}))["data"] == {"a": "2"}
    with pytest.raises(InitializationFailed):
        resource.apply(config_map({"a": "2"}))


def test_another_field_manager_takes_over_and_the_former_lets_go(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    resource.apply(config_map({"a": "1"}))
    annotations = {"pulumi.com/patchFieldManager": "mine", "pulumi.com/patchForce": "true"}
    first = resource.apply(config_map({"a": "2"}))["__fieldManager"]
    live = resource.apply(config_map({"a": "3"}, annotations=annotations))
    assert live["__fieldManager"] == "mine" != first
    assert managers(api.get(api.path(live))) == {"mine": "Apply"}


def test_ignored_changes_leave_foreign_fields_to_their_manager(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    resource.apply(config_map({"a": "1", "b": "1"}))
    api.apply(config_map({"a": "theirs"}))
    live = resource.apply(config_map({"a": "1", "b": "2"}), ignore_changes=("data.a",))
    assert live["data"] == {"a": "theirs", "b": "2"}
    assert live["__inputs"]["data"] == {"b": "2"}
    resource.refresh()
    live = resource.apply(config_map({"a": "1", "b": "3"}), ignore_changes=("data.a", "metadata.labels"))
    assert live["data"] == {"a": "theirs", "b": "3"}


def test_ignored_changes_keep_an_own_field_as_it_is(resource: Resource, config_map: ConfigMap) -> None:
    resource.apply(config_map({"a": "1", "b": "1"}))
    resource.apply(config_map({"a": "1", "b": "2"}))
    live = resource.apply(config_map({"a": "9", "b": "3"}), ignore_changes=("data.a",))
    assert live["data"] == {"a": "1", "b": "3"}


def test_a_conflict_shows_in_the_preview_of_every_later_update(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    resource.apply(config_map({"a": "1"}))
    resource.apply(config_map({"a": "2"}))
    api.apply(config_map({"a": "theirs"}))
    with pytest.raises(InitializationFailed, match=r'conflict with "tests"'):
        resource.preview(config_map({"a": "3"}))


def test_an_object_that_has_lost_track_of_its_managers_is_taken_by_force(
    resource: Resource, config_map: ConfigMap, api: Api
) -> None:
    live = resource.apply(config_map({"a": "1"}))
    api.merge(api.path(live), {"data": {"a": "theirs"}, "metadata": {"managedFields": [{}]}})
    assert resource.apply(config_map({"a": "2"}))["data"] == {"a": "2"}
