"""An add-on that takes tenants' objects with it, since the definitions of their kinds go."""

from collections.abc import Iterator
from typing import Any

import pytest

from common.errors import EngineError
from components.addons.csi_snapshotter.spec import CsiSnapshotterSpec
from rehearsal.control_plane import ControlPlane
from stacks.config import StackSpec
from stacks.definitions import check_definitions
from tests.support.api import Api, Object
from tests.support.stack_files import load_stack

GROUP, VERSION = "snapshot.storage.k8s.io", "v1"


@pytest.fixture
def defined(api: Api) -> Iterator[str]:
    """The kind VolumeSnapshot, with nothing in its schema; where its definition is comes back."""
    names = {"plural": "volumesnapshots", "singular": "volumesnapshot", "kind": "VolumeSnapshot"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [{"name": VERSION, "served": True, "storage": True, "schema": schema}]
    name = f"volumesnapshots.{GROUP}"
    approved = {"api-approved.kubernetes.io": "unapproved, a test"}
    api.apply(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": name, "annotations": approved},
            "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": versions},
        }
    )
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    api.until(
        path, lambda it: any(each["type"] == "Established" for each in (it.get("status") or {}).get("conditions") or ())
    )
    yield path
    api.delete(path)


def snapshot(namespace: str, name: str, **metadata: Any) -> Object:
    identity = {"name": name, "namespace": namespace}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "VolumeSnapshot", "metadata": identity | metadata}


@pytest.mark.usefixtures("defined")
def test_an_add_on_stays_while_a_tenant_has_objects_of_its_kinds(
    api: Api, namespace: str, control_plane: ControlPlane
) -> None:
    kubeconfig = control_plane.kubeconfig.read_text()
    outputs = {"addOns": ["csi-snapshotter"], "kubeconfig": kubeconfig, "tenants": [namespace]}
    without = load_stack("dev")
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": namespace}
    owner["uid"] = api.get(f"/api/v1/namespaces/{namespace}")["metadata"]["uid"]
    api.apply(snapshot(namespace, "of-the-stack", labels={"app.kubernetes.io/managed-by": "polykube"}))
    api.apply(snapshot(namespace, "owned", ownerReferences=[owner]))
    check_definitions(outputs, without)

    api.apply(snapshot(namespace, "by-hand"))
    with pytest.raises(EngineError) as error:
        check_definitions(outputs, without)
    (problem,) = error.value.problems
    assert (problem.code, problem.where) == ("PK414", "polykube:addons")
    assert problem.found == f"no csiSnapshotter, and VolumeSnapshot {namespace}/by-hand"
    check_definitions(outputs, with_snapshots(without))
    check_definitions(outputs | {"tenants": ["another"]}, without)
    check_definitions(outputs | {"addOns": []}, without)


def with_snapshots(spec: StackSpec) -> StackSpec:
    """The same with the add-on."""
    return spec.model_copy(update={"addons": spec.addons.model_copy(update={"csi_snapshotter": CsiSnapshotterSpec()})})
