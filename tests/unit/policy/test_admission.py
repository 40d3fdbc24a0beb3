"""A pod that the API server refuses whatever the namespace, and that the rules let pass, or the reverse."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from policy.admission.amounts import read, written
from policy.admission.limit_ranges import claim_refusals, read_limits, refusals
from policy.admission.pod_security import Standard, applied, violations
from policy.admission.pods import read_pod
from policy.admission.quotas import count_usage, read_quota
from policy.admission.validation import invalid

GPU: Final = "example.com/gpu"
PAGES: Final = "hugepages-2Mi"
Amounts = Mapping[str, str]


def reasons(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    return list(invalid(read_pod(spec)))


def container(requests: Amounts | None = None, limits: Amounts | None = None) -> dict[str, Any]:
    return {"name": "app", "resources": {"requests": requests or {}, "limits": limits or {}}}


@pytest.mark.parametrize(
    ("requests", "limits", "reason"),
    [
        ({"cpu": "1"}, {"cpu": "2"}, ""),
        ({"cpu": "2"}, {"cpu": "2000m"}, ""),
        ({"cpu": "1"}, {}, ""),
        ({"cpu": "2"}, {"cpu": "1"}, "cpu request is 2, above the limit of 1"),
        ({GPU: "1"}, {GPU: "1"}, ""),
        ({GPU: "1000m"}, {GPU: "1"}, ""),
        ({GPU: "1"}, {GPU: "2"}, f"{GPU} request is 1 and limit is 2, which must be equal"),
        ({GPU: "1"}, {}, f"{GPU} needs a limit that equals its request of 1"),
        ({PAGES: "4Mi", "cpu": "1"}, {PAGES: "4Mi"}, ""),
        ({PAGES: "4Mi", "cpu": "1"}, {PAGES: "8Mi"}, f"{PAGES} request is 4Mi and limit is 8Mi, which must be equal"),
        ({PAGES: "4Mi", "cpu": "1"}, {}, f"{PAGES} needs a limit that equals its request of 4Mi"),
        ({}, {PAGES: "4Mi"}, "huge pages need a request for cpu or memory as well"),
        ({}, {PAGES: "4Mi", "memory": "1Gi"}, ""),
    ],
)
def test_requests_agree_with_limits(requests: Amounts, limits: Amounts, reason: str) -> None:
    assert reasons({"containers": [container(requests, limits)]}) == ([("containers[0]", reason)] if reason else [])


@pytest.mark.parametrize(
    ("of_pod", "of_containers", "reason"),
    [
        (({"cpu": "2"}, {}), ({"cpu": "1"}, {}), ""),
        (({"cpu": "1"}, {}), ({"cpu": "1"}, {}), "cpu request is 1 for the pod and 2 for its containers together"),
        (({"cpu": "3"}, {"cpu": "2"}), ({}, {}), "cpu request is 3, above the limit of 2"),
        (({}, {"cpu": "2"}), ({}, {"cpu": "2"}), "cpu request is 4, above the limit of 2"),
        (({"cpu": "1"}, {"cpu": "2"}), ({"cpu": "0"}, {"cpu": "2"}), ""),
        (
            ({"cpu": "1"}, {"cpu": "2"}),
            ({"cpu": "0"}, {"cpu": "3"}),
            "cpu limit is 2 for the pod and 3 for container app",
        ),
        (
            ({"cpu": "1", PAGES: "4Mi"}, {PAGES: "4Mi"}),
            ({"cpu": "0", PAGES: "2Mi"}, {PAGES: "2Mi"}),
            "",
        ),
    ],
)
def test_containers_stay_within_what_the_pod_states(
    of_pod: tuple[Amounts, Amounts], of_containers: tuple[Amounts, Amounts], reason: str
) -> None:
    requests, limits = of_pod
    spec = {"containers": [container(*of_containers)] * 2, "resources": {"requests": requests, "limits": limits}}
    found = {why for where, why in reasons(spec) if not where}
    assert found == ({reason} if reason else set())


def test_huge_pages_of_containers_stay_within_the_pods() -> None:
    pages = {"cpu": "1", PAGES: "4Mi"}
    stated = container({"cpu": "0", PAGES: "4Mi"}, {PAGES: "4Mi"})
    spec = {"containers": [stated, stated], "resources": {"requests": pages, "limits": {PAGES: "4Mi"}}}
    assert ("", f"{PAGES} limit is 4Mi for the pod and 8Mi for its containers together") in reasons(spec)


def test_an_init_container_may_have_limits_above_the_pods() -> None:
    big = container({"cpu": "0"}, {"cpu": "9"})
    spec = {"containers": [], "initContainers": [big], "resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}}
    assert reasons(spec) == []


@pytest.mark.parametrize(
    ("sysctl", "minor"),
    [
        ("kernel.shm_rmid_forced", 0),
        ("net.ipv4.ip_local_port_range", 0),
        ("net.ipv4.tcp_syncookies", 0),
        ("net.ipv4.ping_group_range", 0),
        ("net.ipv4.ip_unprivileged_port_start", 0),
        ("net.ipv4.ip_local_reserved_ports", 27),
        ("net.ipv4.tcp_keepalive_time", 29),
        ("net.ipv4.tcp_fin_timeout", 29),
        ("net.ipv4.tcp_keepalive_intvl", 29),
        ("net.ipv4.tcp_keepalive_probes", 29),
        ("net.ipv4.tcp_rmem", 32),
        ("net.ipv4.tcp_wmem", 32),
    ],
)
def test_a_sysctl_is_safe_since_a_version(sysctl: str, minor: int) -> None:
    spec = {"containers": [], "securityContext": {"sysctls": [{"name": sysctl, "value": "1"}]}}

    def broken(minor: int) -> list[str]:
        return [violation.check.name for violation in violations(spec, {}, Standard("baseline", minor))]

    assert broken(minor) == []
    assert minor == 0 or broken(minor - 1) == ["forbidden sysctls"]


@pytest.mark.parametrize(
    ("request_", "limit", "is_within"),
    [("1", "2", True), ("1", "2001m", False), ("500m", "1", True), ("1", "0", False), ("0", "1", False)],
)
def test_a_limit_is_at_most_a_multiple_of_its_request(request_: str, limit: str, is_within: bool) -> None:
    limits = read_limits("limits", {"limits": [{"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}}]})
    found = list(refusals(read_pod({"containers": [container({"cpu": request_}, {"cpu": limit})]}), tuple(limits)))
    assert not found if is_within else "a limit of at most 2 times the request" in found[0][1]


def test_a_ratio_wants_both_sides_stated() -> None:
    limits = read_limits("limits", {"limits": [{"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}}]})
    (found,) = refusals(read_pod({"containers": [container()]}), tuple(limits))
    assert found[1].startswith("cpu request is 0 and limit is 0, LimitRange limits allows")


def test_a_claim_is_between_least_and_most_of_what_it_may_ask_for() -> None:
    bounds = {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}}
    limits = tuple(read_limits("limits", {"limits": [bounds]}))

    def said(**requests: str) -> list[str]:
        return list(claim_refusals(written(requests), limits))

    assert said(storage="1Gi") == said(storage="2Gi") == []
    assert said(storage="1023Mi") == ["storage request is 1023Mi, LimitRange limits wants at least 1Gi"]
    assert said(storage="3Gi") == ["storage request is 3Gi, LimitRange limits allows at most 2Gi"]
    assert said()[0] == "storage request is not stated, LimitRange limits wants at least 1Gi"


@pytest.mark.parametrize(
    ("level", "check", "minor"),
    [
        ("baseline", "probe or lifecycle host", 34),
        ("restricted", "allowPrivilegeEscalation != false", 8),
        ("restricted", "unrestricted capabilities", 22),
        ("restricted", "procMount", 35),
        ("restricted", "runAsUser=0", 23),
        ("restricted", "seccompProfile", 19),
    ],
)
def test_a_check_is_made_since_a_version(level: str, check: str, minor: int) -> None:
    def checks(minor: int) -> list[str]:
        return [each.name for each in applied(Standard(level, minor)) if each.level == level]

    assert check in checks(minor)
    assert check not in checks(minor - 1)


def broken(spec: Mapping[str, Any], minor: int, level: str = "baseline", **annotations: str) -> list[str]:
    """The checks that a pod does not pass, which has no containers but for those of `spec`."""
    found = violations({"containers": [], **spec}, annotations, Standard(level, minor))
    return [violation.check.name for violation in found]


@pytest.mark.parametrize(
    ("kind", "minor"),
    [("", 0), ("container_t", 0), ("container_init_t", 0), ("container_kvm_t", 0), ("container_engine_t", 31)],
)
def test_a_type_of_selinux_is_a_containers_since_a_version(kind: str, minor: int) -> None:
    spec = {"securityContext": {"seLinuxOptions": {"type": kind}}}
    assert broken(spec, minor) == []
    assert minor == 0 or broken(spec, minor - 1) == ["seLinuxOptions"]


def test_a_type_of_selinux_that_is_no_containers_is_none_in_any_version() -> None:
    assert broken({"securityContext": {"seLinuxOptions": {"type": "spc_t"}}}, 0) == ["seLinuxOptions"]


def test_seccomp_is_said_by_annotations_until_there_is_a_field() -> None:
    spec = {"containers": [{"name": "app"}]}
    for key in ("seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/app"):
        found = violations(spec, {key: "unconfined"}, Standard("baseline", 18))
        assert [each.path for each in found] == [f"annotation {key}"]
        assert not list(violations(spec, {key: "unconfined"}, Standard("baseline", 19)))
    by_field = {"securityContext": {"seccompProfile": {"type": "Unconfined"}}}
    assert broken(by_field, 18) == []
    assert broken(by_field, 19) == ["seccompProfile"]


@pytest.mark.parametrize(("minor", "checks"), [(34, ["procMount"]), (35, []), (36, [])])
def test_proc_may_be_unmasked_in_a_user_namespace_since_a_version(minor: int, checks: list[str]) -> None:
    container = {"name": "app", "securityContext": {"procMount": "Unmasked"}}
    assert broken({"containers": [container], "hostUsers": False}, minor) == checks


@pytest.mark.parametrize(("deadline", "is_terminating"), [(None, False), (0, True), (1, True), ("60", True)])
def test_a_pod_with_a_deadline_is_terminating(deadline: object, is_terminating: bool) -> None:
    assert read_pod({"containers": [], "activeDeadlineSeconds": deadline}).is_terminating is is_terminating


@pytest.mark.parametrize(
    ("stated", "limits"),
    [
        ({}, {}),
        ({"requests": {"cpu": "1"}}, {PAGES: "4Mi"}),
        ({"limits": {"cpu": "2"}}, {"cpu": "2", PAGES: "4Mi"}),
        ({"requests": {"cpu": "1", PAGES: "8Mi"}}, {}),
    ],
)
def test_a_pod_that_states_anything_has_its_containers_huge_pages(
    stated: Mapping[str, Amounts], limits: Amounts
) -> None:
    each = container({"cpu": "1"}, {"cpu": "2", PAGES: "4Mi"})
    assert read_pod({"containers": [each], "resources": stated}).limits == written(limits)


@pytest.mark.parametrize(
    ("term", "counted"), [({"namespaces": ["lab"]}, True), ({"namespaceSelector": {}}, True), ({}, False)]
)
@pytest.mark.parametrize("strength", ["required", "preferred"])
def test_a_quota_of_affinity_across_namespaces_counts_who_has_it(
    term: Mapping[str, Any], counted: bool, strength: str
) -> None:
    quota = read_quota("quota", {"hard": {"pods": "1"}, "scopes": ["CrossNamespacePodAffinity"]})
    terms = [term] if strength == "required" else [{"weight": 1, "podAffinityTerm": term}]
    affinity = {"podAntiAffinity": {f"{strength}DuringSchedulingIgnoredDuringExecution": terms}}
    assert quota.counts_pod(read_pod({"containers": [], "affinity": affinity})) is counted


def test_objects_of_other_groups_are_no_secrets_of_the_core() -> None:
    assert set(count_usage("", "secrets")) == {"secrets", "count/secrets"}
    assert set(count_usage("vault.example.com", "secrets")) == {"count/secrets.vault.example.com"}
    assert set(count_usage("", "serviceaccounts")) == {"count/serviceaccounts"}


@pytest.mark.parametrize(("amount", "nanos"), [("1m", 10**6), ("100u", 10**6), ("-100u", -(10**6)), (0, 0)])
def test_amounts_are_rounded_up_to_thousandths(amount: object, nanos: int) -> None:
    assert read({"cpu": amount})["cpu"].nanos == nanos
