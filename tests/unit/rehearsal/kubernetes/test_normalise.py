"""Inputs in their normal form are what the API server would answer with.

Guards against previews that show a change where there is none: two spellings of a quantity, an empty map
that Go leaves out, text that the server encodes; and against values that get lost on the way.
"""

import base64
import copy
from typing import Any

import pytest

from common.wire import UNKNOWN
from rehearsal.providers.kubernetes.normalise import normalised
from rehearsal.providers.kubernetes.objects import Object
from tests.unit.rehearsal.kubernetes.support import config_map, custom, deployment, pod_spec

CONTAINER: dict[str, tuple[Object, Object]] = {
    "an empty list": ({"args": []}, {}),
    "an empty string": ({"workingDir": ""}, {}),
    "false": ({"tty": False}, {}),
    "an empty optional map": ({"resources": {"limits": {}}}, {"resources": {}}),
    "a null": ({"command": None, "livenessProbe": None}, {}),
    "a null struct": ({"resources": None}, {"resources": {}}),
    "an unknown field": ({"imagePolicy": "x"}, {}),
    "an empty value of a variable": ({"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A"}]}),
    "an empty pointer to a struct": ({"securityContext": {}}, {"securityContext": {}}),
    "a zero behind a pointer": ({"securityContext": {"runAsUser": 0}}, {"securityContext": {"runAsUser": 0}}),
    "milli-units": ({"resources": {"limits": {"cpu": "1000m"}}}, {"resources": {"limits": {"cpu": "1"}}}),
    "binary units": ({"resources": {"limits": {"memory": "1024Mi"}}}, {"resources": {"limits": {"memory": "1Gi"}}}),
    "a quantity that is a number": (
        {"resources": {"limits": {"cpu": 0.5}}},
        {"resources": {"limits": {"cpu": "500m"}}},
    ),
    "a port by number or name": (
        {"readinessProbe": {"httpGet": {"port": 80}}, "livenessProbe": {"httpGet": {"port": "http"}}},
        {"readinessProbe": {"httpGet": {"port": 80}}, "livenessProbe": {"httpGet": {"port": "http"}}},
    ),
}
MISFITS: list[Any] = [{"replicas": "2"}, {"replicas": 1.5}, {"paused": "no"}, {"template": []}, {"selector": "app"}]


@pytest.mark.parametrize("case", CONTAINER)
def test_a_container_is_written_as_go_writes_it(case: str) -> None:
    given, expected = CONTAINER[case]
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod_spec(**copy.deepcopy(given))}
    result = normalised(deployment(template=template))
    assert result["spec"]["template"]["spec"] == pod_spec(**expected)


@pytest.mark.parametrize("spec", MISFITS, ids=str)
def test_an_object_with_a_value_of_the_wrong_type_stays_as_it_is(spec: Object) -> None:
    given = deployment(**spec, minReadySeconds=0, strategy={"nonsense": True})
    assert normalised(copy.deepcopy(given)) == given


def test_an_object_with_an_unknown_value_stays_as_it_is() -> None:
    given, again = (deployment(replicas=UNKNOWN, minReadySeconds=0) for _ in range(2))
    assert normalised(given) == again


def test_a_custom_resource_keeps_empty_values_and_spellings() -> None:
    given = custom({"empty": {}, "none": [], "no": False, "text": "", "cpu": "1000m", "null": None})
    assert normalised(copy.deepcopy(given)) == given


@pytest.mark.parametrize(
    "key",
    [
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "uid",
    ],
)
@pytest.mark.parametrize("make", [config_map, lambda **metadata: custom({}) | {"metadata": metadata}])
def test_read_only_metadata_goes(make: Any, key: str) -> None:
    assert key not in normalised(make(**{key: "2026-01-01T00:00:00Z", "labels": {"a": "b"}}))["metadata"]


def test_text_of_a_secret_becomes_data_and_beats_it() -> None:
    secret = config_map({"a": "b2xk", "b": "a2VlcA=="}) | {"kind": "Secret", "stringData": {"a": "new"}}
    result = normalised(secret)
    assert result["data"] == {"a": base64.b64encode(b"new").decode(), "b": "a2VlcA=="}
    assert "stringData" not in result


def test_base64_of_a_secret_loses_its_line_breaks_and_bad_base64_is_left_to_the_server() -> None:
    secret = config_map({"a": "b2\nxk\n", "bad": "not base64"}) | {"kind": "Secret"}
    assert normalised(secret)["data"] == {"a": "b2xk", "bad": "not base64"}


def test_a_crd_loses_its_status_and_a_false_preserve_unknown_fields() -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.test"},
        "spec": {"group": "example.test", "preserveUnknownFields": False, "names": {"shortNames": []}},
        "status": {"conditions": []},
    }
    result = normalised(copy.deepcopy(crd))
    assert "status" not in result
    assert result["spec"] == {"group": "example.test", "names": {"shortNames": []}}


def test_times_are_written_in_utc() -> None:
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "a"},
        "spec": {"acquireTime": "2026-01-01T01:00:00.5+01:00"},
    }
    assert normalised(lease)["spec"] == {"acquireTime": "2026-01-01T00:00:00.500000Z"}
