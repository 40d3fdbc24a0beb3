"""A manifest that the API server would refuse and nobody does, or that is refused though it is right."""

import pytest

from common.api_versions import STABLE, is_unknown, removed


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("apps/v1beta1", "Deployment", (16, "apps/v1")),
        ("apps/v1beta1", "DaemonSet", None),  # it came with v1beta2
        ("extensions/v1beta1", "Ingress", (22, "networking.k8s.io/v1")),
        ("extensions/v1beta1", "Deployment", (16, "apps/v1")),
        ("policy/v1beta1", "PodSecurityPolicy", (25, "")),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", (26, "autoscaling/v2")),
        ("apps/v1", "Deployment", None),
    ],
)
def test_a_removed_kind_is_known_with_its_version_and_where_it_is_instead(
    api_version: str, kind: str, expected: tuple[int, str] | None
) -> None:
    assert removed(api_version, kind) == expected
    assert not expected or not expected[1] or (expected[1], kind) in STABLE


@pytest.mark.parametrize(
    ("api_version", "kind", "unknown"),
    [
        ("v1", "ConfigMap", False),
        ("v1", "Configmap", True),
        ("apps/v1", "Deploymnet", True),
        ("apps/v2", "Deployment", True),
        ("apps/v1beta1", "Deployment", False),  # it is removed, which is said otherwise
        ("extensions/v1", "Ingress", True),
        ("extensions/v1beta1", "Ingress", False),
        ("batch/v1alpha1", "SomethingNew", False),  # whether a cluster serves it, its flags say
        ("rbac.authorization.k8s.io/v1", "ClusterRole", False),  # it has no namespace, which is said otherwise
        ("example.com/v1", "Database", False),
    ],
)
def test_a_kind_is_unknown_where_a_stable_version_of_kubernetes_has_none(
    api_version: str, kind: str, unknown: bool
) -> None:
    assert is_unknown(api_version, kind) is unknown
