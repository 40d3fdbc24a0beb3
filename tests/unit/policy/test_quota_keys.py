"""A quota key or scope that is taken for another. tests/policy/exam asks the API server."""

import pytest

from common.quantity import parse
from policy.admission.quota_keys import bounds_nothing, instead, refused_amount, refused_key, refused_scopes

NO_KEY = "there is no such quota key"
TERMINATING = "the scope Terminating does not go with"
NO_NAME = "it is no name such as requests.example.com/gpu"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        *((key, "") for key in ("cpu", "requests.storage", "limits.ephemeral-storage", "services.nodeports")),
        *((key, "") for key in ("hugepages-2Mi", "requests.hugepages-1Gi", "count/pods", "example.com/a", "e/A-b_c.d")),
        *((key, NO_KEY) for key in ("limits.hugepages-2Mi", "storage", "limits.pods", "requests.pods", "replicasets")),
        *((key, NO_NAME) for key in ("a/b/c", "Example.com/a", "example.com/", "/a", "-e/a", "e/-a", "e-/a")),
    ],
)
def test_keys_that_are_refused(key: str, why: str) -> None:
    assert refused_key(key) == why


@pytest.mark.parametrize(
    ("key", "amount", "refused"),
    [
        ("pods", "1", ""),
        ("pods", "500m", "it is counted in whole pieces"),
        ("count/pods", "500m", "it is counted in whole pieces"),
        ("example.com/gpu", "1500m", "it is counted in whole pieces"),
        ("requests.cpu", "500m", ""),
        ("requests.example.com/gpu", "500m", ""),
        ("cpu", "0", ""),
        ("cpu", "-1m", "it is negative"),
    ],
)
def test_amounts_that_are_refused(key: str, amount: str, refused: str) -> None:
    assert refused_amount(key, parse(amount)) == refused


@pytest.mark.parametrize(
    ("keys", "scope", "refused"),
    [
        (["pods", "cpu", "limits.memory", "count/secrets"], ("NotBestEffort", "Exists", ()), []),
        (["pods"], ("BestEffort", "Exists", ()), []),
        (["cpu"], ("BestEffort", "Exists", ()), ["the scope BestEffort does not go with cpu"]),
        (
            ["ephemeral-storage"],
            ("Terminating", "Exists", ()),
            [f"{TERMINATING} ephemeral-storage"],
        ),
        (
            ["hugepages-2Mi"],
            ("PriorityClass", "Exists", ()),
            ["the scope PriorityClass does not go with hugepages-2Mi"],
        ),
        (["persistentvolumeclaims", "requests.storage"], ("VolumeAttributesClass", "In", ("gold",)), []),
        (["pods"], ("VolumeAttributesClass", "Exists", ()), ["the scope VolumeAttributesClass does not go with pods"]),
        (["pods"], ("PriorityClass", "In", ("high",)), []),
        (["pods"], ("PriorityClass", "DoesNotExist", ()), []),
        (["pods"], ("PriorityClass", "NotIn", ()), ["the operator NotIn goes with values"]),
        (["pods"], ("PriorityClass", "Exists", ("high",)), ["the operator Exists goes without values"]),
        (["pods"], ("PriorityClass", "Is", ()), ["there is no operator Is"]),
        (["pods"], ("Terminating", "In", ("x",)), ["the scope Terminating goes with the operator Exists only"]),
        (["pods", "secrets"], ("Urgent", "Is", ()), ["there is no scope Urgent"]),
    ],
)
def test_scopes_that_are_refused(keys: list[str], scope: tuple[str, str, tuple[str, ...]], refused: list[str]) -> None:
    assert list(refused_scopes(keys, [scope])) == refused


def test_scopes_that_exclude_each_other() -> None:
    def scopes(*names: str) -> list[str]:
        return list(refused_scopes(["pods"], [(name, "Exists", ()) for name in names]))

    assert scopes("BestEffort", "Terminating") == []
    assert scopes("BestEffort", "NotBestEffort") == ["the scopes BestEffort and NotBestEffort exclude each other"]
    assert scopes("NotTerminating", "Terminating") == ["the scopes Terminating and NotTerminating exclude each other"]


@pytest.mark.parametrize(
    ("key", "scope", "nothing"),
    [
        ("cpu", "", False),
        ("requests.example.com/gpu", "", False),
        ("example.com/gpu", "", True),
        ("limits.example.com/gpu", "", True),
        ("requests.kubernetes.io/gpu", "", True),
        ("requests.deviceclass.resource.kubernetes.io/gpu", "", False),
        ("gpu.deviceclass.resource.k8s.io/devices", "", False),
        ("gold.storageclass.storage.k8s.io/requests.storage", "", False),
        ("gold.storageclass.storage.k8s.io/pods", "", True),
        ("count/deployments.apps", "", False),
        ("count/deployments", "", True),
        ("count/deployments.extensions", "", True),
        ("count/events", "", True),
        ("count/events.events.k8s.io", "", True),
        ("count/widgets.example.com", "", False),
        ("count/secrets", "BestEffort", True),
        ("count/pods", "BestEffort", False),
        ("requests.example.com/gpu", "Terminating", False),
        ("count/pods", "VolumeAttributesClass", True),
        ("count/persistentvolumeclaims", "VolumeAttributesClass", False),
        ("gold.storageclass.storage.k8s.io/persistentvolumeclaims", "VolumeAttributesClass", False),
    ],
)
def test_keys_that_bound_nothing(key: str, scope: str, nothing: bool) -> None:
    assert bounds_nothing(key, {scope} if scope else set()) is nothing


def test_what_to_write_instead() -> None:
    assert instead("limits.example.com/gpu") == instead("example.com/gpu") == "Write requests.example.com/gpu."
    assert instead("count/deployments") == "Name a kind that is counted, with its group: count/deployments.apps."
    assert instead("requests.kubernetes.io/gpu") == "Remove it."
