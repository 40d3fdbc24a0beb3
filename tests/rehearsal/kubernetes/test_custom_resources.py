"""CRDs and custom resources: created in any order, updated without losing what depends on them.

Guards against custom resources that fail because their CRD is a moment late, and against CRD updates that
delete every object of the kind.
"""

import threading
from collections.abc import Iterator

import pytest

from rehearsal.providers.base import InitializationFailed
from rehearsal.providers.kubernetes.provider import KubernetesStandIn
from tests.rehearsal.kubernetes.resource import Resource
from tests.support.api import Api, Object


@pytest.fixture
def crd(namespace: str, api: Api) -> Iterator[Object]:
    """A CRD of the test's own, not created yet."""
    group = f"{namespace}.example.test"
    free = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    spec = {"type": "object", "properties": {"size": {"type": "integer"}, "any": free}}
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    obj: Object = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [version],
        },
    }
    yield obj
    if api.find(api.path(obj)):
        api.delete(api.path(obj))


def _widget(crd: Object, namespace: str, **spec: object) -> Object:
    metadata = {"name": "subject", "namespace": namespace}
    return {"apiVersion": f"{crd['spec']['group']}/v1", "kind": "Widget", "metadata": metadata, "spec": spec}


def test_a_custom_resource_waits_for_its_crd(
    provider: KubernetesStandIn, crd: Object, namespace: str, api: Api
) -> None:
    widget = Resource(provider, "widget")
    appears = threading.Timer(0.5, Resource(provider, "crd").apply, [crd])
    appears.start()
    live = widget.apply(_widget(crd, namespace, size=3))
    appears.join()
    assert api.get(api.path(live))["spec"] == {"size": 3}
    assert not widget.diff(_widget(crd, namespace, size=3)).detailed


def test_a_crd_is_replaced_in_place_and_its_objects_stay(
    provider: KubernetesStandIn, crd: Object, namespace: str, api: Api
) -> None:
    definition, widget = Resource(provider, "crd"), Resource(provider, "widget")
    definition.apply(crd)
    live = widget.apply(_widget(crd, namespace, size=3, any={"empty": {}, "none": []}))
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    properties["color"] = {"type": "string"}
    recorded = definition.apply(crd)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert recorded["properties"]["any"] == {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    assert api.get(api.path(live))["metadata"]["uid"] == live["metadata"]["uid"]
    assert not definition.diff(crd).detailed


def test_a_field_that_the_crd_prunes_shows_up_again_and_fails_the_update(
    provider: KubernetesStandIn, crd: Object, namespace: str
) -> None:
    Resource(provider, "crd").apply(crd)
    widget = Resource(provider, "widget")
    wanted = _widget(crd, namespace, size=3, gone="x")
    assert "gone" not in widget.apply(wanted)["spec"]
    assert set(widget.diff(wanted).detailed) == {"spec.gone"}
    with pytest.raises(InitializationFailed, match="field not declared in schema"):
        widget.apply(wanted)


def test_an_object_whose_crd_is_gone_counts_as_gone(provider: KubernetesStandIn, crd: Object, namespace: str) -> None:
    definition, widget = Resource(provider, "crd"), Resource(provider, "widget")
    definition.apply(crd)
    widget.apply(_widget(crd, namespace, size=3))
    definition.delete()
    widget.delete()
    widget.refresh()
    assert widget.id == ""


def test_an_imported_custom_resource_lacks_its_spec(provider: KubernetesStandIn, crd: Object, namespace: str) -> None:
    Resource(provider, "crd").apply(crd)
    obj = _widget(crd, namespace, size=3)
    Resource(provider, "widget").apply(obj)
    inputs = Resource(provider, "import").adopt(obj, f"{namespace}/subject")
    assert inputs == {key: obj[key] for key in ("apiVersion", "kind", "metadata")}
