"""What a program itself waits for, and what an object's status says of its readiness.

Guards against an `up` that ends before what it waits for is there, and against one that waits ten minutes for nothing.
"""

from typing import Any

import pytest

from rehearsal.providers.kubernetes.awaits import kstatus
from rehearsal.providers.kubernetes.awaits.expressions import ExpressionError, judge_of
from rehearsal.providers.kubernetes.awaits.rule import Situation
from rehearsal.providers.kubernetes.objects import Object
from tests.unit.rehearsal.kubernetes.support import condition, live

STATUS = {
    "observedGeneration": 2,
    "phase": "Ready",
    "count": 3,
    "on": True,
    "conditions": [condition("Synced"), condition("Ready", "False")],
}


@pytest.mark.parametrize(
    ("expressions", "ready"),
    [
        (["jsonpath={.status.phase}"], True),
        (["jsonpath={.status.phase}=Ready"], True),
        (["jsonpath={ .status.phase }=Other"], False),
        (["jsonpath={$.status.count}=3"], True),
        (["jsonpath={.status.on}=true"], True),
        (["jsonpath={.status.missing}"], False),
        (["jsonpath={.status.conditions[?@.type=='Synced'].status}=True"], True),
        (["condition=Synced"], True),
        (["condition=synced=true"], True),
        (["condition=Ready"], False),
        (["condition=Ready=False"], True),
        (["condition=Missing"], False),
        (["condition=Synced", "jsonpath={.status.phase}=Ready"], True),
        (["condition=Synced", "condition=Ready"], False),
    ],
)
def test_an_expression(expressions: list[str], *, ready: bool) -> None:
    assert judge_of(expressions)(Situation(live(status=STATUS, generation=2))).ready is ready


@pytest.mark.parametrize("expression", ["jsonpath={.status.phase}", "condition=Synced"])
def test_an_expression_is_not_met_by_the_status_of_an_older_generation(expression: str) -> None:
    assert not judge_of([expression])(Situation(live(status=STATUS, generation=3))).ready


@pytest.mark.parametrize(
    "expressions", [[], ["Ready"], ["jsonpath=.status"], ["jsonpath={.a}=b=c"], ["jsonpath={.a[}"], ["condition="]]
)
def test_a_malformed_expression_is_an_error(expressions: list[str]) -> None:
    with pytest.raises(ExpressionError):
        judge_of(expressions)


def _status(kind: str, **status: Any) -> Object:
    api_version, _, kind = kind.rpartition("/")
    return live(spec={"replicas": 1}, status=status) | {"apiVersion": api_version, "kind": kind}


@pytest.mark.parametrize(
    ("obj", "current"),
    [
        (_status("e.test/v1/Widget"), True),
        (_status("e.test/v1/Widget", conditions=[condition("Ready", "Unknown")]), False),
        (_status("e.test/v1/Widget", conditions=[condition("Ready")]), True),
        (_status("e.test/v1/Widget", conditions=[condition("Ready"), condition("Stalled")]), False),
        (_status("e.test/v1/Widget", conditions=[condition("Reconciling")]), False),
        (_status("apps/v1/ReplicaSet", replicas=1, fullyLabeledReplicas=1, availableReplicas=1, readyReplicas=1), True),
        (_status("apps/v1/ReplicaSet", replicas=1, fullyLabeledReplicas=1), False),
        (_status("apiextensions.k8s.io/v1/CustomResourceDefinition", conditions=[condition("Established")]), True),
        (_status("apiextensions.k8s.io/v1/CustomResourceDefinition"), False),
        (_status("batch/v1/CronJob", conditions=[condition("Ready", "False")]), True),
    ],
)
def test_kstatus(obj: Object, *, current: bool) -> None:
    assert kstatus.compute(obj).current is current


def test_kstatus_is_not_current_while_an_object_goes_or_is_not_observed() -> None:
    assert not kstatus.compute(live(deletionTimestamp="t")).current
    assert not kstatus.compute(live(status={"observedGeneration": 1}, generation=2)).current


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({}, "fullyLabeledReplicas: 0 of 1"),
        ({"fullyLabeledReplicas": 1, "availableReplicas": 1}, "readyReplicas: 0 of 1"),
        ({"fullyLabeledReplicas": 1, "availableReplicas": 1, "readyReplicas": 1, "replicas": 4}, "3 replicas still"),
        ({"conditions": [condition("ReplicaFailure", message="over quota")]}, "over quota"),
    ],
)
def test_a_replica_set_that_states_no_number_wants_one_pod_and_says_what_it_lacks(status: Object, message: str) -> None:
    given = live(status=status) | {"apiVersion": "apps/v1", "kind": "ReplicaSet"}
    found = kstatus.compute(given)
    assert (found.current, found.message[: len(message)]) == (False, message)
