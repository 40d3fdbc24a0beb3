"""Three-way patches set what the program wants, remove what it no longer wants, and leave the rest.

Guards against updates without server-side apply that throw away what others have added to a list.
"""

from typing import Any

import pytest

from rehearsal.providers.kubernetes.client_side_apply import three_way_patch
from tests.unit.rehearsal.kubernetes.support import custom, deployment

STRATEGIC = "application/strategic-merge-patch+json"


def _pods(containers: list[Any], **spec: Any) -> Any:
    return deployment(template={"spec": {"containers": containers, **spec}})


def _patch(before: Any, after: Any, live: Any) -> Any:
    content_type, patch = three_way_patch(before, after, live)
    assert content_type == STRATEGIC
    return patch


def test_an_unchanged_object_needs_an_empty_patch() -> None:
    live = deployment(replicas=3) | {"status": {}}
    assert _patch(deployment(), deployment(), live) == {}


def test_values_are_set_where_they_differ_and_removed_where_the_program_had_them() -> None:
    before, after = deployment(replicas=1, paused=True), deployment(replicas=2)
    live = deployment(replicas=3, paused=True, minReadySeconds=5)
    assert _patch(before, after, live) == {"spec": {"replicas": 2, "paused": None}}


def test_lists_of_maps_are_merged_by_their_key() -> None:
    before = _pods([{"name": "a", "image": "1"}, {"name": "b", "image": "1"}])
    after = _pods([{"name": "c", "image": "1"}, {"name": "a", "image": "2"}])
    live = _pods([{"name": "injected"}, {"name": "a", "image": "1", "tty": False}, {"name": "b", "image": "1"}])
    assert _patch(before, after, live)["spec"]["template"]["spec"] == {
        "containers": [{"name": "c", "image": "1"}, {"image": "2", "name": "a"}, {"$patch": "delete", "name": "b"}],
        "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
    }


def test_lists_of_scalars_with_a_merge_strategy_are_sets() -> None:
    before, after, live = (
        deployment() | {"metadata": {"name": "subject", "finalizers": finalizers}}
        for finalizers in (["a", "b"], ["b", "c"], ["a", "b", "foreign"])
    )
    assert _patch(before, after, live) == {
        "metadata": {"finalizers": ["c"], "$deleteFromPrimitiveList/finalizers": ["a"]}
    }


def test_a_union_loses_the_members_that_the_program_does_not_name() -> None:
    before, after = deployment(), deployment(strategy={"type": "Recreate"})
    live = deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}})
    assert _patch(before, after, live) == {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}


@pytest.mark.parametrize("value", [[1, 2], [{"name": "a"}]])
def test_kinds_without_a_go_type_get_a_merge_patch_with_whole_lists(value: Any) -> None:
    content_type, patch = three_way_patch(
        custom({"a": [1], "b": 1}), custom({"a": value}), custom({"a": [1], "b": 1, "c": 1})
    )
    assert content_type == "application/merge-patch+json"
    assert patch == {"spec": {"a": value, "b": None}}
