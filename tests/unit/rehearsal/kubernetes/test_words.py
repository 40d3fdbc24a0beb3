"""What a long wait says: the latest events, and what keeps a deleted object from going, with a command to run.

Guards against a wait that does not say what it is for, or sends its reader to the wrong namespace.
"""

from typing import Any

import pytest

from rehearsal.providers.kubernetes.api import ApiError, NoAnswer
from rehearsal.providers.kubernetes.awaits import until_gone
from rehearsal.providers.kubernetes.awaits.readiness import NotReady
from rehearsal.providers.kubernetes.awaits.words import held_by, latest_events
from rehearsal.providers.kubernetes.objects import Object
from tests.unit.rehearsal.kubernetes.api_stub import ApiStub, Heard, cluster, refusal
from tests.unit.rehearsal.kubernetes.support import condition, config_map, live, owned


def _event(name: str, minute: int, kind: str = "Pod", **more: Any) -> Object:
    about = {"kind": kind, "name": name}
    stamp = f"2026-12-01T10:{minute:02}:00Z"
    return {"involvedObject": about, "reason": "R", "message": f"at {minute}", "lastTimestamp": stamp} | more


def _pod(name: str, ready: str = "False", owner: str = "subject", **spec: Any) -> Object:
    pod = owned(name, owner, spec=spec, status={"conditions": [condition("Ready", ready)]})
    return pod | {"apiVersion": "v1", "kind": "Pod"}


def _said(*events: Object, related: tuple[Object, ...] = ()) -> list[str]:
    subject = live(namespace="ns") | {"apiVersion": "apps/v1", "kind": "Deployment"}
    return latest_events(cluster(ApiStub({"list": [{"items": list(events)}]})), subject, related)


def test_the_latest_event_of_each_object_is_told_newest_first() -> None:
    events = [_event("subject", 1, "Deployment"), _event("p", 3), _event("p", 2), _event("stranger", 4)]
    assert _said(*events, related=(_pod("p"),)) == ["Pod p: R: at 3", "Deployment subject: R: at 1"]


def test_pods_of_others_and_pods_that_are_ready_are_left_out() -> None:
    events = [_event(name, 1) for name in ("ready", "other", "deep")]
    replica_set = owned("rs") | {"apiVersion": "apps/v1", "kind": "ReplicaSet"}
    related = (replica_set, _pod("ready", "True"), _pod("other", owner="x"), _pod("deep", owner="rs"))
    assert _said(*events, related=related) == ["Pod deep: R: at 1"]


def test_the_claim_that_a_pod_waits_for_has_its_say_and_no_more_than_three_do() -> None:
    claim = {"persistentVolumeClaim": {"claimName": "data"}}
    events = [_event("data", 9, "PersistentVolumeClaim"), *(_event(f"p{n}", n) for n in range(3))]
    pods = (_pod("p0", volumes=[claim]), _pod("p1"), _pod("p2"))
    assert _said(*events, related=pods) == ["PersistentVolumeClaim data: R: at 9", "Pod p2: R: at 2", "Pod p1: R: at 1"]


def test_a_server_that_does_not_answer_leaves_it_at_that() -> None:
    assert latest_events(cluster(ApiStub({"list": [NoAnswer("away")]})), config_map(), ()) == []


@pytest.mark.parametrize(
    ("obj", "said"),
    [
        (config_map(), ()),
        (
            config_map(finalizers=["a/b", "c/d"]),
            ("finalizers are a/b, c/d: kubectl get ConfigMap subject -n ns -o yaml",),
        ),
        (
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "finalizers": ["a/b"]}},
            ("finalizers are a/b: kubectl get Node n -o yaml",),
        ),
    ],
)
def test_what_holds_an_object(obj: Object, said: tuple[str, ...]) -> None:
    assert tuple(text.removeprefix("its ") for text in held_by(obj)) == said


def test_what_holds_a_namespace_is_what_is_left_in_it() -> None:
    left = "Some: widgets.example.test has 2 resource instances, pods. has 1 resource instances"
    remaining = condition("NamespaceContentRemaining", message=left)
    past = condition("NamespaceDeletionContentFailure", "False", message="not this")
    namespace = live("ns", status={"conditions": [remaining, past, condition("Other", message="nor this")]})
    (said,) = held_by(namespace | {"apiVersion": "v1", "kind": "Namespace"})
    assert said.startswith(f"{left}: ")
    assert "kubectl get -n ns widgets.example.test,pods -o custom-columns=" in said
    assert "this" not in said
    assert held_by(live("ns") | {"apiVersion": "v1", "kind": "Namespace"}) == ()


HELD = config_map(uid="u", finalizers=["a/b"])


@pytest.mark.parametrize(("cancelled", "why"), [(False, "is still there after its time"), (True, "was cancelled")])
def test_a_delete_that_does_not_end_says_why(*, cancelled: bool, why: str) -> None:
    api = ApiStub({"get": [HELD], "list": [{"items": []}]})
    if cancelled:
        api.cancelled.set()
    reached = cluster(api)
    with pytest.raises(NotReady, match=why) as failed:
        until_gone(reached, "urn", config_map(), HELD, 60 if cancelled else 0)
    assert failed.value.reasons == ("its finalizers are a/b: kubectl get ConfigMap subject -n ns -o yaml",)
    assert isinstance(reached.log, Heard)
    assert reached.log.messages == ["finalizers may keep the object from going: a/b"]


@pytest.mark.parametrize("answer", [refusal("NotFound", "", 404), config_map(uid="another")])
def test_what_is_gone_or_another_by_now_is_not_waited_for(answer: Any) -> None:
    until_gone(cluster(ApiStub({"get": [answer]})), "urn", config_map(), HELD, 60)


def test_a_refusal_to_look_does_not_count_as_gone() -> None:
    with pytest.raises(ApiError, match="no right"):
        until_gone(cluster(ApiStub({"get": [refusal("Forbidden", "no right")]})), "urn", config_map(), HELD, 60)
