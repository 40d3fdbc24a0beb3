"""Delete ends when the object is gone, not when the server has taken note.

Guards against a destroy that reports success while finalizers hold the object, and against one that takes
along what was to stay.
"""

import secrets

import pytest

from rehearsal.providers.base import InitializationFailed, ProviderError
from tests.rehearsal.kubernetes.conftest import ConfigMap
from tests.rehearsal.kubernetes.resource import Resource
from tests.support.api import Api
from tests.support.objects import deployment

PROPAGATION = "pulumi.com/deletionPropagationPolicy"


def test_a_deleted_object_is_gone(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    live = resource.apply(config_map())
    resource.delete()
    assert api.find(api.path(live)) is None


def test_deleting_what_is_gone_already_succeeds(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    live = resource.apply(config_map())
    api.delete(api.path(live))
    resource.delete()


def test_a_finalizer_holds_up_the_delete_and_is_named(
    resource: Resource, config_map: ConfigMap, api: Api, warnings: list[str]
) -> None:
    live = resource.apply(config_map(finalizers=["example.test/hold"]))
    with pytest.raises(InitializationFailed, match="still there") as failed:
        resource.delete(timeout=1)
    assert failed.value.state.outputs["metadata"]["deletionTimestamp"]
    assert any("example.test/hold" in warning for warning in warnings)
    api.merge(api.path(live), {"metadata": {"finalizers": None}})
    resource.delete()


def test_a_namespace_tells_what_in_it_holds_it_and_the_command_that_shows_it(
    notes: list[str], resource: Resource, api: Api
) -> None:
    name = f"held-{secrets.token_hex(4)}"
    resource.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    held = {"name": "stuck", "namespace": name, "finalizers": ["example.test/hold"]}
    api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    with pytest.raises(InitializationFailed) as failed:
        resource.delete(timeout=25)
    for told in (" ".join(notes), " ".join(failed.value.reasons)):
        assert "example.test/hold in 1 resource instances" in told
        assert f"kubectl get -n {name} configmaps -o custom-columns=" in told
    api.merge(f"/api/v1/namespaces/{name}/configmaps/stuck", {"metadata": {"finalizers": None}})
    resource.delete()


@pytest.mark.parametrize(
    ("policy", "stays"),
    [("", False), ("Background", False), ("orphan", True)],
    ids=["foreground", "background", "orphan"],
)
def test_what_the_object_owns_goes_with_it_unless_it_is_orphaned(
    policy: str, resource: Resource, namespace: str, api: Api, *, stays: bool
) -> None:
    obj = deployment(namespace, "subject", replicas=0)
    obj["metadata"]["annotations"] = {PROPAGATION: policy}
    resource.apply(obj)
    replica_sets = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
    assert len(api.list(replica_sets)) == 1
    resource.delete()
    if stays:
        assert "ownerReferences" not in api.list(replica_sets)[0]["metadata"]
    else:
        api.until(replica_sets, lambda answer: not answer["items"])


def test_a_workload_can_skip_the_wait(resource: Resource, namespace: str, api: Api) -> None:
    obj = deployment(namespace, "subject", replicas=0)
    obj["metadata"] |= {"finalizers": ["example.test/hold"], "annotations": {"pulumi.com/skipAwait": "true"}}
    live = resource.apply(obj)
    resource.delete(timeout=1)
    api.merge(api.path(live), {"metadata": {"finalizers": None}})


def test_other_kinds_cannot_skip_the_wait(resource: Resource, config_map: ConfigMap, api: Api) -> None:
    hold = {"finalizers": ["example.test/hold"], "annotations": {"pulumi.com/skipAwait": "true"}}
    live = resource.apply(config_map(**hold))
    with pytest.raises(InitializationFailed):
        resource.delete(timeout=1)
    api.merge(api.path(live), {"metadata": {"finalizers": None}})


def test_a_refusal_leaves_the_resource_as_it_was(resource: Resource, namespace: str) -> None:
    metadata = {"name": "kube-system"}
    resource.adopt({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, "kube-system")
    with pytest.raises(ProviderError, match="may not be deleted"):
        resource.delete()
    assert namespace
