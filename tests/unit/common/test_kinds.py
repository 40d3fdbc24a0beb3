"""An object that is put into a namespace though its kind has none, or the other way round."""

import re

import pytest

from common.kinds import is_brought_without_namespace, is_cluster_scoped, is_namespaced, is_of_kubernetes
from common.simulation import kubernetes_version


@pytest.mark.parametrize(
    ("api_version", "kind", "cluster_scoped", "namespaced"),
    [
        ("v1", "Namespace", True, False),
        ("v1", "ConfigMap", False, True),
        ("apps/v1", "Deployment", False, True),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", True, False),
        ("rbac.authorization.k8s.io/v1", "Role", False, True),
        ("example.com/v1", "ClusterRole", False, False),  # a custom kind: its definition says
        ("gateway.networking.k8s.io/v1", "GatewayClass", False, False),
    ],
)
def test_where_objects_of_kubernetes_own_kinds_are(
    api_version: str, kind: str, cluster_scoped: bool, namespaced: bool
) -> None:
    assert is_cluster_scoped(api_version, kind) is cluster_scoped
    assert is_namespaced(api_version, kind) is namespaced


def test_a_group_of_kubernetes_is_not_one_that_ends_like_it() -> None:
    assert is_of_kubernetes("")
    assert is_of_kubernetes("apps")
    assert not is_of_kubernetes("gateway.networking.k8s.io")


def test_kinds_that_clouds_bring_are_known_by_group_and_name() -> None:
    assert is_brought_without_namespace("gateway.networking.k8s.io/v1", "GatewayClass")
    assert not is_brought_without_namespace("gateway.networking.k8s.io/v1", "Gateway")
    assert not is_brought_without_namespace("v1", "GatewayClass")


def test_the_embedded_control_plane_has_a_minor_version() -> None:
    assert re.fullmatch(r"1\.[0-9]+", kubernetes_version())
