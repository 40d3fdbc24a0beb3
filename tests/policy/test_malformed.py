"""A malformed object that silences a rule for others, or is blamed on them.

Each kind of damage is done to each field of each rule's examples, beside objects that the rule finds something in.
`make exam-policy` tries all; `make test` a tenth of them.
"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest

from policy.engine.judge import Judge, VerdictKind, damage
from policy.engine.settings import read_settings
from policy.model.rule import Rule
from policy.model.stack import Stack
from policy.rules import RULES
from tests.policy.cases import CASES
from tests.policy.damaging import damaged, objects_of
from tests.policy.exam.namespaces import as_resource
from tests.support.api import Object

EVERY: Final = 1 if "POLYKUBE_EXAM" in os.environ else 10
CONCERNED: Final = [rule for rule in RULES if objects_of(rule.id, "error") and rule.category != "cluster"]


def judge_of(rule: Rule) -> Judge:
    """A rule with the options of its example."""
    options = next((case.options for case in CASES if case.rule == rule.id and case.is_example and case.options), {})
    return Judge([rule], read_settings(RULES, {}, {rule.id: options} if options else {}))


def said(judge: Judge, bodies: Sequence[Object]) -> Iterator[tuple[VerdictKind, str, str]]:
    """VerdictKind, title and text of everything that is found."""
    resources = [as_resource(body) for body in bodies]
    for resource in resources:
        for verdict in judge.judge(resource):
            yield verdict.kind, verdict.finding.resource.title, verdict.text
    for verdict in judge.judge_stack(Stack(resources)):
        yield verdict.kind, verdict.finding.resource.title, verdict.text


@pytest.mark.parametrize("rule", CONCERNED, ids=lambda rule: rule.id)
def test_a_malformed_object_costs_no_verdict_elsewhere(rule: Rule) -> None:
    judge, innocent = judge_of(rule), objects_of(rule.id, "error")
    alone = list(said(judge, innocent))
    assert alone
    culprits = [*objects_of(rule.id, "ok"), *objects_of(rule.id, "error")]
    everything = ((what, each) for culprit in culprits for what, each in damaged(_renamed(culprit)))
    for index, (what, each) in enumerate(everything):
        if index % EVERY == 0:
            beside = list(said(judge, [*innocent, each]))
            resource = as_resource(each)
            assert VerdictKind.DEFECT not in {kind for kind, _, _ in beside}, what
            if found := damage(resource):
                assert [it for it in beside if it[1] != found.resource.title] == alone, what


def _renamed(body: Object) -> Any:
    return body | {"metadata": body["metadata"] | {"name": "culprit"}}


def test_all_damage_to_an_object_is_told_at_once() -> None:
    spec = {"replicas": "3", "template": {"spec": {"containers": ["main", {"name": 5, "ports": {}}]}}}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }
    found = damage(as_resource(body))
    assert found
    container = "spec.template.spec.containers"
    assert found.path == "spec.replicas"
    assert found.message.split("; ") == [
        "spec.replicas is the text '3', and the API server takes a whole number",
        f"{container}[0] is the text 'main', and the API server takes a mapping",
        f"{container}[1].name is the number 5, and the API server takes text",
        f"{container}[1].ports is a mapping, and the API server takes a list",
    ]
