"""A name or a range that passes here and is refused by the API server in the middle of a run, or the reverse."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from components.platform.tenants import PodSecuritySpec
from spec.text import (
    DnsLabel,
    DnsName,
    ExtendedResource,
    KubernetesVersion,
    LabelKey,
    LabelValue,
    PodSecurityVersion,
    PriorityClassName,
    RbacGroup,
    RuleId,
    StackName,
    TenantName,
)
from spec.values import Bytes, Cidr, Cpu, Devices, Port, Secret

RIGHT: list[tuple[Any, list[Any]]] = [
    (DnsLabel, ["a", "0", "a-b", "a" * 63]),
    (DnsName, ["a", "a.b", "a-b.c0", ".".join(["a" * 62] * 4)]),
    (LabelKey, ["a", "A_b.c", "example.com/a", "a" * 63, ".".join(["a" * 62] * 4) + "/" + "b" * 63]),
    (LabelValue, ["", "a", "A_b.c", "1", "a" * 63]),
    (ExtendedResource, ["nvidia.com/gpu", "example.com/a_b"]),
    (PriorityClassName, ["high", "my-system"]),
    (KubernetesVersion, ["1.36", "1.9", "1.100"]),
    (PodSecurityVersion, ["latest", "v1.36"]),
    (RbacGroup, ["shop-developers", "oidc:Shop Developers", "a@example.com"]),
    (RuleId, ["ns-quota", "probes"]),
    (StackName, ["organization/polykube/dev", "a_b/c.d/e-f"]),
    (TenantName, ["shop", "kube", "my-velero", "systems"]),
    (Cidr, ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "fd00::/8", "::/0"]),
    (Port, [1, 65535, "http", "a", "p-80", "a" * 15]),
    (Cpu, ["1", "500m", "0.5", 2, 0.25, "1e2"]),
    (Bytes, ["1Gi", "512M", "1.5Gi", 1024, "0"]),
    (Devices, [1, "2", 0]),
]
WRONG: list[tuple[Any, list[Any]]] = [
    (DnsLabel, ["", "A", "-a", "a-", "a.b", "a" * 64, "a\n", "é"]),
    (DnsName, ["", "a..b", ".a", "a.-b", "a" * 254]),
    (LabelKey, ["", "/a", "a/", "a/b/c", "-a", "A.com/a", "a" * 64, "é", "a" * 254 + "/b"]),
    (LabelValue, ["-a", "a b", "a" * 64, "a\n"]),
    (ExtendedResource, ["gpu", "kubernetes.io/gpu", "node.kubernetes.io/gpu", "/gpu"]),
    (PriorityClassName, ["system-high", "High"]),
    (KubernetesVersion, ["1", "v1.36", "1.36.3", "1.036", "2.1", 1.36]),
    (PodSecurityVersion, ["1.36", "v1", "Latest", "v1.036"]),
    (RbacGroup, ["", " a", "system:masters", "a\nb"]),
    (RuleId, ["", "Ns-Quota", "a--b", "a_b"]),
    (StackName, ["dev", "polykube/dev", "a/b/c/d", "a//b"]),
    (TenantName, ["kube-a", "default", "a-system", "gke-a"]),
    (Cidr, ["10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "::ffff:1.2.3.0/120", "fe80::%1/64", "010.0.0.0/8", 10]),
    (Port, [0, 65536, -1, True, 80.0, "80", "HTTP", "a--b", "-a", "a" * 16, ""]),
    (Cpu, ["", "1 core", "0.5m", "-1", True, None, ["1"]]),
    (Bytes, ["1GB", "100m", "1.5", "-1Gi", "gi"]),
    (Devices, ["0.5", "1m"]),
]


def flat(table: list[tuple[Any, list[Any]]]) -> list[Any]:
    return [pytest.param(kind, value) for kind, values in table for value in values]


@pytest.mark.parametrize(("kind", "value"), flat(RIGHT))
def test_what_kubernetes_takes_is_taken(kind: Any, value: Any) -> None:
    TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(("kind", "value"), flat(WRONG))
def test_what_kubernetes_refuses_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_a_secret_shows_itself_nowhere() -> None:
    assert "hunter2" not in f"{Secret('hunter2')} {Secret('hunter2')!r}"
    assert Secret("one") == Secret("other")


@pytest.mark.parametrize(("stated", "label"), [(None, "v1.36"), ("latest", "latest"), ("v1.35", "v1.35")])
def test_pod_security_moves_with_the_cluster_unless_it_is_pinned(stated: str | None, label: str) -> None:
    level = PodSecuritySpec.model_validate({} if stated is None else {"version": stated})
    assert level.pinned("1.36") == label
