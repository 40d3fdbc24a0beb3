"""A quota that counts something else than the stack file says, or that lets a tenant past the ingress."""

from typing import Any, Final, TypeAlias

import pytest
from pydantic import ValidationError

from components.platform.quotas import LimitRangeSpec, QuotaSpec, ScopedQuota, StorageClassQuota, VolumeRange, hard
from spec.model import FINDINGS, StackModel

Places: TypeAlias = list[tuple[Any, ...]]

COMPUTE: Final = {"cpu": "2", "memory": "1Gi"}
QUOTA: Final = {"pods": 5, "requests": COMPUTE, "limits": COMPUTE}


def quota(**changes: Any) -> QuotaSpec:
    return QuotaSpec.model_validate(QUOTA | changes)


def places(model: type[StackModel], given: dict[str, Any]) -> Places:
    """Where something is wrong between the fields of a model."""
    try:
        model.model_validate(given)
    except ValidationError as error:
        return [found.at for each in error.errors() for found in each["ctx"][FINDINGS]]
    return []


def test_what_is_left_out_is_not_counted_but_for_what_costs_money_or_faces_outward() -> None:
    assert hard(quota()) == {
        "pods": "5",
        "requests.cpu": "2",
        "requests.memory": "1Gi",
        "limits.cpu": "2",
        "limits.memory": "1Gi",
        "persistentvolumeclaims": "0",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


@pytest.mark.parametrize(
    ("changes", "ports"),
    [
        ({"loadBalancers": 1}, None),  # which may need them
        ({"loadBalancers": 1, "nodePorts": 0}, "0"),
        ({"nodePorts": 2}, "2"),
        ({}, "0"),
    ],
)
def test_no_port_is_opened_on_nodes_unless_a_load_balancer_may_need_it(changes: dict[str, int], ports: str) -> None:
    assert hard(quota(**changes)).get("services.nodeports") == ports


def test_everything_has_the_name_that_the_api_server_counts_it_by() -> None:
    classes = [
        {"name": "fast", "storage": "10Gi", "persistentVolumeClaims": 2},
        {"name": "slow", "storage": "1Ti"},
    ]
    disk = {"ephemeral-storage": "5Gi"}
    counts = {"configMaps": 1, "secrets": 2, "services": 3, "storage": "20Gi", "persistentVolumeClaims": 4}
    found = hard(quota(requests=disk, limits=COMPUTE | disk, storageClasses=classes, **counts))
    assert (
        found.items()
        >= {
            "requests.ephemeral-storage": "5Gi",
            "limits.ephemeral-storage": "5Gi",
            "configmaps": "1",
            "secrets": "2",
            "services": "3",
            "requests.storage": "20Gi",
            "persistentvolumeclaims": "4",
            "fast.storageclass.storage.k8s.io/requests.storage": "10Gi",
            "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "2",
            "slow.storageclass.storage.k8s.io/requests.storage": "1Ti",
        }.items()
    )
    assert "requests.cpu" not in found
    assert "slow.storageclass.storage.k8s.io/persistentvolumeclaims" not in found


def test_requests_may_be_as_large_as_limits_and_no_larger() -> None:
    for cpu, expected in (("2", []), ("1999m", []), ("2001m", [("requests", "cpu")])):
        assert places(QuotaSpec, QUOTA | {"requests": {"cpu": cpu}}) == expected


@pytest.mark.parametrize(
    ("scoped", "expected"),
    [
        ({"scopes": ["BestEffort"], "pods": 1}, []),
        ({"priorityClasses": ["batch"], "requests": COMPUTE}, []),
        ({"pods": 1}, [()]),
        ({"scopes": ["BestEffort"]}, [()]),
        ({"scopes": ["BestEffort", "NotBestEffort"], "pods": 1}, [("scopes",)]),
        ({"scopes": ["Terminating", "NotTerminating"], "pods": 1}, [("scopes",)]),
        ({"scopes": ["BestEffort"], "limits": COMPUTE}, [("limits",)]),
        ({"priorityClasses": ["batch", "system-node-critical"], "pods": 1}, [("priorityClasses", 1)]),
    ],
)
def test_a_scoped_quota_counts_something_of_pods_that_there_can_be(scoped: dict[str, Any], expected: Places) -> None:
    assert places(ScopedQuota, {"name": "a", **scoped}) == expected


def test_a_limit_of_a_storage_class_limits_something_and_sizes_are_in_order() -> None:
    assert places(StorageClassQuota, {"name": "fast"}) == places(VolumeRange, {}) == [()]
    assert places(StorageClassQuota, {"name": "fast", "storage": "1Gi"}) == []
    assert places(VolumeRange, {"min": "1Gi", "max": "1Gi"}) == places(VolumeRange, {"max": "1Gi"}) == []
    assert places(VolumeRange, {"min": "2Gi", "max": "1Gi"}) == [("min",)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"min": "1", "max": "2"}, []),
        ({"defaultRequest": "3"}, [("defaultRequest", "cpu")]),
        ({"max": "1500m"}, [("default", "cpu")]),
        ({"min": "1500m"}, [("min", "cpu")]),
    ],
)
def test_defaults_of_containers_are_within_what_a_container_may_have(changes: dict[str, str], expected: Places) -> None:
    cpus = {"default": "2", "defaultRequest": "1", **changes}
    assert places(LimitRangeSpec, {key: {"cpu": cpu} for key, cpu in cpus.items()}) == expected
