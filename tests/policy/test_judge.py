"""A verdict that is said twice, of the wrong level, or about what cannot be read."""

from typing import Any

import pytest

from policy.engine.judge import Judge
from policy.engine.settings import RuleSettings
from policy.model.resource import Resource
from policy.model.rule import Category, Level, ResourceRule, RuleFinding
from policy.model.stack import Stack
from policy.rules import RULES
from tests.policy.exam.namespaces import as_resource

CONTAINER = {"name": "app", "image": "app", "securityContext": {"capabilities": {"add": ["SYS_ADMIN", "CHOWN"]}}}
HARDENED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(**spec: Any) -> Resource:
    metadata = {"name": "web", "namespace": "shop"}
    return as_resource({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def said(resource: Resource, *names: str) -> list[tuple[str, str]]:
    """Rule and place of what the named rules find."""
    judge = Judge(rule for rule in RULES if rule.id in names)
    verdicts = [*judge.judge(resource), *judge.judge_stack(Stack([resource]))]
    return [(verdict.rule.id, verdict.finding.path) for verdict in verdicts]


def hardened(**context: Any) -> list[dict[str, Any]]:
    return [{"name": "app", "image": "app", "securityContext": HARDENED | context}]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"hostNetwork": True, "containers": hardened()}, "spec.hostNetwork"),
        (
            {"containers": hardened(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})},
            "spec.containers[0].securityContext.capabilities.add",
        ),
        (
            {"containers": hardened(seccompProfile={"type": "Unconfined"})},
            "spec.containers[0].securityContext.seccompProfile.type",
        ),
        (
            {"containers": hardened(), "securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            "spec.securityContext.seccompProfile.type",
        ),
        ({"containers": hardened(procMount="Unmasked")}, "spec.containers[0].securityContext.procMount"),
        ({"containers": hardened(), "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, "spec.volumes[0].hostPath"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_restricted_includes_baseline_and_both_say_it_once(spec: dict[str, Any], path: str) -> None:
    assert said(pod(**spec), "pss-restricted") == [("pss-restricted", path)]
    assert said(pod(**spec), "pss-baseline", "pss-restricted") == [("pss-baseline", path)]


def test_what_baseline_allows_and_restricted_does_not_is_said_beside_it() -> None:
    both = hardened(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN", "CHOWN", "NET_BIND_SERVICE"]})
    place = "spec.containers[0].securityContext.capabilities.add"
    assert said(pod(containers=both), "pss-baseline", "pss-restricted") == [
        ("pss-baseline", place),
        ("pss-restricted", place),
    ]


@pytest.mark.parametrize(
    ("level", "expected"),
    [(Level.MANDATORY, Level.ADVISORY), (Level.ADVISORY, Level.ADVISORY), (Level.REMEDIATE, Level.REMEDIATE)],
)
def test_advice_is_never_mandatory(level: Level, expected: Level) -> None:
    rule = ResourceRule(
        id="it",
        category=Category.QUOTA,
        level=Level.MANDATORY,
        summary="",
        why="",
        kinds=frozenset(),
        check=lambda resource: [
            RuleFinding(resource, "", "advice", "", advice=True),
            RuleFinding(resource, "", "rule", ""),
        ],
    )
    verdicts = list(Judge([rule], RuleSettings({"it": level})).judge(pod()))
    assert [verdict.level for verdict in verdicts] == [expected, level]


def test_nothing_is_said_of_what_cannot_be_read_and_the_rest_is_judged() -> None:
    names = ("container-resources", "image", "ro-rootfs")
    broken = {"name": "b", "image": "b:1", "resources": {"limits": "none"}}
    found = said(pod(containers=[{"name": "a", "image": "a"}, broken, "c"]), *names)
    assert found == [
        ("container-resources", "spec.containers[0].resources"),
        ("image", "spec.containers[0].image"),
        ("ro-rootfs", "spec.containers[0].securityContext.readOnlyRootFilesystem"),
        ("ro-rootfs", "spec.containers[1].securityContext.readOnlyRootFilesystem"),
    ]


def test_null_is_what_the_api_server_takes_it_for() -> None:
    spec = {
        "containers": [
            {"name": "a", "image": "a:1", "env": [None], "ports": None, "command": [None], "resources": None}
        ],
        "volumes": None,
        "nodeSelector": {"a": None},
        "hostNetwork": None,
    }
    metadata = {"name": "web", "labels": {"a": None}, "annotations": None}
    kept = as_resource({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}).as_read
    assert kept.damages == ()
    assert kept.metadata == {"name": "web", "labels": {"a": ""}}
    assert kept.spec == {
        "containers": [{"name": "a", "image": "a:1", "env": [{}], "command": [""]}],
        "nodeSelector": {"a": ""},
    }


@pytest.mark.parametrize(
    ("api_version", "kind", "is_read"),
    [
        ("apps/v1", "Deployment", True),
        ("extensions/v1beta1", "Deployment", True),
        ("batch.volcano.sh/v1alpha1", "Job", False),
        ("example.com/v1", "Widget", False),
        ("networking.k8s.io/v1beta1", "Ingress", True),
    ],
)
def test_kinds_of_kubernetes_are_read_in_any_version(api_version: str, kind: str, is_read: bool) -> None:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "it"}, "spec": "text"}
    assert bool(as_resource(body).as_read.damages) is is_read
    labelled = body | {"spec": {}, "metadata": {"name": "it", "labels": {"a": 1}}}
    assert [it.path for it in as_resource(labelled).as_read.damages] == ["metadata.labels[a]"]
