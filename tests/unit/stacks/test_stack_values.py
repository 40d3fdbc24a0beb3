"""A name or a range that passes here and is refused by the API server in the middle of a run, or the reverse."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from components.platform.tenants import PodSecuritySpec
from spec.cron import Cron
from spec.model import FINDINGS
from spec.problems import key_path, listed
from spec.text import (
    DnsLabel,
    DnsName,
    ExtendedResource,
    HttpsAddress,
    KubernetesVersion,
    LabelKey,
    LabelValue,
    PodSecurityVersion,
    PriorityClassName,
    QualifiedName,
    RbacGroup,
    RuleId,
    StackName,
    TenantName,
)
from spec.values import Bytes, Cidr, Cpu, Devices, Port, Secret
from stacks.wording import shown

LONGEST = ".".join(["a" * 63] * 3 + ["a" * 61])  # a subdomain of RFC 1123: 253; with `requests.` before it: 244
RIGHT: list[tuple[Any, list[Any]]] = [
    (DnsLabel, ["a", "0", "a-b", "a" * 63]),
    (DnsName, ["a", "a.b", "a-b.c0", LONGEST]),
    (LabelKey, ["a", "A_b.c", "example.com/a", "a" * 63, f"{LONGEST}/{'b' * 63}"]),
    (QualifiedName, ["ebs.csi.aws.com", f"{LONGEST}/{'b' * 63}"]),
    (LabelValue, ["", "a", "A_b.c", "1", "a" * 63]),
    (ExtendedResource, ["nvidia.com/gpu", "example.com/a_b", f"{LONGEST[9:]}/{'b' * 63}"]),
    (PriorityClassName, ["high", "my-system"]),
    (KubernetesVersion, ["1.36", "1.9", "1.100"]),
    (PodSecurityVersion, ["latest", "v1.36"]),
    (RbacGroup, ["shop-developers", "oidc:Shop Developers", "a@example.com"]),
    (RuleId, ["ns-quota", "probes"]),
    (StackName, ["organization/polykube/dev", "a_b/c.d/e-f"]),
    (TenantName, ["shop", "kube", "my-velero", "systems"]),
    (HttpsAddress, ["https://a", "https://a-b.c:9000", "https://a/"]),
    (Cron, ["0 7 * * *", "*/15 0-6,22 1,15 * 1-5", "59 23 31 12 6", "0 0 1 1 0"]),
    (Cidr, ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32", "fd00::/8", "::/0"]),
    (Port, [1, 65535, "http", "a", "p-80", "a" * 15]),
    (Cpu, ["1", "500m", "0.5", 2, 0.25, "1e2"]),
    (Bytes, ["1Gi", "512M", "1.5Gi", 1024, "0"]),
    (Devices, [1, "2", 0]),
]
WRONG: list[tuple[Any, list[Any]]] = [
    (DnsLabel, ["", "A", "-a", "a-", "a.b", "a" * 64, "a\n", "é"]),
    (DnsName, ["", "a..b", ".a", "a.-b", "a" * 254]),
    (LabelKey, ["", "/a", "a/", "a/b/c", "-a", "A.com/a", "a" * 64, "é", "a" * 254 + "/b", f"{LONGEST}/{'b' * 64}"]),
    (LabelValue, ["-a", "a b", "a" * 64, "a\n"]),
    (ExtendedResource, ["gpu", "kubernetes.io/gpu", "node.kubernetes.io/gpu", "/gpu", f"{LONGEST[8:]}/b"]),
    (PriorityClassName, ["system-high", "High"]),
    (KubernetesVersion, ["1", "v1.36", "1.36.3", "1.036", "2.1", 1.36]),
    (PodSecurityVersion, ["1.36", "v1", "Latest", "v1.036"]),
    (RbacGroup, ["", " a", "system:masters", "a\nb"]),
    (RuleId, ["", "Ns-Quota", "a--b", "a_b"]),
    (StackName, ["dev", "polykube/dev", "a/b/c/d", "a//b"]),
    (TenantName, ["kube-a", "default", "a-system", "gke-a", "gmp-public", "kube-system"]),
    (HttpsAddress, ["a", "http://a", "https://a/b", "https://a:99999999", f"https://{'a' * 300}"]),
    (
        Cron,
        ["60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 7", "9-5 * * * *", "*/0 * * * *", "* * * *"],
    ),
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


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [
        (KubernetesVersion, "v1.36.3", '"1.36"'),
        (PodSecurityVersion, "1.36.2", "v1.36"),
        (PriorityClassName, "system-Batch", "batch"),
        (RuleId, "Default Deny", "default-deny"),
        (HttpsAddress, "http://store.example.com:9000/bucket", "https://store.example.com:9000"),
        (HttpsAddress, "store.example.com", "https://store.example.com"),
    ],
)
def test_what_is_nearly_right_is_answered_with_what_is_meant(kind: Any, written: str, meant: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(kind).validate_python(written)
    (finding,) = error.value.errors()[0]["ctx"][FINDINGS]
    assert finding.remedy == f"Write {meant}, if that is meant."


def test_choices_and_paths_read_as_people_write_them() -> None:
    assert [listed(["a", "b", "c"][:count]) for count in range(4)] == ["nothing", "a", "a or b", "a, b or c"]
    paths = [("config",), ("config", "polykube:stage"), ("config", "polykube:tenants", 1, "labels", "a.b/c"), (0, "a")]
    shown = ["config", "polykube:stage", 'polykube:tenants[1].labels["a.b/c"]', "[0].a"]
    assert [key_path(path) for path in paths] == shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.5, "1.5 (a number)"),
        ("a", '"a"'),
        ([1], "a list"),
        ({"a": 1}, "a mapping"),
        (Secret("hunter2"), "an encrypted value"),
    ],
)
def test_a_value_is_shown_as_what_it_is(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_secret_shows_itself_nowhere() -> None:
    assert "hunter2" not in f"{Secret('hunter2')} {Secret('hunter2')!r}"
    assert Secret("one") == Secret("other")


@pytest.mark.parametrize(("stated", "label"), [(None, "v1.36"), ("latest", "latest"), ("v1.35", "v1.35")])
def test_pod_security_moves_with_the_cluster_unless_it_is_pinned(stated: str | None, label: str) -> None:
    level = PodSecuritySpec.model_validate({} if stated is None else {"version": stated})
    assert level.pinned("1.36") == label
